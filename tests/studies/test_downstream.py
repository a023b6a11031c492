"""The downstream study from end to end on a dozen tiny pairs, with trainings of two steps."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from metgan.data import PairSet, StoredPairs, read_table, split_names, write_table
from metgan.errors import ArrayError, LeakageError, SettingError, StorageError
from metgan.models import MODEL_FILE, load_generator, load_segmentor, read_card, save_model
from metgan.objects import sizes
from metgan.phantom import PhantomSettings, write_phantom
from metgan.reporting import downstream_report
from metgan.seeding import stream
from metgan.studies import Downstream, DownstreamResult, TrainingSet, fold_pairs
from metgan.studies.downstream import material_of
from metgan.studies.exposures import EXPOSURES
from metgan.studies.fold import Fold, take_share
from metgan.studies.sources import source_of
from metgan.studies.synthetic import Fresh
from metgan.synthesis import PASSED
from metgan.training import LOG_FILE, TrainConfig, read_log

from .conftest import CONFIG as SHORT
from .conftest import weights

pytestmark = pytest.mark.usefixtures("one_thread")
CONFIG = replace(
    SHORT, segmentor=TrainConfig(epochs=1, batch_size=2, crop=64, learning_rate=1e-3, validations=2)
)
FOLDS = 2
CHOSEN = (
    "real-50",
    "real-100",
    "synthetic-0.5x",
    "real-50-synthetic-1x",
    "real-100-synthetic-1x-gated",
    "real-100-streamed-1x",
    "synthetic-1x-noise",
    "real-100-synthetic-1x-contrast-noise",
    "real-100-synthetic-1x-oversampled-contrast-noise",
    "synthetic-1x-contrast-background",
    "real-100-synthetic-1x-contrast-insert",
    "real-100-pasted-1x",
    "real-100-strong",
)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> PairSet:
    """Twelve phantom pairs of 64 x 64 pixels of six animals, all said to be for testing.

    pair    0 1  2 3  4 5  6 7  8 9  10 11
    animal   0    1    2    3    4     5
    """
    root = tmp_path_factory.mktemp("world") / "pairs"
    settings = PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3)
    entries = write_phantom(root, 12, settings, seed=0)
    rows = [
        {"name": entry.name, "group": f"animal-{k // 2}", "organ": "", "split": "test"}
        for k, entry in enumerate(entries)
    ]
    write_table(root, rows)
    return PairSet.open(root)


@pytest.fixture(scope="module")
def study(pairs: PairSet, tmp_path_factory: pytest.TempPathFactory) -> Downstream:
    folder = tmp_path_factory.mktemp("study")
    return Downstream(folder, pairs, fold_pairs(pairs, FOLDS, 0), parsed(*CHOSEN), CONFIG)


@pytest.fixture(scope="module", params=[pytest.param("whole", marks=pytest.mark.slow)])
def found(study: Downstream, settle_run: Callable[[Path], None]) -> DownstreamResult:
    """What the study finds; its hardly trained generators are settled so that they paint something."""
    study.check()
    assert not [*study.folder.iterdir()]  # a check writes nothing
    for fold in folds_of(study):
        assert fold.inpainter
        settle_run(fold.folder / "runs" / "metgan-seed0")
    return study.run()


@pytest.fixture(scope="module")
def held(study: Downstream, found: DownstreamResult) -> Downstream:
    """The study, after it was held."""
    assert found.cells
    return study


def parsed(*names: str) -> list[TrainingSet]:
    return [TrainingSet.parse(name) for name in names]


def source(name: str) -> Any:
    """What makes the further pairs of a training set."""
    return source_of(TrainingSet.parse(name))


def folds_of(study: Downstream) -> list[Fold]:
    return [
        Fold(study.folder / f"fold-{k}-of-{FOLDS}", k, study.pairs, split, study.config)
        for k, split in enumerate(study.splits, start=1)
    ]


def test_every_file_that_is_promised_is_there(held: Downstream) -> None:
    names = {path.name for path in held.out.iterdir()}
    assert names == {"scores.csv", "tumours.csv", "statistics.csv"}  # pages are made of what is returned


def test_what_the_painters_had_learned_is_told_by_fold(found: DownstreamResult) -> None:
    """After two steps they have learned nothing, and training sets with painted pairs say little."""
    section = downstream_report(found, Path("pairs"), None).sections[0]
    assert section.heading == "What the generators had learned"
    assert section.table is not None
    for fold in (1, 2):
        assert any(
            f"Fold {fold}, generator: it has not learned to place tumours" in text
            for text in section.paragraphs
        )
        assert any(
            row[:2] == [str(fold), "generator"] and row[2].startswith("0.0") for row in section.table.rows
        )


def test_every_arm_reads_every_pair_once_as_a_test_image(held: Downstream, pairs: PairSet) -> None:
    """The table says that all pairs are for testing; folds do not look at it."""
    scores = pd.read_csv(held.out / "scores.csv", dtype={"name": str})
    assert set(scores["training_set"]) == set(CHOSEN)
    for _, rows in scores.groupby("training_set"):
        assert sorted(rows["name"]) == sorted(entry.name for entry in pairs)
        assert set(rows["fold"]) == {1, 2}


def test_nothing_that_is_trained_or_generated_knows_a_test_group(held: Downstream, pairs: PairSet) -> None:
    homes = {entry.name: entry.group for entry in pairs}
    for fold in folds_of(held):
        tested = {homes[name] for name in fold.split.test}
        models = [*fold.folder.rglob(MODEL_FILE)]
        # Generator, the segmentor in its loop, the gate's independent one, and those that try exposures.
        assert len(models) == 3 + len(EXPOSURES) + len(held.training_sets)
        assert all(not tested & set(read_card(model).groups_seen) for model in models)
        made = {training_set.making for training_set in held.training_sets} - {"", "streamed", "pasted"}
        assert {path.name for path in fold.folder.glob("synthetic*")} == made
        for name in made:
            for row in read_table(fold.folder / name):
                sources = [row["anatomy_source"], *split_names(row["label_sources"])]
                sources += [row["background_source"]] if "background" in name else []
                assert not tested & (
                    {homes[source] for source in sources} | set(split_names(row["label_groups"]))
                )


def test_all_arms_take_equal_steps_whatever_their_number_of_pairs(held: Downstream) -> None:
    """An epoch of the four training pairs in batches of two is two steps; one of two pairs would be one."""
    for fold in folds_of(held):
        assert len(fold.split.train) == 4
        assert {
            read_card(fold.run_config(training_set, 0).folder).steps for training_set in held.training_sets
        } == {2}


def test_the_last_weights_of_an_arm_are_kept_and_none_are_chosen(held: Downstream) -> None:
    """A training set validates once, at its end; the segmentor in the generator's loop validates twice."""

    def validated(run: Path) -> list[str]:
        return [row["step"] for row in read_log(run / LOG_FILE) if row["val_dice"]]

    for fold in folds_of(held):
        assert validated(fold.folder / "segmentor") == ["1", "2"]
        assert {
            tuple(validated(fold.run_config(training_set, 0).folder)) for training_set in held.training_sets
        } == {("2",)}


