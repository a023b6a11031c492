"""A generator to paint with, and a gate.

The generator is untrained: what is tested with it does not depend on how well it paints. The gate's
independent segmentor is a segmentor that has learned to see bright tumours; stand-ins for the generator paint
well or badly in one way.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from metgan.data import ChannelScale, Normalisation, PairSet, StoredPairs, part_of
from metgan.errors import EmptyDrawError
from metgan.labels import Merged
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import PRESETS, MetGen, build
from metgan.synthesis import Gate, GenerationRequest, Inpainter, PairPlan, load, open_gate
from metgan.synthesis.kept import Kept
from metgan.synthesis.tumour_image import generate_tumours
from metgan.types import AnyArray, Camera

UNITS = Normalisation(ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))

SaveRun = Callable[..., Path]


@pytest.fixture(scope="session")
def save_run(tmp_path_factory: pytest.TempPathFactory, settle: Callable[[MetGen], None]) -> SaveRun:
    """Write a run folder with an untrained generator of some seed and units; returns the folder."""

    def save(seed: int = 0, normalisation: Normalisation = UNITS) -> Path:
        folder = tmp_path_factory.mktemp("run")
        network = build(lambda: MetGen(PRESETS["small"].metgen), seed)
        settle(network)
        card = ModelCard(
            "generator", "metgan", "metgen", "small", normalisation, ("animal-train",), "", 1, 1, seed, "test"
        )
        save_model(folder / MODEL_FILE, network.state_dict(), card)
        return folder

    return save


@pytest.fixture(scope="session")
def inpainter(save_run: SaveRun) -> Inpainter:
    return load(save_run(), "cpu")


@pytest.fixture
def one_by_one(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs are painted in the order of their numbers, each with its attempts before the next."""
    monkeypatch.setattr(sys.modules["metgan.synthesis.generate"], "MOST_IMAGES", 1)


@pytest.fixture(scope="session")
def wanted(small_pairs: PairSet) -> GenerationRequest:
    """Four pairs of the small world's training part."""
    train = part_of(small_pairs.entries, "train", None)
    return GenerationRequest(train, train, Merged(2), 4, 0)


@pytest.fixture(scope="session")
def gate(segmentor_run: Path, inpainter: Inpainter, small_pairs: PairSet) -> Gate:
    return open_gate(segmentor_run, inpainter, part_of(small_pairs.entries, "train", None))


class Obedient:
    """Paints bright tumours, five times their surroundings, where asked for, on the real background."""

    def __init__(self, inpainter: Inpainter, pairs: PairSet) -> None:
        self.card, self.fingerprint, self.device = inpainter.card, inpainter.fingerprint, inpainter.device
        self.held_out = inpainter.held_out
        self.real = {pair.anatomy.tobytes(): pair.tumour for pair in StoredPairs(pairs)}
        self.calls = 0

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        self.calls += 1
        tumour = self.real[anatomy.tobytes()]
        dark = np.uint16(np.median(tumour))
        return np.where(label, 5 * dark, np.minimum(tumour, dark)).astype(np.uint16)

    def inpaint_all(self, images: Sequence[tuple[AnyArray, AnyArray]]) -> list[Camera]:
        return [self.inpaint(*image) for image in images]


class Moody(Obedient):
    """Hears the label every second time that it is asked for one anatomy, in whatever order."""

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        times = self.asked[anatomy.tobytes()] = self.asked[anatomy.tobytes()] + 1
        return super().inpaint(anatomy, np.zeros_like(label) if times % 2 else label)

    @cached_property
    def asked(self) -> Counter[bytes]:
        """How often it was asked, by the anatomy's pixels."""
        return Counter()


def generate_tumour(inpainter: Inpainter, plan: PairPlan) -> Camera:
    """Return the image of one plan; raise what stands in its place."""
    (tumour,) = generate_tumours(inpainter, [plan], Kept())
    if isinstance(tumour, EmptyDrawError):
        raise tumour
    return tumour
