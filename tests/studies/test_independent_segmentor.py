"""One rule for the independent segmentor, whoever trains it: its folder, its length and a seed of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import ChannelScale, Entry, Normalisation, Pair, Split
from metgan.models import ModelCard, seed_warning
from metgan.seeding import MAX_SEED, check_seed
from metgan.studies import IndependentSegmentorSource, independent_seed
from metgan.studies.shared_config import SharedConfig
from metgan.training import GAN_CONFIGS, SEGMENTOR_CONFIGS, Engine, TrainConfig, TrainingData, augmented
from metgan.transforms import STRONG, Augmentation

CPU = Engine(device="cpu")
UNITS = Normalisation(ChannelScale(100, 900, "uint16"), ChannelScale(50, 650, "uint16"))
GENERATOR = ModelCard("generator", "metgan", "metgen", "small", UNITS, ("a",), "0f", 1, 1, 7, "test")
SEGMENTOR = ModelCard("segmentor", "segmentor", "", "small", UNITS, ("a",), "", 1, 1, 7, "test")
DATA = TrainingData((), (), Split((), (), ()), UNITS, ())
seeds = st.integers(0, MAX_SEED)


@given(seeds, seeds | st.none())
def test_its_seed_is_a_seed_and_that_of_no_segmentor_in_the_loop(seed: int, in_loop: int | None) -> None:
    for taken in (in_loop, seed, (seed + 1000) % (MAX_SEED + 1)):
        found = independent_seed(seed, taken)
        check_seed(found)
        assert found not in (seed, taken)


def test_evaluations_and_studies_train_it_alike(tmp_path: Path) -> None:
    config = SEGMENTOR_CONFIGS["small"]
    shared = SharedConfig("small", GAN_CONFIGS["small"], config, CPU, seed=7)
    source = IndependentSegmentorSource(None, None, tmp_path, CPU, resume=True)
    assert source.config(GENERATOR, DATA) == shared.independent_config(tmp_path)
    assert source.config(GENERATOR, DATA).folder == tmp_path / "independent-segmentor"
    assert replace(source, steps=5).config(GENERATOR, DATA).train.steps == 5
    loop = shared.segmentor_config(tmp_path / "segmentor")
    assert source.config(replace(GENERATOR, segmentor_seed=1007), DATA).seed not in (1007, loop.seed)


@pytest.mark.parametrize(("in_loop", "is_told"), [(7, True), (8, False), (None, False)])
def test_one_that_began_as_the_segmentor_in_the_loop_is_told_of(in_loop: int | None, is_told: bool) -> None:
    told = seed_warning(SEGMENTOR, replace(GENERATOR, segmentor_seed=in_loop))
    assert ("has seed 7, as the segmentor in the loop" in told) == is_told


def test_labelled_pairs_are_augmented_strongly_beside_unlabelled_ones_unless_the_user_says_how() -> None:
    image = np.zeros((4, 4), np.uint16)
    bare = Pair(Entry("a", "a", "", "", {}), image, image, image > 0, image == 0)
    plain, chosen = TrainConfig(steps=1), TrainConfig(steps=1, augmentation=Augmentation(blur=1.0))
    unlabelled = replace(DATA, unlabelled=(bare,))
    assert augmented(plain, DATA) == plain
    assert augmented(plain, unlabelled) == replace(plain, augmentation=STRONG)
    assert augmented(chosen, unlabelled) == chosen