def test_counts_are_shares_of_the_real_training_pairs(held: Downstream) -> None:
    fold = folds_of(held)[0]
    sizes = {
        training_set.name: len(material_of(training_set, fold, 0).train)
        for training_set in held.training_sets
    }
    assert sizes == {
        "real-50": 2,
        "real-100": 4,
        "synthetic-0.5x": 2,
        "real-50-synthetic-1x": 6,
        "real-100-synthetic-1x-gated": 4 + len(source("synthetic-1x-gated").pairs(fold, 4)),
        "real-100-streamed-1x": 4,  # and fresh ones
        "synthetic-1x-noise": 4,
        "real-100-synthetic-1x-contrast-noise": 8,
        "real-100-synthetic-1x-oversampled-contrast-noise": 8,
        "synthetic-1x-contrast-background": 4,
        "real-100-synthetic-1x-contrast-insert": 8,
        "real-100-pasted-1x": 8,
        "real-100-strong": 4,
    }


def test_smaller_sets_of_synthetic_pairs_lie_within_larger_ones(held: Downstream) -> None:
    fold = folds_of(held)[0]
    few, all_of_them = ([p.entry.name for p in source("synthetic-1x").pairs(fold, count)] for count in (2, 8))
    assert few == all_of_them[:2]
    assert len(set(all_of_them)) == 8


