"""A generator as a function of arrays in the camera's units."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from metgan.data import ChannelScale, FillValues, Normalisation
from metgan.errors import ArrayError, StorageError
from metgan.models import MODEL_FILE, ModelCard, load_generator
from metgan.networks import GENERATORS, GeneratorName, build, make_generator
from metgan.synthesis import Inpainter, load

Image = NDArray[Any]
UNITS = Normalisation(ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))


@pytest.fixture(scope="module")
def anatomy() -> Image:
    return np.random.default_rng(0).integers(100, 900, (64, 64)).astype(np.uint16)


@pytest.fixture(scope="module")
def label() -> Image:
    label = np.zeros((64, 64), bool)
    label[20:30, 40:50] = True
    return label


@pytest.mark.parametrize("empty", [False, True])
def test_an_image_is_painted_in_the_units_and_dtype_of_the_tumour_channel(
    inpainter: Inpainter, anatomy: Image, label: Image, empty: bool
) -> None:
    painted = inpainter.inpaint(anatomy, np.zeros_like(label) if empty else label)
    assert painted.dtype == np.uint16
    assert painted.shape == anatomy.shape
    assert 50 <= painted.min() < painted.max() <= 650


def test_an_image_is_what_the_network_paints_from_the_scaled_anatomy(
    inpainter: Inpainter, save_run: Callable[..., Path], anatomy: Image, label: Image
) -> None:
    network, _ = load_generator(save_run())
    scaled = torch.from_numpy((anatomy.astype(np.float32) - 100) / 800 * 2 - 1)[None, None]
    with torch.no_grad():
        painted = network.generate(scaled, torch.from_numpy(label).float()[None, None])[0, 0].numpy()
    by_hand = np.rint((painted.astype(np.float64) + 1) / 2 * 600 + 50)
    assert np.abs(inpainter.inpaint(anatomy, label) - by_hand).max() <= 1


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda whole: pickle.loads(pickle.dumps(whole))])
@pytest.mark.parametrize("name", GENERATORS)
def test_a_copy_paints_the_same_bytes_and_has_weights_of_its_own(
    anatomy: Image, label: Image, name: GeneratorName, copied: Callable[[Inpainter], Inpainter]
) -> None:
    """Every architecture: torch refuses to pickle spectral norms, which folding takes out."""
    network = build(lambda: make_generator(name, "small"), seed=0)
    card = ModelCard("generator", "any", name, "small", UNITS, (), "", 1, 1, 0, "test")
    inpainter = Inpainter(network.eval(), card, "abc", torch.device("cpu"))
    state, other = torch.get_rng_state(), copied(inpainter)
    assert torch.equal(state, torch.get_rng_state())
    assert (other.card, other.fingerprint, other.device) == (card, "abc", inpainter.device)
    painted = inpainter.inpaint(anatomy, label)
    assert np.array_equal(other.inpaint(anatomy, label), painted)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(0.5)
    assert np.array_equal(other.inpaint(anatomy, label), painted)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_other_cameras_get_their_own_dtype(save_run: Callable[..., Path], label: Image, dtype: str) -> None:
    units = Normalisation(ChannelScale(0, 200, dtype), ChannelScale(10, 210, dtype))
    anatomy = np.random.default_rng(1).integers(0, 200, (64, 64)).astype(dtype)
    painted = load(save_run(0, units), "cpu").inpaint(anatomy, label)
    assert painted.dtype == dtype
    assert 10 <= painted.min() < painted.max() <= 210


def test_floats_of_any_precision_are_those_of_a_float_camera(
    save_run: Callable[..., Path], label: Image
) -> None:
    units = Normalisation(ChannelScale(0, 200, "float32"), ChannelScale(10, 210, "float32"))
    inpainter = load(save_run(0, units), "cpu")
    anatomy = np.random.default_rng(1).integers(0, 200, (64, 64)).astype(np.float32)
    expected = inpainter.inpaint(anatomy, label)
    for dtype in (np.float16, np.float64, np.dtype(">f8")):
        assert np.array_equal(inpainter.inpaint(anatomy.astype(dtype), label), expected)
    with pytest.raises(ArrayError, match="4096 NaN"):
        inpainter.inpaint(np.full((64, 64), np.nan), label)


def test_an_image_does_not_depend_on_the_calls_before_it(
    inpainter: Inpainter, save_run: Callable[..., Path], anatomy: Image, label: Image
) -> None:
    first = inpainter.inpaint(anatomy, label)
    inpainter.inpaint(anatomy[::-1], ~label)
    assert np.array_equal(inpainter.inpaint(anatomy, label), first)
    assert np.array_equal(load(save_run(), "cpu").inpaint(anatomy, label), first)


def test_anatomy_label_and_weights_all_matter(
    inpainter: Inpainter, save_run: Callable[..., Path], anatomy: Image, label: Image
) -> None:
    first = inpainter.inpaint(anatomy, label)
    others = (
        inpainter.inpaint(anatomy[::-1], label),
        inpainter.inpaint(anatomy, label[::-1]),
        load(save_run(seed=1), "cpu").inpaint(anatomy, label),
    )
    assert not any(np.array_equal(first, other) for other in others)


def test_a_network_that_was_left_in_training_mode_paints_as_in_eval_mode(
    inpainter: Inpainter, save_run: Callable[..., Path], anatomy: Image, label: Image
) -> None:
    network, card = load_generator(save_run())
    careless = Inpainter(network.train(), card, "careless", torch.device("cpu"))
    assert np.array_equal(careless.inpaint(anatomy, label), inpainter.inpaint(anatomy, label))


@pytest.mark.parametrize("value", [1, 255])
def test_any_one_positive_value_marks_a_tumour(
    inpainter: Inpainter, anatomy: Image, label: Image, value: int
) -> None:
    same = inpainter.inpaint(anatomy, label.astype(np.uint8) * value)
    assert np.array_equal(same, inpainter.inpaint(anatomy, label))


@pytest.mark.parametrize("shape", [(64, 96), (70, 33), (32, 32)])
def test_images_of_any_shape_keep_it(inpainter: Inpainter, shape: tuple[int, int]) -> None:
    anatomy = np.random.default_rng(2).integers(100, 900, shape).astype(np.uint16)
    assert inpainter.inpaint(anatomy, anatomy > 880).shape == shape


def test_the_inputs_stay_as_they_were(inpainter: Inpainter, anatomy: Image, label: Image) -> None:
    locked, mask = anatomy.copy(), label.copy()
    locked.flags.writeable = mask.flags.writeable = False
    inpainter.inpaint(locked, mask)
    assert np.array_equal(locked, anatomy)


@pytest.mark.parametrize(
    ("anatomy_like", "label_like", "message"),
    [
        (np.ones((64, 64), np.uint16), np.zeros((64, 32), bool), "one shape"),
        (np.ones((1, 64, 64), np.uint16), np.zeros((1, 64, 64), bool), r"two images \(Y, X\)"),
        (np.ones((64, 64), np.uint16), np.arange(4096).reshape(64, 64), "binary mask"),
        (np.ones((64, 64), np.uint16), np.full((64, 64), -1), "binary mask"),
        (np.full((64, 64), np.nan), np.zeros((64, 64), bool), "dtype float64; expected uint16"),
        (np.ones((64, 64), np.int64), np.zeros((64, 64), bool), "dtype int64; expected uint16"),
        (np.ones((31, 64), np.uint16), np.zeros((31, 64), bool), "at least 32 pixels"),
        (np.ma.masked_equal(np.eye(64, dtype=np.uint16), 1), np.zeros((64, 64), bool), "64 masked pixels"),
        (np.ones((64, 64), np.uint16), np.ma.masked_equal(np.eye(64), 1), "label is a masked array with 64"),
    ],
)
def test_what_cannot_be_painted_is_refused(
    inpainter: Inpainter, anatomy_like: Image, label_like: Image, message: str
) -> None:
    with pytest.raises(ArrayError, match=message):
        inpainter.inpaint(anatomy_like, label_like)


def test_a_run_without_a_finished_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=f"holds no {MODEL_FILE}.*--resume"):
        load(tmp_path)
    with pytest.raises(StorageError, match="there is no"):
        load(tmp_path / "nowhere")


def test_what_was_filled_in_is_filled_in_again_but_not_where_a_tumour_is_asked_for(
    save_run: Callable[..., Path], anatomy: Image, label: Image
) -> None:
    fill = FillValues(anatomy=0, tumour=7, usual_anatomy=500, usual_tumour=300)
    inpainter = load(save_run(normalisation=replace(UNITS, fill=fill)), "cpu")
    filled = anatomy.copy()
    filled[:, 40:] = 0
    painted = inpainter.inpaint(filled, label)
    outside = (filled == 0) & ~label
    assert (painted[outside] == 7).all()
    assert (painted[~outside] >= 50).all(), "the darkest that this network paints"
    assert np.array_equal(inpainter.filled(filled), filled == 0)


def test_a_border_that_was_filled_in_leaves_no_rim(save_run: Callable[..., Path]) -> None:
    """On flat tissue of any brightness, what is painted beside fill is what is painted without it."""
    fill = FillValues(anatomy=0, tumour=0, usual_anatomy=500, usual_tumour=300)
    inpainter = load(save_run(normalisation=replace(UNITS, fill=fill)), "cpu")
    careless = load(save_run(), "cpu")
    nothing = np.zeros((64, 64), bool)
    for brightness in (150, 800):
        whole = np.full((64, 64), brightness, np.uint16)
        filled = np.where(np.arange(64) < 30, 0, whole).astype(np.uint16)
        wanted = inpainter.inpaint(whole, nothing)[:, 30:]
        assert np.array_equal(inpainter.inpaint(filled, nothing)[:, 30:], wanted)
        assert not np.array_equal(careless.inpaint(filled, nothing)[:, 30:], wanted)
