"""Checkpoints in the release's form, built from its documented layer table, and read by a plain computation.

The functional networks below are written from that table and share no code with metgan; they are the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
import torch.nn.functional as nnf
from torch import Tensor

from metgan.data import ChannelScale, Normalisation
from metgan.errors import LeakageError, StorageError
from metgan.interop import Part, ReleasedFiles, read_released, write_released
from metgan.models import load_generator, load_independent_segmentor, load_segmentor, read_card

State = dict[str, Tensor]
Draw = Callable[..., Tensor]
SCALE = ChannelScale(100, 4000, "uint16", per_image=True)
UNITS = Normalisation(SCALE, SCALE)

ENCODER = [(1, 24), (24, 64), (64, 128), (128, 256), (256, 512), (512, 768)]
# Decoder stage: channels from below, of the skip, and out. The label's features stand behind up5 to up2.
ANATOMY = {6: (768, 768, 512), 5: (512, 512, 256), 4: (384, 256, 128), 3: (256, 128, 64), 2: (96, 64, 24)}
ANATOMY[1] = (40, 24, 24)
PLAIN = {6: (768, 768, 512), 5: (512, 512, 256), 4: (256, 256, 128), 3: (128, 128, 64), 2: (64, 64, 24)}
PLAIN[1] = (24, 24, 24)
BLOCKS = {"head_0": (128, 128), "G_middle_0": (128, 128), "G_middle_1": (128, 128)}
BLOCKS |= {"up_0": (128, 64), "up_1": (64, 32), "up_2": (32, 16), "up_3": (16, 8)}
JUDGE = {0: (1, 64), 2: (64, 128), 5: (128, 256), 8: (256, 512), 11: (512, 1)}


def drawer(seed: int) -> Draw:
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=generator) / max(1, shape[0] if len(shape) < 2 else 1)


def cell(draw: Draw, name: str, inputs: int, outputs: int) -> State:
    return {
        f"{name}.conv.weight": draw(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5,
        f"{name}.bn.weight": 1 + 0.1 * draw(outputs),
        f"{name}.bn.bias": 0.1 * draw(outputs),
        f"{name}.bn.running_mean": 0.1 * draw(outputs),
        f"{name}.bn.running_var": 1 + 0.1 * draw(outputs).abs(),
        f"{name}.bn.num_batches_tracked": torch.tensor(7),
    }


def unet_state(decoder: Mapping[int, tuple[int, int, int]], seed: int) -> State:
    draw, state = drawer(seed), {}
    for level, (inputs, outputs) in enumerate(ENCODER, start=1):
        state |= cell(draw, f"down{level}.encode.0", inputs, outputs)
        state |= cell(draw, f"down{level}.encode.1", outputs, outputs)
    state |= cell(draw, "center.0", 768, 768)
    for level, (below, skip, outputs) in decoder.items():
        state |= cell(draw, f"up{level}.decode.0", below + skip, outputs)
        state |= cell(draw, f"up{level}.decode.1", outputs, outputs)
        state |= cell(draw, f"up{level}.decode.2", outputs, outputs)
    return state | {"classify.weight": draw(1, 24, 1, 1) * 0.3, "classify.bias": draw(1)}


def convolution(draw: Draw, name: str, inputs: int, outputs: int, kernel: int = 3) -> State:
    weight = draw(outputs, inputs, kernel, kernel) * (1 / (kernel * kernel * inputs)) ** 0.5
    return {f"{name}.weight": weight, f"{name}.bias": 0.1 * draw(outputs)}


def spectral(draw: Draw, name: str, inputs: int, outputs: int, kernel: int) -> State:
    """The old form: the raw weight, and two unit vectors whose product with it is its norm."""
    weight = draw(outputs, inputs, kernel, kernel)
    u, _, v = torch.linalg.svd(weight.flatten(1), full_matrices=False)
    return {f"{name}.weight_orig": weight, f"{name}.weight_u": u[:, 0], f"{name}.weight_v": v[0]}


def spade(draw: Draw, name: str, channels: int) -> State:
    return {
        f"{name}.param_free_norm.running_mean": 0.1 * draw(channels),
        f"{name}.param_free_norm.running_var": 1 + 0.1 * draw(channels).abs(),
        f"{name}.param_free_norm.num_batches_tracked": torch.tensor(7),
        **convolution(draw, f"{name}.mlp_shared.0", 2, 128),
        **convolution(draw, f"{name}.mlp_gamma", 128, channels),
        **convolution(draw, f"{name}.mlp_beta", 128, channels),
    }


def label_state(seed: int) -> State:
    draw = drawer(seed)
    state = convolution(draw, "fc", 2, 128)
    for name, (inputs, outputs) in BLOCKS.items():
        middle = min(inputs, outputs)
        state |= spectral(draw, f"{name}.conv_0", inputs, middle, 3) | {f"{name}.conv_0.bias": draw(middle)}
        state |= spectral(draw, f"{name}.conv_1", middle, outputs, 3) | {f"{name}.conv_1.bias": draw(outputs)}
        state |= spade(draw, f"{name}.norm_0", inputs) | spade(draw, f"{name}.norm_1", middle)
        if inputs != outputs:
            state |= spectral(draw, f"{name}.conv_s", inputs, outputs, 1)
            state |= spade(draw, f"{name}.norm_s", inputs)
    return state | convolution(draw, "conv_img", 8, 3)


def judge_state(seed: int) -> State:
    draw, state = drawer(seed), {}
    for place, (inputs, outputs) in JUDGE.items():
        state |= convolution(draw, f"model.{place}", inputs, outputs, 4)
    return state


def run_cell(state: State, name: str, x: Tensor) -> Tensor:
    x = nnf.conv2d(x, state[f"{name}.conv.weight"], padding=1)
    statistics = state[f"{name}.bn.running_mean"], state[f"{name}.bn.running_var"]
    return nnf.batch_norm(
        x, *statistics, state[f"{name}.bn.weight"], state[f"{name}.bn.bias"], False, eps=1e-4
    ).relu()


def run_unet(state: State, x: Tensor, features: Mapping[int, Tensor]) -> Tensor:
    skips = {}
    for level in range(1, 7):
        x = run_cell(state, f"down{level}.encode.1", run_cell(state, f"down{level}.encode.0", x))
        skips[level] = x
        x = nnf.max_pool2d(x, 2)
    x = run_cell(state, "center.0", x)
    for level in range(6, 0, -1):
        x = nnf.interpolate(x, size=skips[level].shape[2:], mode="bilinear", align_corners=True)
        x = torch.cat([x, skips[level]], 1)
        for k in range(3):
            x = run_cell(state, f"up{level}.decode.{k}", x)
        if level in features:
            x = torch.cat([x, features[level]], 1)
    return nnf.conv2d(x, state["classify.weight"], state["classify.bias"])


def run_convolution(state: State, name: str, x: Tensor) -> Tensor:
    weight = state.get(f"{name}.weight")
    if weight is None:
        raw, u, v = (state[f"{name}.weight_{part}"] for part in ("orig", "u", "v"))
        weight = raw / (u @ raw.flatten(1) @ v)
    return nnf.conv2d(x, weight, state.get(f"{name}.bias"), padding=weight.shape[-1] // 2)


def run_spade(state: State, name: str, x: Tensor, classes: Tensor) -> Tensor:
    hidden = run_convolution(state, f"{name}.mlp_shared.0", nnf.interpolate(classes, size=x.shape[2:])).relu()
    mean, var = (state[f"{name}.param_free_norm.running_{part}"] for part in ("mean", "var"))
    normal = nnf.batch_norm(x, mean, var, training=False, eps=1e-5)
    gamma, beta = (run_convolution(state, f"{name}.mlp_{part}", hidden) for part in ("gamma", "beta"))
    return normal * (1 + gamma) + beta


def run_block(state: State, name: str, x: Tensor, classes: Tensor) -> Tensor:
    shortcut = x
    if f"{name}.conv_s.weight_orig" in state:
        shortcut = run_convolution(state, f"{name}.conv_s", run_spade(state, f"{name}.norm_s", x, classes))
    for k in (0, 1):
        x = nnf.leaky_relu(run_spade(state, f"{name}.norm_{k}", x, classes), 0.2)
        x = run_convolution(state, f"{name}.conv_{k}", x)
    return shortcut + x


def run_label(state: State, label: Tensor) -> dict[int, Tensor]:
    """Features behind decoder stages 5 (1/16), 4 (1/8, the same enlarged), 3 (1/4) and 2 (1/2)."""
    classes = torch.cat([1 - label, label], 1)
    x = run_convolution(state, "fc", nnf.interpolate(classes, scale_factor=1 / 32))
    x = run_block(state, "head_0", x, classes)
    for name in ("G_middle_0", "G_middle_1"):
        x = nnf.interpolate(x, scale_factor=2.0) if name == "G_middle_0" else x
        x = run_block(state, name, x, classes)
    features = {5: x, 4: nnf.interpolate(x, scale_factor=2.0)}
    x = run_block(state, "up_0", features[4], classes)
    for level, name in ((3, "up_1"), (2, "up_2")):
        x = features[level] = run_block(state, name, nnf.interpolate(x, scale_factor=2.0), classes)
    return features


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReleasedFiles, dict[str, State]]:
    """Every file of the release, and what is in it."""
    folder = tmp_path_factory.mktemp("released")
    states = {
        "anatomy_pathway": unet_state(ANATOMY, 1),
        "label_pathway": label_state(2),
        "back_anatomy_pathway": unet_state(ANATOMY, 3),
        "back_label_pathway": label_state(4),
        "discriminator_tumour": judge_state(5),
        "discriminator_anatomy": judge_state(6),
        "segmentor": unet_state(PLAIN, 7),
    }
    for name, state in states.items():
        torch.save(state, folder / f"{name}.pth")
    return ReleasedFiles(**{name: folder / f"{name}.pth" for name in states}), states


@pytest.fixture(scope="module")
def run(released: tuple[ReleasedFiles, dict[str, State]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_released(read_released(released[0]), out, UNITS)
    return out


@pytest.fixture(scope="module")
def scene() -> tuple[Tensor, Tensor]:
    """An image of 128 x 128, and a label with tumours that nearest resizing keeps and loses."""
    image = torch.rand(1, 1, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1
    label = torch.zeros(1, 1, 128, 128)
    label[..., 30:50, 60:90] = label[..., 101:104, 7:9] = 1
    return image, label


def test_the_states_have_the_release_s_numbers_of_parameters(
    released: tuple[ReleasedFiles, dict[str, State]],
) -> None:
    """35,602,993 + 4,244,539 (docs/paper.md, "The released networks"): built here is what was released."""

    def count(state: State) -> int:
        learned = [key for key in state if not any(b in key for b in ("running", "batches", "_u", "_v"))]
        return sum(state[key].numel() for key in learned)

    _, states = released
    assert count(states["anatomy_pathway"]) == 35_602_993
    assert count(states["label_pathway"]) == 4_244_539
    assert count(states["discriminator_tumour"]) == 2_762_689
    assert count(states["segmentor"]) == 35_371_441


@pytest.mark.parametrize(
    ("file", "pathways"),
    [
        ("model.safetensors", ("anatomy_pathway", "label_pathway")),
        ("to_anatomy.safetensors", ("back_anatomy_pathway", "back_label_pathway")),
    ],
)
def test_an_imported_generator_paints_what_the_layer_table_says(
    run: Path,
    released: tuple[ReleasedFiles, dict[str, State]],
    scene: tuple[Tensor, Tensor],
    file: str,
    pathways: tuple[str, str],
) -> None:
    image, label = scene
    anatomy, labels = (released[1][name] for name in pathways)
    expected = run_unet(anatomy, image, run_label(labels, label)).tanh()
    generator, card = load_generator(run / file)
    with torch.inference_mode():
        painted = generator.generate(image, label)
        ignorant = generator.generate(image, torch.zeros_like(label))
    assert card.preset == "released"
    assert expected.std() > 0.05  # not saturated, or all would agree
    assert (painted - expected).abs().max() < 1e-5
    assert (ignorant - expected).abs().max() > 1e-2  # the label matters


def test_the_imported_segmentor_reads_what_the_layer_table_says(
    run: Path, released: tuple[ReleasedFiles, dict[str, State]], scene: tuple[Tensor, Tensor]
) -> None:
    expected = run_unet(released[1]["segmentor"], scene[0], {})
    segmentor, card = load_segmentor(run / "segmentor")
    with torch.inference_mode():
        assert (segmentor(scene[0]) - expected).abs().max() < 1e-4 * expected.abs().max()
    assert card.normalisation.tumour.per_image


def test_discriminators_come_along_under_their_own_kind(run: Path) -> None:
    assert [read_card(run / f"discriminator_{name}.safetensors").kind for name in ("tumour", "anatomy")] == [
        "discriminator"
    ] * 2


def test_the_segmentor_that_came_along_is_no_independent_one(run: Path) -> None:
    with pytest.raises(LeakageError, match="is the segmentor that the generator trained with"):
        load_independent_segmentor(run / "segmentor", read_card(run), (), torch.device("cpu"))


@pytest.mark.slow
def test_the_generator_alone_is_enough(
    released: tuple[ReleasedFiles, dict[str, State]], tmp_path: Path
) -> None:
    files, _ = released
    parts = read_released(ReleasedFiles(files.anatomy_pathway, files.label_pathway))
    write_released(parts, tmp_path, UNITS)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["model.safetensors"]


def read_with(files: ReleasedFiles, **changes: Path | None) -> list[Part]:
    return read_released(ReleasedFiles(**{**vars(files), **changes}))


@pytest.mark.slow
def test_one_pathway_of_the_way_back_is_refused(released: tuple[ReleasedFiles, dict[str, State]]) -> None:
    with pytest.raises(StorageError, match="one pathway of the backward generator"):
        read_with(released[0], back_label_pathway=None)


@pytest.mark.slow
def test_a_file_in_the_wrong_role_is_refused_with_the_keys(
    released: tuple[ReleasedFiles, dict[str, State]],
) -> None:
    """The segmentor has the anatomy pathway's keys, and two decoder stages of other widths."""
    files, _ = released
    with pytest.raises(StorageError, match=r"misshapen \(up1\.decode\.0\.conv\.weight of 24 x 48 x 3 x 3"):
        read_with(files, anatomy_pathway=files.segmentor)
    with pytest.raises(StorageError, match=r"missing \(fc\.weight, .* and \d+ more\); .* unknown"):
        read_with(files, label_pathway=files.discriminator_tumour)


@pytest.mark.slow
def test_missing_and_unknown_keys_are_listed(
    released: tuple[ReleasedFiles, dict[str, State]], tmp_path: Path
) -> None:
    files, states = released
    state = dict(states["discriminator_tumour"])
    state["model.12.weight"] = state.pop("model.11.bias")
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(StorageError, match=r"1 missing \(model\.11\.bias\); 1 unknown \(model\.12\.weight\)"):
        read_with(files, discriminator_tumour=tmp_path / "odd.pth")


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]  # pickle calls it with the path


@pytest.mark.slow
def test_a_file_that_would_run_code_is_refused_and_runs_none(
    released: tuple[ReleasedFiles, dict[str, State]], tmp_path: Path
) -> None:
    torch.save({"model.0.weight": Trap(tmp_path / "sprung")}, tmp_path / "trap.pth")
    with pytest.raises(StorageError, match="cannot be read"):
        read_with(released[0], discriminator_tumour=tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()