def test_as_many_synthetic_pairs_as_real_ones_use_every_anatomy_once(held: Downstream) -> None:
    for fold in folds_of(held):
        count = len(fold.split.train)
        used = [p.entry.provenance["anatomy_source"] for p in source("synthetic-1x").pairs(fold, count)]
        assert sorted(used) == sorted(fold.split.train)


def test_gated_pairs_are_those_that_passed(held: Downstream) -> None:
    fold = folds_of(held)[0]
    rows = read_table(fold.folder / "synthetic-gated")
    passed = [row["name"] for row in rows if row["gate"] == PASSED]
    few = [p.entry.name for p in source("synthetic-1x-gated").pairs(fold, 4)]
    assert few == passed[:4]
    source("synthetic-1x-gated").pairs(fold, 8)  # of ten that are made; of the first five none is another
    assert [p.entry.name for p in source("synthetic-1x-gated").pairs(fold, 4)] == few


MAKEABLE = ("contrast", "background", "insert", "contrast-noise", "contrast-background", "contrast-insert")


@pytest.mark.parametrize("steps", MAKEABLE)
@pytest.mark.parametrize("oversampled", ["", "oversampled-"])
def test_steps_are_made_together_also_where_errors_are_oversampled(
    held: Downstream, tmp_path: Path, steps: str, oversampled: str
) -> None:
    if oversampled and "contrast" not in steps:
        pytest.skip("errors are oversampled by contrast")
    fold = folds_of(held)[0]
    anew = replace(fold, folder=tmp_path)
    vars(anew).update(inpainter=fold.inpainter, error_analysis=fold.error_analysis)  # where they are cached
    source(f"synthetic-1x-{oversampled}{steps}").pairs(anew, 2)
    rows = read_table(tmp_path / f"synthetic-{oversampled}{steps}")
    assert [bool(row["asked_contrasts"]) for row in rows] == ["contrast" in steps] * 2
    assert [bool(row.get("background_source")) for row in rows] == ["background" in steps] * 2
    assert ["insert" in row["refine"].split("; ") for row in rows] == ["insert" in steps] * 2
    assert ["preference" in row["recipe"] for row in rows] == [bool(oversampled)] * 2


def test_a_stream_brings_as_many_pairs_as_are_drawn_and_no_painted_one_twice(held: Downstream) -> None:
    """Two steps of two pairs; each number of the stream is one pair, the same whenever it is asked for."""
    fold = folds_of(held)[0]
    fresh = material_of(TrainingSet.parse("real-100-streamed-1x"), fold, 0).fresh
    assert fresh is not None
    assert len(fresh) == 4
    names = [pair.entry.name for pair in fresh]
    painted = [name for name in names if name.startswith("stream-")]
    assert len(set(painted)) == len(painted)
    assert set(names) - set(painted) <= set(fold.split.train)
    assert all(np.array_equal(a.tumour, b.tumour) for a, b in zip(fresh, fresh[:4], strict=True))
    assert fold.inpainter.fingerprint in str(fresh)


def test_a_stream_that_draws_from_a_test_group_is_refused(held: Downstream) -> None:
    one, other = folds_of(held)
    fresh = material_of(TrainingSet.parse("real-100-streamed-1x"), other, 0).fresh
    assert isinstance(fresh, Fresh)
    with pytest.raises(LeakageError, match=r"for training in fold 1 shares .* with the test"):
        [*replace(fresh, fold=one)]


