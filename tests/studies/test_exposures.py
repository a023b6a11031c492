"""Whether strong augmentation exposes crops: the validation part decides, fold by fold, for all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from metgan.data import PairSet, read_table, write_table
from metgan.io import load_state
from metgan.models import MODEL_FILE, load_segmentor, read_card, save_model
from metgan.networks import PRESETS, Segmentor
from metgan.phantom import PhantomSettings, write_phantom
from metgan.reporting import downstream_report
from metgan.studies import Downstream, TrainingSet, fold_pairs
from metgan.studies.exposures import EXPOSURES, choose_exposure, suited
from metgan.studies.fold import Fold
from metgan.training import CHECKPOINT
from metgan.training.consistency import Consistency
from metgan.transforms import STRONG

from .conftest import CONFIG

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> PairSet:
    """Eight phantom pairs of 64 x 64 pixels, each of an animal of its own."""
    root = tmp_path_factory.mktemp("world") / "pairs"
    write_phantom(root, 8, PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3), seed=0)
    write_table(root, [row | {"group": row["name"], "split": ""} for row in read_table(root)])
    return PairSet.open(root)


def study_of(pairs: PairSet, folder: Path, *names: str) -> Downstream:
    training_sets = [TrainingSet.parse(name) for name in names]
    return Downstream(folder, pairs, fold_pairs(pairs, 2, 0), training_sets, CONFIG)


@pytest.fixture
def study(pairs: PairSet, tmp_path: Path) -> Downstream:
    return study_of(pairs, tmp_path, "real-100", "real-100-strong")


def folds_of(study: Downstream) -> list[Fold]:
    return list(study._folds())


def find(fold: Fold, *everything: bool) -> None:
    """Let each of the two that are tried find tumours everywhere, or nowhere, before a fold chooses."""
    choose_exposure(fold)
    (fold.folder / "exposure.json").unlink()
    for exposure, is_all in zip(EXPOSURES, everything, strict=True):
        run = fold.folder / "runs" / f"exposure-{exposure:g}"
        state = load_segmentor(run)[0].state_dict()
        *_, weight, bias = state
        assert state[bias].shape == (1,)  # of the logits
        state[weight].zero_()
        state[bias].fill_(20.0 if is_all else -20.0)
        save_model(run / MODEL_FILE, state, read_card(run))


def trained_with(fold: Fold, name: str) -> str:
    """Return the augmentation that a training set of a fold was trained with, as its checkpoint says."""
    return str(load_state(fold.folder / "runs" / name / CHECKPOINT)["identity"].get("augmentation"))


def test_each_fold_has_the_exposures_that_read_its_validation_part_best(study: Downstream) -> None:
    first, second = folds_of(study)
    find(first, False, True)
    find(second, True, False)
    found = study.run()
    assert found.exposures == {1: STRONG.exposure, 2: 0.0}
    for fold, exposure in ((first, STRONG.exposure), (second, 0.0)):
        assert f"'exposure': {exposure}" in trained_with(fold, "real-100-strong-seed0")
        assert trained_with(fold, "real-100-seed0") == "None"  # plain training has none of it
    assert "the light of crops in 1 of 2 folds (1)" in downstream_report(found, Path("x"), None).lead


def test_a_study_that_chose_none_goes_on(study: Downstream) -> None:
    """What was trained is compared with what was chosen, not with what is tried first."""
    for fold in folds_of(study):
        find(fold, True, False)
    study.check()
    first = study.run()
    study.check()
    assert study.run().exposures == first.exposures == {1: 0.0, 2: 0.0}
    assert "the light of crops in no fold:" in downstream_report(first, Path("x"), None).lead


def test_a_teacher_shows_unlabelled_crops_in_no_more_exposures_than_labelled_ones(study: Downstream) -> None:
    fold = folds_of(study)[0]
    data = replace(fold.data, unlabelled=fold.data.val)
    usual = fold.run_config(TrainingSet.parse("real-100-strong"), 0)
    for exposure in EXPOSURES:
        shown = Consistency(
            Segmentor(PRESETS["small"].segmentor), suited(usual, exposure), data
        ).batches.patches
        assert shown.augmentation is not None
        assert shown.augmentation.exposure == exposure
        assert shown.augmentation.noise == STRONG.noise


def test_without_a_reason_there_are_none(study: Downstream) -> None:
    fold = folds_of(study)[0]
    find(fold, False, False)
    assert choose_exposure(fold) == 0.0


def test_trials_differ_in_their_exposures_alone(study: Downstream) -> None:
    fold = folds_of(study)[0]
    choose_exposure(fold)
    states = [
        load_state(fold.folder / "runs" / f"exposure-{e:g}" / CHECKPOINT)["identity"] for e in EXPOSURES
    ]
    without, with_them = ({**state, "augmentation": ""} for state in states)
    assert without == with_them
    assert states[0] != states[1]


def test_a_study_without_strong_augmentation_tries_nothing(pairs: PairSet, tmp_path: Path) -> None:
    assert study_of(pairs, tmp_path, "real-100").run().exposures == {}
    assert not [*tmp_path.glob("fold-*/runs/exposure-*")]
