"""The table of training sets: rows that contradict themselves are refused, and names lead to rows."""

from __future__ import annotations

import pytest

from metgan.errors import SettingError, UnknownNameError
from metgan.studies import BASELINES, NAMED_LISTS, TRAINING_SETS, TrainingSet, find_training_sets
from metgan.studies.sources import SOURCES
from metgan.studies.synthetic import Synthetic


def test_the_papers_table_is_there_and_every_set_has_the_yardsticks() -> None:
    assert {training_set.real for training_set in TRAINING_SETS.values() if training_set.line == "real"} == {
        0.25,
        0.35,
        0.5,
        1.0,
    }
    assert {
        training_set.extra for training_set in TRAINING_SETS.values() if training_set.line == "synthetic"
    } == {0.5, 1.0, 2.0}
    assert {training_set.line for training_set in TRAINING_SETS.values()} == {
        "real",
        "synthetic",
        "mixed",
        "real, strong augmentation",
        "mixed, strong augmentation",
        "real and gated",
        "real and streamed",
        "noisy",
        "real and noisy",
        "real and matched",
        "real and aimed",
        "background",
        "real and background",
        "inserted",
        "real and inserted",
        "real and inserted, strong augmentation",
        "real and pasted",
    }
    assert all(set(BASELINES) <= set(names) <= set(TRAINING_SETS) for names in NAMED_LISTS.values())


def test_every_arms_source_makes_as_many_pairs_as_it_asks_for() -> None:
    synthetic = SOURCES["synthetic"]
    assert isinstance(synthetic, Synthetic)
    assert {training_set.source for training_set in TRAINING_SETS.values()} == {"", *SOURCES}
    assert (
        max(
            training_set.extra
            for training_set in TRAINING_SETS.values()
            if training_set.source == "synthetic"
        )
        == synthetic.most
    )


def test_arms_are_found_by_name_once_each_and_in_order() -> None:
    assert [training_set.name for training_set in find_training_sets("real-50, real-25,real-50")] == [
        "real-50",
        "real-25",
    ]
    with pytest.raises(UnknownNameError, match="unknown training set 'real-90'; expected one of: all, quick"):
        find_training_sets("real-90")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"real": 1.5},
        {"real": -0.5, "extra": 1.0, "source": "synthetic"},
        {"real": 1.0, "extra": 1.0},
        {"real": 1.0, "source": "pasted"},
    ],
)
def test_an_arm_that_contradicts_itself_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(SettingError, match="training set 'odd'"):
        TrainingSet("odd", "odd", **settings)  # type: ignore[arg-type]  # wrong on purpose