@pytest.mark.slow
def test_what_can_be_neither_matched_nor_aimed_is_refused_before_anything_is_trained(
    study: Downstream,
) -> None:
    fold = folds_of(study)[0]
    blank = [replace(pair, label=pair.label & False) for pair in fold.data.val]
    even = [replace(pair, tumour=np.full_like(pair.tumour, 7)) for pair in fold.data.train]
    oversampled, matched = "synthetic-1x-oversampled-contrast-noise", "synthetic-1x-contrast-noise"
    for name, data in ((oversampled, {"val": blank}), (matched, {"train": even})):
        changed = replace(fold)
        vars(changed)["data"] = replace(fold.data, **data)  # where the cached property keeps it
        with pytest.raises(
            (SettingError, ArrayError), match=r"holds no tumour|brighter than its surroundings"
        ):
            source(name).check(changed, 4, anew=True)


def test_aimed_pairs_follow_what_the_segmentor_missed_of_the_validation_part(held: Downstream) -> None:
    fold = folds_of(held)[0]
    val = [*StoredPairs(held.pairs.select(fold.split.val))]
    assert len(fold.error_analysis.tumours) == sum(len(sizes(pair.label)) for pair in val)
    rows = read_table(fold.folder / "synthetic-oversampled-contrast-noise")
    assert len(rows) == len(fold.split.train)
    assert all("preference=1:" in row["recipe"] and row["asked_contrasts"] for row in rows)


def test_inserted_pairs_show_one_more_tumour_than_the_real_pair(held: Downstream) -> None:
    fold = folds_of(held)[0]
    for pair in source("synthetic-1x-contrast-insert").pairs(fold, 4):
        real = held.pairs.read(pair.entry.provenance["anatomy_source"])
        assert len(sizes(pair.label)) == len(sizes(real.label)) + 1
        assert (pair.tumour >= real.tumour).all()
        # A generator of two steps may be brighter beside the label alone; its light fades within three
        # pixels.
        near = ndimage.binary_dilation(pair.label & ~real.label, np.ones((3, 3)), 3)
        assert (pair.tumour > real.tumour)[near].any()
        assert (pair.tumour == real.tumour)[~near].all()


def test_who_has_annotated_less_has_whole_animals_and_is_tested_on_the_same(pairs: PairSet) -> None:
    for whole, few in zip(fold_pairs(pairs, FOLDS, 0), fold_pairs(pairs, FOLDS, 0, 2), strict=True):
        assert (few.val, few.test) == (whole.val, whole.test)
        assert set(few.train) < set(whole.train)
        assert len(few.train) == 2
        assert len({e.group for e in pairs.select(few.train)}) == 1
    for two, three in zip(fold_pairs(pairs, FOLDS, 0, 2), fold_pairs(pairs, FOLDS, 0, 3), strict=True):
        assert set(two.train) < set(three.train)
        assert len({e.group for e in pairs.select(three.train)}) == 2
    with pytest.raises(SettingError, match="at most 4"):
        fold_pairs(pairs, FOLDS, 0, 5)


def with_givers(fold: Fold, names: set[str]) -> Fold:
    """The same fold; all training labels but those of `names` are empty, and those have one whole tumour."""
    own = []
    for pair in fold.data.train:
        label = pair.label & False
        label[30:33, 30:33] = pair.entry.name in names
        own.append(replace(pair, label=label))
    changed = replace(fold)
    vars(changed)["data"] = replace(fold.data, train=own)  # where the cached property keeps it
    return changed


def test_the_tumours_of_the_only_giver_go_into_all_images_but_its_own(study: Downstream) -> None:
    fold = folds_of(study)[0]
    giver, *others = sorted(fold.split.train)
    pasted = source("pasted-1x").pairs(with_givers(fold, {giver}), 6)
    used = [pair.entry.provenance["anatomy_source"] for pair in pasted]
    assert sorted(used) == sorted(2 * others)
    assert {pair.entry.provenance["label_sources"] for pair in pasted} == {giver}
    several = source("pasted-1x").pairs(with_givers(fold, {giver, others[0]}), 4)
    assert sorted(pair.entry.provenance["anatomy_source"] for pair in several) == sorted(fold.split.train)
    assert all(p.entry.provenance["anatomy_source"] != p.entry.provenance["label_sources"] for p in several)


