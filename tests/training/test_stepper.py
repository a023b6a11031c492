"""Steps as they come, and captured. The graphs here replay on a CPU; CUDA's are tested on CUDA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from metgan.data import PairSet
from metgan.methods import (
    GanNetworks,
    StepAugments,
    Translations,
    build_networks,
    find_method,
    trained_modules,
)
from metgan.methods.translations import FillMask
from metgan.networks import PRESETS, Segmentor, build
from metgan.training import (
    GAN_CONFIGS,
    Engine,
    GanTrainConfig,
    RunConfig,
    TrainConfig,
    load_data,
    read_log,
    train_segmentor,
)
from metgan.training import stepper as stepper_module
from metgan.training.engine import place
from metgan.training.first_steps import FIRST_STEPS_FILE, FirstSteps, read_first_steps
from metgan.training.image_pool import ImagePool
from metgan.training.phases import Phase, gan_phases
from metgan.training.stepper import (
    WARM_UP,
    GraphStepper,
    Losses,
    Stepper,
    leaves_of,
    signature_of,
    stepper_on,
)

CPU = Engine("cpu", "fp32").fabric()
RATE = 0.25


@dataclass(eq=False)
class Sample:
    """What a step of the toy learns from; its first phase leaves `computed` to the second."""

    target: Tensor
    beside: Tensor | None = None

    def __post_init__(self) -> None:
        self.computed: Tensor | None = None


class OnPaper:
    """Captures by noting what is to be done, and replays it by doing it, into the same memory."""

    def __init__(self) -> None:
        self.captured, self.replayed = 0, 0

    def adapt(self, optimiser: torch.optim.Optimizer) -> None:
        for group in optimiser.param_groups:
            group["lr"] = torch.tensor(group["lr"])

    def stream(self) -> AbstractContextManager[None]:
        return nullcontext()

    def capture(self, work: Callable[[], Losses]) -> tuple[Callable[[], None], Losses]:
        self.captured += 1
        losses: Losses = {}

        def replay() -> None:
            self.replayed += 1
            for name, loss in work().items():
                losses.setdefault(name, torch.zeros(())).copy_(loss)

        return replay, losses


class Weight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(2.0))


def toy() -> list[Phase[Any]]:
    """Two phases: the second, at half the rate, sees what the first made and a number drawn for the step."""
    first, second = Weight(), Weight()

    def pull(sample: Sample, _: object) -> Losses:
        sample.computed = first.value * sample.target
        return {"pull": (sample.computed - 1) ** 2}

    def prepare(sample: Sample, step: int) -> tuple[Tensor, ...]:
        assert sample.computed is not None
        return (sample.computed.detach() + step,)

    def follow(sample: Sample, prepared: Any) -> Losses:
        assert sample.computed is not None
        return {"follow": (second.value * sample.computed.detach() - prepared[0]) ** 2}

    def sgd(network: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD(network.parameters(), lr=0.0)

    return [
        Phase("first", {"first": first}, sgd(first), pull),
        Phase("second", {"second": second}, sgd(second), follow, 0.5, prepare),
    ]


def weights_of(phases: list[Phase[Any]]) -> list[float]:
    return [
        weight.item() for p in phases for network in p.networks.values() for weight in network.parameters()
    ]


def test_phases_learn_one_after_the_other_at_their_rates() -> None:
    """Target 1: 2 - .25 * 2 (2 - 1) = 1.5; then computed 2, drawn 2 + 1: 2 - .125 * 2 * 2 (4 - 3)."""
    phases = toy()
    losses = Stepper(phases, CPU).take(1, RATE, Sample(torch.tensor(1.0)))
    assert {name: loss.item() for name, loss in losses.items()} == {"pull": 1.0, "follow": 1.0}
    assert weights_of(phases) == [1.5, 1.5]


def test_replayed_steps_are_those_that_come() -> None:
    """Tensors of two shapes by turns: each is captured once, after its warm-up, and replayed from then on."""
    plain, captured, graphs = toy(), toy(), OnPaper()
    usual, replayed = Stepper(plain, CPU), GraphStepper(captured, CPU, graphs)
    for step in range(12):
        target = torch.tensor(0.1 * step)
        beside = torch.zeros(3) if step % 3 == 0 else None
        theirs = usual.take(step, RATE / (1 + step), Sample(target, beside))
        mine = replayed.take(step, RATE / (1 + step), Sample(target, beside))
        assert mine == theirs
        assert weights_of(captured) == weights_of(plain)
    assert graphs.captured == 2 * len(captured)  # signatures times phases
    assert graphs.replayed == (12 - 2 * WARM_UP) * len(captured)


class Watching:
    """Looks at the first steps up to one, as `FirstSteps` does."""

    def __init__(self, last: int) -> None:
        self.last, self.seen = last, list[int]()

    def is_over(self, step: int) -> bool:
        return step > self.last

    def write(self, step: int, losses: Mapping[str, Tensor], material: Sample, /) -> None:
        assert losses["pull"].requires_grad
        self.seen.append(step)


def test_a_step_that_is_watched_is_not_captured() -> None:
    watch, graphs = Watching(WARM_UP + 4), OnPaper()
    first, second = toy()
    watched: Phase[Any] = Phase(first.name, first.networks, first.optimiser, first.losses, watch=watch)
    stepper = GraphStepper([watched, second], CPU, graphs)
    for step in range(WARM_UP + 8):
        stepper.take(step, RATE, Sample(torch.tensor(1.0)))
    assert watch.seen == [*range(WARM_UP + 5)]
    assert graphs.replayed == 2 * 3


def test_a_signature_is_what_the_tensors_are_and_which_are_missing() -> None:
    image = torch.zeros(2, 1, 4, 4)
    one = (image.shape, image.dtype)
    assert signature_of((image, [Sample(image)])) == (one, one, None)
    assert signature_of({"a": image, "b": "words"}) == (one,)
    assert signature_of(Sample(image, image[:1]))[1] == (torch.Size([1, 1, 4, 4]), torch.float32)
    assert signature_of(Weight()) == ()  # a module's weights are no material


def test_a_cpu_takes_steps_as_they_come() -> None:
    assert type(stepper_on(CPU, toy(), cuda_graphs=True)) is Stepper


def metgan_world(device: torch.device) -> tuple[GanNetworks, GanTrainConfig]:
    networks = build_networks(
        find_method("metgan"), "small", build(lambda: Segmentor(PRESETS["small"].segmentor), 0), 0
    )
    assert networks.segmentor is not None
    for network in (networks.segmentor, *trained_modules(networks).values()):
        place(network, device)
    return networks, GAN_CONFIGS["small"]


def translations(
    networks: GanNetworks, config: GanTrainConfig, step: int, device: torch.device
) -> Translations:
    """Noise that grows brighter from step to step, with fill; every third label ignores pixels."""
    draws = torch.Generator().manual_seed(step)
    anatomy, tumour = (torch.rand(2, 2, 1, 64, 64, generator=draws) + 0.03 * step - 1).to(device)
    label = (tumour > tumour.quantile(0.98)).float()
    augments = StepAugments(
        config.discriminator_augment.draw(tumour, 4, 0, "judges", step),
        config.anatomy_augment.draw(anatomy, 2, 0, "painter", step),
    )
    nearest = torch.arange(64 * 64, device=device).repeat(2, 1)
    fill = FillMask((anatomy > anatomy.quantile(0.95)).float(), nearest, -1.0, -1.0, 0.0, 0.0)
    ignored = label.roll(3, 2) if step % 3 == 0 else None
    return Translations(networks, anatomy, tumour, label, augments, fill, ignored)


def test_every_tensor_of_a_step_of_metgan_is_copied() -> None:
    """One that was missed would keep the value of the step that was captured."""
    step = translations(*metgan_world(torch.device("cpu")), 0, torch.device("cpu"))
    drawn = [*step.augments.discriminators, *step.augments.generator]
    assert len(drawn) == 6
    numbers = [
        tensor for one in drawn for tensor in (one.factor, one.offset, one.noise) if tensor is not None
    ]
    assert step.fill is not None
    known = [step.anatomy, step.tumour, step.label, *numbers, step.fill.mask, step.fill.nearest, step.ignored]
    assert {id(leaf) for leaf in leaves_of(step) if leaf is not None} == {id(tensor) for tensor in known}


Taken = tuple[list[dict[str, float]], dict[str, Tensor]]


def metgan_steps(stepper_of: Callable[..., Stepper[Translations]], folder: Path, steps: int) -> Taken:
    """Train MetGAN on CUDA; returns losses and weights of the generator."""
    networks, config = metgan_world(torch.device("cuda"))
    pools = [ImagePool(5, 0, k) for k in range(2)]
    phases = gan_phases(find_method("metgan"), networks, config, pools, FirstSteps(folder))
    stepper = stepper_of(phases)
    losses = []
    for step in range(steps):
        taken = stepper.take(step, 1e-3, translations(networks, config, step, torch.device("cuda")))
        losses.append({name: float(loss) for name, loss in taken.items()})
    return losses, {name: value.float().cpu() for name, value in networks.to_tumour.state_dict().items()}


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_metgan_s_replayed_steps_are_those_that_come_on_cuda(tmp_path: Path, precision: Any) -> None:
    """Of 40 steps 22 are watched; then both signatures are captured and replayed.

    The untreated case, in which the tensors of later steps are not copied, has other losses.
    """
    fabric = Engine("cuda", precision).fabric()
    made: list[Any] = []

    def graphed(phases: Any) -> Any:
        made.append(stepper_on(fabric, phases, cuda_graphs=True))
        return made[-1]

    theirs, plain = metgan_steps(lambda phases: Stepper(phases, fabric), tmp_path / "a", 40)
    mine, captured = metgan_steps(graphed, tmp_path / "b", 40)
    assert len(made[0]._captured) == 2
    for step in range(26):  # the first that are replayed lie between 22 and 26
        assert mine[step] == pytest.approx(theirs[step], rel=0.1, abs=0.02), step
    for name, value in plain.items():
        assert (value - captured[name]).abs().mean() <= 0.2 * value.std(correction=0) + 1e-3, name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepper_module, "_copy", lambda *_: None)
        stale, _ = metgan_steps(graphed, tmp_path / "c", 40)
    assert stale[39] != pytest.approx(theirs[39], rel=0.1, abs=0.02)
    assert read_first_steps(tmp_path / "b" / FIRST_STEPS_FILE)


@pytest.mark.gpu
def test_a_segmentor_trains_with_graphs_and_goes_on_after_a_power_cut(
    small_pairs: PairSet, tmp_path: Path
) -> None:
    data = load_data(small_pairs, seed=0)
    brief = TrainConfig(steps=20, batch_size=2, crop=64, learning_rate=1e-3, validations=2)
    for name, graphs in (("plain", False), ("graphs", True)):
        run = RunConfig(
            "segmentor", "small", brief, Engine("cuda", "fp32", cuda_graphs=graphs), 0, tmp_path / name
        )
        train_segmentor(run, data)
    plain, graphed = (read_log(tmp_path / name / "journal.csv") for name in ("plain", "graphs"))
    for one, other in zip(plain, graphed, strict=True):
        assert float(other["segmentation"]) == pytest.approx(float(one["segmentation"]), rel=0.1)
    longer = replace(brief, steps=30)
    resumed = replace(run, train=longer, resume=True, lengthen=True)
    train_segmentor(resumed, data)
    assert int(read_log(tmp_path / "graphs" / "journal.csv")[-1]["step"]) == 30
