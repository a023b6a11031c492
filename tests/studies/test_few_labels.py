"""Training sets of few labelled and many unlabelled pairs, on a tiny study."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from metgan.data import (
    Entry,
    Pair,
    PairSet,
    Split,
    StoredPairs,
    entries_of,
    read_label,
    without_label,
    write_table,
)
from metgan.errors import LeakageError, SettingError
from metgan.phantom import PhantomSettings, write_phantom
from metgan.reporting import downstream_report
from metgan.studies import Downstream, TrainingSet, fold_pairs
from metgan.studies.downstream import further_of, material_of
from metgan.studies.fold import Fold

from .conftest import CONFIG

pytestmark = pytest.mark.usefixtures("one_thread")
INSERTED = "real-100-synthetic-2x-contrast-insert-unlabelled-balanced-teacher-strong"


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> PairSet:
    """Sixteen phantom pairs of 64 x 64 pixels of eight animals."""
    root = tmp_path_factory.mktemp("world") / "pairs"
    entries = write_phantom(root, 16, PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3), seed=0)
    rows = [
        {"name": e.name, "group": f"animal-{k // 2}", "organ": "", "split": ""} for k, e in enumerate(entries)
    ]
    write_table(root, rows)
    return PairSet.open(root)


@pytest.fixture(scope="module")
def fold(pairs: PairSet, tmp_path_factory: pytest.TempPathFactory) -> Fold:
    """Two labelled pairs; those of the other training animals are set apart."""
    split = fold_pairs(pairs, 2, 0, training=2)[0]
    return Fold(tmp_path_factory.mktemp("study") / "fold-1-of-2", 1, pairs, split, CONFIG)


@pytest.fixture(scope="module")
def settled(fold: Fold, settle_run: Callable[[Path], None]) -> Fold:
    """The fold, whose hardly trained generator is settled so that it generates something."""
    assert fold.with_unlabelled.inpainter
    settle_run(fold.with_unlabelled.folder / "runs" / "metgan-seed0")
    return replace(fold)


def named(name: str) -> TrainingSet:
    return TrainingSet.parse(name)


def groups(entries: tuple[Entry, ...]) -> set[str]:
    return {entry.group for entry in entries}


def test_what_is_set_apart_is_unlabelled_and_of_no_validated_or_tested_group(fold: Fold) -> None:
    bare = entries_of(fold.with_unlabelled.data.unlabelled)
    held = {e.group for e in (*fold.test, *fold.pairs.select(fold.split.val))}
    assert bare
    assert not any(entry.is_labelled for entry in bare)
    assert not groups(tuple(bare)) & held
    assert {e.name for e in bare} == {e.name for e in fold.set_apart}
    assert not fold.data.unlabelled  # what is compared with it learns of none


def test_pairs_of_the_set_without_a_label_join_those_that_are_set_apart(
    pairs: PairSet, tmp_path: Path
) -> None:
    split = fold_pairs(pairs, 2, 0)[0]
    bare = next(e for e in pairs if e.name in split.train)
    tested = next(e for e in pairs if e.name in split.test)
    kept = tuple(e for e in pairs if e not in (bare, tested))
    known = Split(
        *(
            tuple(n for n in getattr(split, p) if n not in (bare.name, tested.name))
            for p in ("train", "val", "test")
        )
    )
    some = PairSet(pairs.root, kept, (without_label(bare), without_label(tested)))
    fold = Fold(tmp_path, 1, some, known, CONFIG)
    assert [e.name for e in entries_of(fold.with_unlabelled.data.unlabelled)] == [bare.name]


@pytest.mark.parametrize("words", [("test",), ("val", "test"), ("train", "val", "test")])
def test_the_split_that_the_table_states_is_not_looked_at_for_unlabelled_pairs_either(
    fold: Fold, words: tuple[str, ...]
) -> None:
    stated = [replace(e, split=words[k % len(words)]) for k, e in enumerate(fold.pairs.entries)]
    bare = tuple(without_label(entry) for entry in stated if entry.name in fold.split.train[1:])
    split = replace(fold.split, train=fold.split.train[:1])
    left = tuple(entry for entry in stated if entry.name not in fold.split.train[1:])
    same = replace(fold, pairs=replace(fold.pairs, entries=left, unlabelled=bare), split=split)
    unlabelled = {entry.name for entry in entries_of(same.with_unlabelled.data.unlabelled)}
    assert unlabelled == {e.name for e in (*fold.set_apart, *bare)}


def test_a_training_set_of_unlabelled_pairs_is_refused_where_there_are_none(
    pairs: PairSet, tmp_path: Path
) -> None:
    study = Downstream(tmp_path / "none", pairs, fold_pairs(pairs, 2, 0), [named("real-100-teacher")], CONFIG)
    with pytest.raises(SettingError, match=r"no unlabelled pair.*--training-pairs"):
        study.check()


@pytest.mark.parametrize("name", ["real-100-true-labels", "real-100-teacher-strong", "real-100"])
def test_what_a_segmentor_is_given(fold: Fold, name: str) -> None:
    data = material_of(named(name), fold, 0)
    assert [e.name for e in entries_of(data.train)] == [*fold.split.train] or len(data.train) == 2
    assert bool(data.unlabelled) is ("teacher" in name)
    assert [e.name for e in entries_of(data.pseudo_labelled)] == (
        [e.name for e in fold.set_apart] if "true-labels" in name else []
    )
    for pair in data.pseudo_labelled:
        assert np.array_equal(pair.label, read_label(pair.entry.paths["label"]))
        assert pair.ignored is None


def test_it_is_told_where_no_unlabelled_pair_is_a_negative(capsys: pytest.CaptureFixture[str]) -> None:
    image = np.zeros((4, 4), np.uint16)
    bare = Pair(Entry("scan", "mouse", "", "", {}), image, image, image > 0, image == 0)
    data = SimpleNamespace(unlabelled=[bare])
    read = SimpleNamespace(predict=lambda tumour: tumour == 0)
    fold: Any = SimpleNamespace(
        number=2, with_unlabelled=SimpleNamespace(data=data), trained_segmentor=lambda: read
    )
    assert [*further_of(named("real-100-negatives"), fold)] == []
    assert "fold 2: tumours are found in all 1 unlabelled pairs: no negatives" in capsys.readouterr().err


def test_negatives_are_the_unlabelled_pairs_in_which_nothing_is_read(fold: Fold) -> None:
    read = fold.trained_segmentor()
    empty = {p.entry.name for p in fold.with_unlabelled.data.unlabelled if not read.predict(p.tumour).any()}
    negatives = further_of(named("real-100-negatives"), fold)
    assert {pair.entry.name for pair in negatives} == empty
    assert not any(pair.label.any() or pair.ignored is not None for pair in negatives)


def test_a_training_whose_further_pairs_have_changed_is_another_one(fold: Fold) -> None:
    """Else a study that goes on keeps the segmentor of the true labels, or negatives, of before."""
    data = material_of(named("real-100-true-labels"), fold, 0)
    pair = Pair(fold.set_apart[0], *np.eye(64, dtype=np.uint16)[None].repeat(2, 0), np.eye(64) > 0)
    before, after = (replace(data, pseudo_labelled=[one]) for one in (pair, replace(pair, label=~pair.label)))
    assert len({replace(data, pseudo_labelled=()).checksum, before.checksum, after.checksum}) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("every_tumour_seen")
def test_inserted_tumours_lie_in_unlabelled_scans_and_real_pairs_are_repeated(settled: Fold) -> None:
    data = material_of(named(INSERTED), settled, 0)
    names = [entry.name for entry in entries_of(data.train)]
    inserted = [pair for pair in data.train if pair.entry.is_generated]
    assert len(inserted) == 4  # twice as many as there are labelled pairs
    assert [names.count(name) for name in settled.split.train] == [2, 2]
    apart = {e.name: e for e in settled.set_apart}
    for pair in inserted:
        source = apart[pair.entry.provenance["anatomy_source"]]
        (real,) = StoredPairs([without_label(source)])
        assert np.array_equal(real.anatomy, pair.anatomy)
        assert (pair.tumour >= real.tumour).all()  # light is added to the real channel, and none taken
        assert (pair.tumour > real.tumour).any()
    assert data.unlabelled


def test_a_copy_of_a_training_image_is_refused_in_another_laboratory(pairs: PairSet, tmp_path: Path) -> None:
    other = tmp_path / "other"
    first, *_ = write_phantom(other, 4, PhantomSettings(size=64, empty_fraction=0), seed=5)
    shutil.copy(pairs.entries[3].paths["tumour"], first.paths["tumour"])
    study = Downstream(
        tmp_path / "none", pairs, fold_pairs(pairs, 2, 0), [named("real-100")], CONFIG, PairSet.open(other)
    )
    with pytest.raises(LeakageError, match="the pixels of its tumour"):
        study.check()


@pytest.mark.slow
def test_another_laboratory_is_read_whatever_its_animals_are_called(pairs: PairSet, tmp_path: Path) -> None:
    other = tmp_path / "other"
    entries = write_phantom(other, 4, PhantomSettings(size=64, empty_fraction=0), seed=5)
    write_table(
        other, [{"name": e.name, "group": "animal-0", "organ": "", "split": ""} for e in entries]
    )  # as one of those that are trained on
    splits = fold_pairs(pairs, 2, 0)
    study = Downstream(tmp_path / "s", pairs, splits, [named("real-100")], CONFIG, PairSet.open(other))
    study.check()
    found = study.run()
    for cell in found.cells:
        assert cell.elsewhere is not None
        assert [*cell.elsewhere.images["name"]] == [e.name for e in entries]
        assert not {*cell.readings.images["group"]} & {*cell.elsewhere.images["group"]}
    assert found.elsewhere is not None
    report = downstream_report(found, Path("pairs"), None)
    assert [one.heading for one in report.sections].count("In another laboratory") == 1
    assert (study.out / "elsewhere" / "statistics.csv").is_file()


@pytest.mark.slow
@pytest.mark.usefixtures("every_tumour_seen")
def test_a_study_of_few_labels_is_held_and_goes_on(pairs: PairSet, settled: Fold) -> None:
    names = [
        "real-100-negatives",
        "real-100-pseudo-labels-strong",
        "real-100-teacher-strong-2x-steps",
        INSERTED,
    ]
    study = Downstream(
        settled.folder.parent, pairs, [settled.split], [named("real-100"), *map(named, names)], CONFIG
    )
    study.check()
    found = study.run()
    by_name = {cell.training_set.name: cell for cell in found.cells}
    assert by_name[INSERTED].samples == 6  # two real ones, however often, and four
    assert by_name["real-100-pseudo-labels-strong"].samples == 2 + len(settled.set_apart)
    folder = study.folder / "fold-1-of-2"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("model.safetensors")}
    assert study.run().statistics.equals(found.statistics)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("model.safetensors")}