def test_pasting_is_refused_without_a_giver_and_without_a_target(study: Downstream) -> None:
    fold = folds_of(study)[0]
    first = fold.data.train[0].entry.name
    with pytest.raises(SettingError, match="every tumour is cut"):
        source("pasted-1x").check(with_givers(fold, set()), 4, anew=True)
    alone = with_givers(fold, {first})
    vars(alone)["data"] = replace(alone.data, train=alone.data.train[:1])
    with pytest.raises(SettingError, match=f"the single pair {first}"):
        source("pasted-1x").check(alone, 4, anew=True)


def test_a_set_with_generated_pairs_is_refused(study: Downstream, pairs: PairSet) -> None:
    painted = replace(pairs.entries[0], provenance={"model": "1f6c"})
    mixed = replace(study, pairs=replace(pairs, entries=(painted, *pairs.entries[1:])))
    with pytest.raises(LeakageError, match=r"1 generated pairs in .*phantom-00000"):
        mixed.check()


def test_shares_are_nested_whole_groups_first_and_show_a_tumour(pairs: PairSet) -> None:
    every = [*StoredPairs(pairs)]
    for seed in range(5):
        sets = [
            [p.entry.name for p in take_share(every, share, stream(seed, "share"))]
            for share in (0.25, 0.35, 0.5, 1.0)
        ]
        assert [len(names) for names in sets] == [3, 4, 6, 12]
        assert all(set(small) <= set(large) for small, large in pairwise(sets))
        groups = {entry.name: entry.group for entry in pairs}
        assert [len({groups[name] for name in names}) for names in sets] == [2, 2, 3, 6]
    blank = [replace(p, label=p.label & False) for p in every[1:]]
    assert take_share([*blank, every[0]], 0.01, stream(0, "share"))[0].label.any()


def copied(study: Downstream, to: Path, *names: str) -> Downstream:
    return replace(
        study, folder=Path(shutil.copytree(study.folder, to / "copy")), training_sets=parsed(*names)
    )


def test_what_is_finished_is_never_trained_again_and_arms_can_be_added(
    held: Downstream, tmp_path: Path
) -> None:
    more = copied(held, tmp_path, "real-100", "real-25")
    before = {name: rest for name, *rest in weights(more.folder)}
    more.run()
    after = {name: rest for name, *rest in weights(more.folder)}
    assert {name: after[name] for name in before} == before
    added = {f"fold-{k}-of-2/runs/real-25-seed0/model.safetensors" for k in (1, 2)}
    assert set(after) - set(before) == added
    one, other = (
        pd.read_csv(study.out / "scores.csv").query("training_set == 'real-100'").reset_index(drop=True)
        for study in (held, more)
    )
    pd.testing.assert_frame_equal(one, other)


def test_equal_seeds_give_equal_bytes(held: Downstream, tmp_path: Path) -> None:
    training_sets = parsed("real-100-strong", "real-100-pasted-1x")
    again = replace(held, folder=tmp_path / "again", training_sets=training_sets)
    again.run()
    known = {name: content for name, content, _ in weights(held.folder)}
    trained = {name: content for name, content, _ in weights(again.folder)}
    assert len(trained) == FOLDS * (len(training_sets) + len(EXPOSURES))
    assert all(known[name] == content for name, content in trained.items())
    plain = known["fold-1-of-2/runs/real-100-seed0/model.safetensors"]
    assert plain != known["fold-1-of-2/runs/real-100-strong-seed0/model.safetensors"]


def test_another_seed_trains_the_arms_again_on_the_same_synthetic_pairs(
    held: Downstream, tmp_path: Path
) -> None:
    more = copied(held, tmp_path, "real-100", "synthetic-0.5x")
    painted = {p: p.stat().st_mtime_ns for p in more.folder.glob("*/synthetic/tumour/*")}
    replace(more, config=replace(CONFIG, seeds=2)).run()
    assert {p: p.stat().st_mtime_ns for p in more.folder.glob("*/synthetic/tumour/*")} == painted
    runs = {path.name for path in more.folder.glob("*/runs/*-seed1")}
    assert runs == {"real-100-seed1", "synthetic-0.5x-seed1"}


