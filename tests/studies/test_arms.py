"""The table of arms: rows that contradict themselves are refused, and names lead to rows."""

from __future__ import annotations

import pytest

from metgan.errors import SettingError, UnknownNameError
from metgan.studies import ARM_SETS, ARMS, YARDSTICKS, Arm, find_arms
from metgan.studies.sources import SOURCES
from metgan.studies.synthetic import Synthetic


def test_the_papers_table_is_there_and_every_set_has_the_yardsticks() -> None:
    assert {arm.real for arm in ARMS.values() if arm.line == "real"} == {0.25, 0.35, 0.5, 1.0}
    assert {arm.extra for arm in ARMS.values() if arm.line == "synthetic"} == {0.5, 1.0, 2.0}
    assert {arm.line for arm in ARMS.values()} == {
        "real",
        "synthetic",
        "mixed",
        "real, strong augmentation",
        "mixed, strong augmentation",
        "real and gated",
        "real and streamed",
        "grained",
        "real and grained",
        "real and matched",
        "real and aimed",
        "residue",
        "real and residue",
        "inlaid",
        "real and inlaid",
        "real and inlaid, strong augmentation",
        "real and pasted",
    }
    assert all(set(YARDSTICKS) <= set(names) <= set(ARMS) for names in ARM_SETS.values())


def test_every_arms_source_makes_as_many_pairs_as_it_asks_for() -> None:
    synthetic = SOURCES["synthetic"]
    assert isinstance(synthetic, Synthetic)
    assert {arm.source for arm in ARMS.values()} == {"", *SOURCES}
    assert max(arm.extra for arm in ARMS.values() if arm.source == "synthetic") == synthetic.most


def test_arms_are_found_by_name_once_each_and_in_order() -> None:
    assert [arm.name for arm in find_arms("real-50, real-25,real-50")] == ["real-50", "real-25"]
    with pytest.raises(UnknownNameError, match="unknown arm 'real-90'; expected one of: all, quick"):
        find_arms("real-90")


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
    with pytest.raises(SettingError, match="arm 'odd'"):
        Arm("odd", "odd", **settings)  # type: ignore[arg-type]  # wrong on purpose
