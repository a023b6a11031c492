"""Blocks show in what is generated without a halo, or of blocks normalised one by one; not in a volume."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from metgan.data import ChannelScale, Normalisation
from metgan.models import ModelCard
from metgan.networks import LabelSpec, MetGen, MetGenSpec, UNetSpec, build
from metgan.synthesis import Inpainter, VolumeSource, inpaint_region

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from seams import block_drift, seam_ratio

SHAPE, BLOCK = (1, 384, 768), (128, 128)
FLOATS = Normalisation(ChannelScale(0.0, 900.0, "float32"), ChannelScale(-1.0, 1.0, "float32"))
_STAGES = (3, 3, 4, 4, 4)  # as deep as the preset small, with few channels
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def narrow(settle: Callable[[Any], None]) -> Inpainter:
    network = build(lambda: MetGen(MetGenSpec(UNetSpec(_STAGES, _STAGES), LabelSpec(width=2, hidden=4))), 0)
    settle(network)
    card = ModelCard("generator", "metgan", "metgen", "small", FLOATS, (), "", 1, 1, 0, "test")
    return Inpainter(network.eval(), card, "", torch.device("cpu"))


@pytest.fixture(scope="module")
def anatomy() -> np.ndarray:
    """Fine structures, in light that grows to the right."""
    rough = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), (0, 4, 4))
    return (450 + 30 * rough / rough.std() + np.linspace(-300, 300, SHAPE[2])).astype(np.float32)


def in_blocks(
    inpainter: Inpainter, anatomy: np.ndarray, block: Sequence[int] = BLOCK, *, alone: bool = False
) -> np.ndarray:
    """Generate a volume in blocks; `alone` scales each block of the anatomy by its own range."""
    made = np.zeros(SHAPE, np.float32)
    for y, x in product(*(range(0, n, side) for n, side in zip(SHAPE[1:], block, strict=True))):
        region = slice(0, 1), slice(y, min(y + block[0], SHAPE[1])), slice(x, min(x + block[1], SHAPE[2]))
        low, high = (np.percentile(anatomy[region], q) for q in (1, 99)) if alone else (0.0, 900.0)
        scaled = (900 * (anatomy - low) / (high - low)).astype(np.float32)
        source = VolumeSource(
            SHAPE, lambda r, a=scaled: a[tuple(r)], lambda r: np.zeros(SHAPE, bool)[tuple(r)]
        )
        made[region] = inpaint_region(inpainter, source, region)
    return made


@pytest.fixture(scope="module")
def whole(narrow: Inpainter, anatomy: np.ndarray) -> np.ndarray:
    return in_blocks(narrow, anatomy, SHAPE[1:])


def test_two_sizes_of_blocks_give_the_same_voxels(
    narrow: Inpainter, anatomy: np.ndarray, whole: np.ndarray
) -> None:
    assert np.ptp(whole) > 1
    for block in (BLOCK, (384, 200)):
        assert np.abs(in_blocks(narrow, anatomy, block) - whole).max() < 1e-5


def test_blocks_do_not_show_in_a_volume(narrow: Inpainter, anatomy: np.ndarray, whole: np.ndarray) -> None:
    made = in_blocks(narrow, anatomy)
    assert seam_ratio(made, BLOCK) == pytest.approx(seam_ratio(whole, BLOCK), rel=1e-3)
    assert block_drift(made, BLOCK) == pytest.approx(block_drift(whole, BLOCK), rel=1e-3)


def test_blocks_without_their_halo_show_as_seams(
    narrow: Inpainter, anatomy: np.ndarray, whole: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(narrow.generator), "halo", 0)
    made = in_blocks(narrow, anatomy)
    assert seam_ratio(made, BLOCK) > 2 * seam_ratio(whole, BLOCK)


def test_blocks_that_are_normalised_one_by_one_show_as_drift(
    narrow: Inpainter, anatomy: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for the network gives what it is shown, so that nothing but the blocks is seen."""
    monkeypatch.setattr(
        narrow.generator, "translate_part", lambda image, _, part, __: image[:, :, part[0], part[1]]
    )
    assert block_drift(in_blocks(narrow, anatomy), BLOCK) < 1.5
    assert block_drift(in_blocks(narrow, anatomy, alone=True), BLOCK) > 3