def test_a_cell_that_was_killed_ends_as_if_it_had_not_been(held: Downstream, tmp_path: Path) -> None:
    """It is interrupted where it would save for the first time; what follows must give the same bytes."""
    training_sets = parsed("real-100-strong")
    cut = replace(held, folder=tmp_path / "cut", training_sets=training_sets)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metgan.training.checkpoint.RunState.save", kill)
        with pytest.raises(KeyboardInterrupt):
            cut.run()
    cut.run()
    known = {name: content for name, content, _ in weights(held.folder)}
    assert {name: known[name] for name, *_ in weights(cut.folder)} == {
        name: content for name, content, _ in weights(cut.folder)
    }


def test_a_study_under_other_rules_is_refused(held: Downstream) -> None:
    other = replace(held, config=replace(CONFIG, segmentor=replace(CONFIG.segmentor, learning_rate=2e-3)))
    with pytest.raises(StorageError, match=r"learning_rate 0\.001; expected learning_rate 0\.002"):
        other.check()


def test_a_pair_made_of_a_test_groups_images_is_refused(pairs: PairSet, tmp_path: Path) -> None:
    """It is said to be of a training animal, but its label, or else, comes from one that is tested on."""
    root = Path(shutil.copytree(pairs.root, tmp_path / "pairs"))
    split = fold_pairs(pairs, FOLDS, 0)[0]
    fold = Fold(tmp_path / "fold", 1, pairs, split, CONFIG)
    assert fold.data  # as it is, nothing leaks
    homes = {entry.name: entry.group for entry in pairs}
    for provenance in (
        {"label_groups": homes[split.test[0]]},
        {"anatomy_source": split.test[0]},
        {"background_source": split.test[0]},
        {"background_group": homes[split.test[0]]},
    ):
        rows = [
            {**row, **(provenance if row["name"] == split.train[0] else {})} for row in read_table(pairs.root)
        ]
        write_table(root, [{**dict.fromkeys(provenance, ""), **row} for row in rows])
        leaking = replace(fold, pairs=PairSet.open(root))
        with pytest.raises(LeakageError, match="with the test part"):
            assert leaking.data


def test_synthetic_pairs_made_from_a_test_group_are_refused(held: Downstream) -> None:
    """With two folds, one fold trains on what the other tests on."""
    one, other = folds_of(held)
    made = [*StoredPairs(PairSet.open(other.folder / "synthetic"))]
    other.refuse_leaks(made)
    with pytest.raises(LeakageError, match=r"'synthetic-00000\d' for training in fold 1 shares .* with the"):
        one.refuse_leaks(made)


def test_a_painter_that_has_seen_a_test_group_is_refused(held: Downstream, tmp_path: Path) -> None:
    one = folds_of(held)[0]
    leaking = replace(one, folder=Path(shutil.copytree(one.folder, tmp_path / "fold")))
    run = leaking.folder / "runs" / "metgan-seed0"
    generator, card = load_generator(run)
    seen = (*card.groups_seen, next(entry.group for entry in leaking.test))
    save_model(run / MODEL_FILE, generator.state_dict(), replace(card, groups_seen=seen))
    with pytest.raises(LeakageError, match="the generator for making training pairs has seen 1 test groups"):
        source("synthetic-1x").pairs(leaking, 2)


def test_a_segmentor_that_has_seen_a_test_group_is_not_scored(held: Downstream, tmp_path: Path) -> None:
    copy = copied(held, tmp_path, "real-100")
    run = folds_of(copy)[0].run_config(TrainingSet.parse("real-100"), 0).folder
    segmentor, card = load_segmentor(run)
    groups = tuple({entry.group for entry in copy.pairs})
    save_model(run / MODEL_FILE, segmentor.state_dict(), replace(card, groups_seen=groups))
    with pytest.raises(LeakageError, match="has seen 3 test groups"):
        copy.run()
