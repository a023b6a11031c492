"""Lists of training sets: every combination of a grid once, named lists, and files of users."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.errors import MetganError, SettingError, StorageError, UnknownNameError
from metgan.progress import Event, Note, listening
from metgan.studies import BASELINES, NAMED_LISTS, TrainingSet, TrainingSetGrid, choose_training_sets
from metgan.studies.sources import source_of

NO_GRID = TrainingSetGrid()


def chosen(lists: str | None, grid: TrainingSetGrid = NO_GRID) -> tuple[list[str], list[str]]:
    """Return the names of the training sets, and what is told of them."""
    told: list[Event] = []
    with listening(told.append):
        names = [training_set.name for training_set in choose_training_sets(lists, grid)]
    return names, [event.text for event in told if isinstance(event, Note)]


def one_or_more(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(tuple)


@given(
    real=one_or_more([0.0, 0.25, 1.0]),
    synthetic=one_or_more([0.0, 1.0, 2.0]),
    refine=one_or_more([(), ("noise",), ("contrast", "background")]),
    augment=one_or_more(["none", "strong"]),
)
def test_a_grid_is_the_product_of_its_lists_each_once(
    real: Any, synthetic: Any, refine: Any, augment: Any
) -> None:
    further = {"refine": refine} if any(synthetic) else {}
    if not any(real) and not any(synthetic):
        with pytest.raises(SettingError, match="no training set of"):
            TrainingSetGrid(real=real, synthetic=synthetic, augment=augment)
        return
    grid = TrainingSetGrid(real=real, synthetic=synthetic, augment=augment, **further)
    expected = {
        TrainingSet(real=r, synthetic=s, refine=steps if s else (), augment=a)
        for r, s, steps, a in product(real, synthetic, refine, augment)
        if r or s
    }
    assert len(grid.training_sets) == len(expected)
    assert {*grid.training_sets} == expected
    assert bool(grid.left_out) == (0.0 in real and 0.0 in synthetic)


def test_steps_may_be_named_in_any_order() -> None:
    named = [
        TrainingSetGrid(synthetic=(1,), refine=(steps,)) for steps in permutations(("contrast", "insert"))
    ]
    assert {one.name for grid in named for one in grid.training_sets} == {"synthetic-1x-contrast-insert"}
    with pytest.raises(SettingError, match="steps once each"):
        TrainingSetGrid(synthetic=(1,), refine=(("insert", "insert"),))


def test_what_is_said_of_generated_pairs_is_said_of_these_alone() -> None:
    grid = TrainingSetGrid(
        real=(0, 1), synthetic=(0, 1), made=("generated", "streamed", "pasted"), refine=(("noise",),)
    )
    assert {training_set.name for training_set in grid.training_sets} == {
        "real-100",
        "synthetic-1x-noise",
        "real-100-synthetic-1x-noise",
        "real-100-streamed-1x-noise",
        "pasted-1x",
        "real-100-pasted-1x",
    }
    assert grid.left_out == [
        "training sets without any pairs",
        "streamed pairs without real ones beside them",
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"refine": (("noise",),)}, "refine without generated or streamed pairs"),
        ({"real": (1,), "gated": (True,)}, "gated without generated or streamed pairs"),
        ({"real": (1,), "made": ("pasted",)}, "made without further pairs"),
        ({"synthetic": (1,), "made": ("pasted",), "refine": (("noise",),)}, "refine without generated"),
        ({"augment": ("strong",)}, "no training set of augment=strong"),
        ({"synthetic": (1,), "made": ("streamed",)}, "streamed pairs without real ones"),
        ({"real": (2.0,)}, "real is 2.0"),
        ({"real": 0.25}, "real is 0.25; expected one value or more, as a tuple"),
        ({"real": (1,), "augment": ("weak",)}, "value of augment 'weak'"),
    ],
)
def test_values_that_do_nothing_or_make_no_training_set_are_refused(values: Any, says: str) -> None:
    with pytest.raises(MetganError, match=says):
        TrainingSetGrid(**values)


def test_streams_cannot_be_gated_and_are_left_out_of_a_grid_that_is() -> None:
    grid = TrainingSetGrid(real=(1,), synthetic=(1,), made=("generated", "streamed"), gated=(True,))
    assert [one.name for one in grid.training_sets] == ["real-100-synthetic-1x-gated"]
    assert grid.left_out == ["streamed pairs that are gated"]


def test_a_table_compares_lists_of_steps(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        "[[set]]\nsynthetic = 1\nrefine = [['noise'], ['insert', 'contrast'], []]\n"
    )
    names, _ = chosen(str(tmp_path / "mine.toml"))
    assert names[2:] == ["synthetic-1x-noise", "synthetic-1x-contrast-insert", "synthetic-1x"]


def test_baselines_are_always_compared_and_what_is_added_or_left_out_is_told() -> None:
    names, told = chosen(None, TrainingSetGrid(real=(0, 0.5), synthetic=(0, 1)))
    assert names == ["real-100", "real-100-strong", "synthetic-1x", "real-50", "real-50-synthetic-1x"]
    assert told == [
        "left out: training sets without any pairs",
        "compared too, as baselines: real 100 %; real 100 %, strong augmentation",
    ]
    assert chosen("real-100-strong,real-100")[1] == []


@pytest.mark.parametrize("name", NAMED_LISTS)
def test_every_named_list_has_the_baselines_and_can_be_made(name: str) -> None:
    names, told = chosen(name)
    assert {baseline.name for baseline in BASELINES} <= {*names}
    assert not [text for text in told if "baselines" in text]
    assert all(source_of(one) for one in map(TrainingSet.parse, names) if one.synthetic)


def test_the_lists_are_the_papers_table_a_first_look_and_more_of_it() -> None:
    table2, quick, everything = ({*chosen(name)[0]} for name in ("table2", "quick-set", "all"))
    sets = [TrainingSet.parse(name) for name in table2]
    counts = {
        (round(810 * one.real, -1), round(810 * one.synthetic, -2)) for one in sets if one.augment == "none"
    }
    assert counts == {
        *(
            (real, 0) for real in (200, 280, 400, 810)
        ),  # the rows of the paper, to the nearest ten and hundred
        *((0, synthetic) for synthetic in (100, 200, 500, 1000, 1800)),
        *((real, 500) for real in (200, 400, 810)),
        (810, 1500),
    }
    assert (len(quick), len(everything)) == (6, 28)
    assert quick < everything


def test_lists_files_names_and_a_grid_are_joined_without_doubles(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[set]]\nreal = [0.25, 1]\n[[set]]\nsynthetic = 3\ngated = [false, true]\nrefine = ["noise"]\n'
    )
    grid = TrainingSetGrid(real=(0.25,), augment=("strong",))
    assert chosen(f"{file}, synthetic-1x", grid)[0] == [
        "real-100-strong",
        "real-25",
        "real-100",
        "synthetic-3x-noise",
        "synthetic-3x-gated-noise",
        "synthetic-1x",
        "real-25-strong",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[set]]\nsyntetic = 1\n", r"number 1 of .*'syntetic'; expected one of: real, synthetic"),
        ("[[sets]]\nreal = 1\n", r"key of .*'sets'; expected one of: set"),
        ("[[set]]\nreal = 1\n[[set]]\nreal = '1'\n", r"number 2 of .*real is '1'; expected a number"),
        ("[[set]]\nsynthetic = 1\nrefine = 'noise'\n", "refine is 'noise'; expected a list"),
        ("[[set]]\nsynthetic = 1\nrefine = ['noise', ['insert']]\n", "value of refine"),
        ("[[set]]\nsynthetic = 1\ngated = 'yes'\n", "gated is 'yes'; expected true or false"),
        ("[[set]]\nreal = 0\n", "no training set of real=0"),
        ("[[set]]\nreal = []\n", r"real is \(\); expected one value or more"),
        ("[[set]]\n", "is empty"),
        ("[set]\nreal = 1\n", r"without tables \[\[set\]\]"),
        ("", r"without tables \[\[set\]\]"),
        ("[[set]\n", "cannot be read"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_the_place(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(MetganError, match=says) as refusal:
        chosen(str(file))
    assert "mine.toml" in refusal.value.given


def test_a_list_that_is_not_there_and_a_name_of_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none\.toml cannot be read"):
        chosen(str(tmp_path / "none.toml"))
    for word in ("tabel2", "mixed-25-1x", "", "real-025", "real-25-"):
        with pytest.raises(
            UnknownNameError, match=f"'{word}'; expected one of table2, quick-set, few-labels, all"
        ):
            chosen(word)


def test_a_list_that_windows_saved_with_a_mark_at_its_start_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[set]]\nreal = 0.5\n", encoding="utf-8-sig")
    assert "real-50" in [
        one.name for one in choose_training_sets(str(tmp_path / "a.toml"), TrainingSetGrid())
    ]
