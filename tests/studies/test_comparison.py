"""Studies from end to end on a handful of tiny pairs, with trainings of two steps."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metgan.data import PairSet, StoredPairs
from metgan.errors import StorageError
from metgan.images import read_image, write_image
from metgan.methods import ABLATIONS, find_methods
from metgan.models import read_card
from metgan.studies import Comparison, Study, compare_ablation, compare_robustness, compare_similarity
from metgan.training import TrainingData, load_data

from .conftest import CONFIG, weights

pytestmark = pytest.mark.usefixtures("one_thread")
PAIR = find_methods("metgan,pix2pix")


@pytest.fixture(scope="module")
def data(small_pairs: PairSet) -> TrainingData:
    return load_data(small_pairs, 0)


@pytest.fixture(scope="module")
def study(data: TrainingData, small_pairs: PairSet, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("study"), small_pairs, data, CONFIG)


@pytest.fixture(scope="module", params=[pytest.param("whole", marks=pytest.mark.slow)])
def held(study: Study) -> Comparison:
    comparison = compare_similarity(study, PAIR)
    comparison.check()
    assert not [*study.folder.iterdir()]  # a check writes nothing
    comparison.run()
    return comparison


def test_every_file_that_is_promised_is_there(held: Comparison) -> None:
    names = {path.name for path in held.out.iterdir()}
    assert names == {"scores.csv", "statistics.csv"}  # pages are made of what is returned


def test_every_method_is_scored_on_every_test_image_and_none_else(held: Comparison, study: Study) -> None:
    scores = pd.read_csv(held.out / "scores.csv")
    for method in PAIR:
        assert [*scores[scores["method"] == method.name]["name"]] == [*study.data.split.test]


def test_both_players_trained_with_one_segmentor_and_the_referee_is_another(
    held: Comparison, study: Study
) -> None:
    """Pix2Pix has no segmentation term; the segmentor chooses its weights alone."""
    cards = [read_card(study.folder / "clean" / "runs" / f"{method.name}-seed0") for method in PAIR]
    assert len({card.segmentor for card in cards}) == 1
    assert [card.generator for card in cards] == ["metgen", "pix2pix"]
    assert read_card(study.independent_segmentor).seed != read_card(study.folder / "clean" / "segmentor").seed


def test_what_is_finished_is_never_trained_again_and_seeds_can_be_added(
    held: Comparison, study: Study
) -> None:
    before = {name: rest for name, *rest in weights(study.folder)}
    more = replace(study, config=replace(CONFIG, seeds=2))
    compare_similarity(more, PAIR[1:]).run()
    after = {name: rest for name, *rest in weights(study.folder)}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"clean/runs/pix2pix-seed1/model.safetensors"}
    table = pd.read_csv(held.out / "statistics.csv").set_index(["method", "score"])
    assert table.loc[("pix2pix", "mae"), "seed_sd"] > 0
    held.run()  # leaves the folder as the other tests expect it


def test_scores_of_another_test_part_are_taken_anew(
    held: Comparison, study: Study, small_pairs: PairSet, tmp_path: Path
) -> None:
    """The runs stay valid when a test image is replaced; their scores do not."""
    pairs = PairSet.open(shutil.copytree(small_pairs.root, tmp_path / "pairs"))
    path = pairs.select(study.data.split.test).entries[0].paths["tumour"]
    write_image(path, read_image(path)[::-1].copy())
    scored = study.folder / "clean" / "scores" / "pix2pix-seed0" / "scores.csv"
    before = pd.read_csv(scored)["mae"]
    compare_similarity(replace(study, pairs=pairs), PAIR[1:]).run()
    changed = pd.read_csv(scored)["mae"] != before
    assert [*changed] == [True] + [False] * (len(changed) - 1)
    held.run()


def test_a_study_under_other_rules_is_refused(held: Comparison, study: Study) -> None:
    other = replace(study, config=replace(CONFIG, training=replace(CONFIG.training, learning_rate=2e-3)))
    with pytest.raises(StorageError, match=r"learning_rate 0\.001; expected learning_rate 0\.002"):
        compare_similarity(other, PAIR).check()


def test_a_cell_that_was_killed_ends_as_if_it_had_not_been(
    held: Comparison, study: Study, tmp_path: Path
) -> None:
    """It is interrupted where it would save; what follows must give the same bytes."""
    recipe = replace(CONFIG.training, validations=2)
    config = replace(CONFIG, training=recipe)
    whole, cut = (replace(study, folder=tmp_path / name, config=config) for name in ("whole", "cut"))
    compare_similarity(whole, PAIR[1:]).run()
    first = {name: content for name, content, _ in weights(whole.folder)}

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("metgan.training.checkpoint.RunState.save", kill)
        with pytest.raises(KeyboardInterrupt):
            compare_similarity(cut, PAIR[1:]).run()
    compare_similarity(cut, PAIR[1:]).run()
    assert {name: content for name, content, _ in weights(cut.folder)} == first


def test_shuffled_labels_are_trained_on_beside_clean_ones_and_clean_runs_are_shared(
    held: Comparison, study: Study
) -> None:
    before = {name: rest for name, *rest in weights(study.folder)}
    comparison = compare_robustness(study, PAIR[1:], 0.5)
    comparison.check()
    comparison.run()
    after = {name: rest for name, *rest in weights(study.folder)}
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in set(after) - set(before)} == {"shuffled"}
    table = pd.read_csv(comparison.out / "statistics.csv")
    assert [*table["method"].unique()] == ["pix2pix", "pix2pix-shuffled"]
    assert comparison.against == {"pix2pix-shuffled": "pix2pix"}


def test_labels_are_shuffled_by_the_seed_in_training_and_validation(data: TrainingData) -> None:
    one, again, other = (data.with_shuffled_labels(1.0, seed) for seed in (0, 0, 1))
    assert one.checksum == again.checksum
    assert one.checksum != other.checksum
    for before, after in ((data.train, one.train), (data.val, one.val)):
        moved = [not np.array_equal(a.label, b.label) for a, b in zip(before, after, strict=True)]
        assert sum(moved) > len(moved) / 2
        assert all(a.tumour is b.tumour for a, b in zip(before, after, strict=True))
    assert (one.split, one.normalisation) == (data.split, data.normalisation)


def test_an_ablation_tests_every_decision_against_metgan(study: Study) -> None:
    comparison = compare_ablation(study)
    names = [
        method_group.named(method).name
        for method_group in comparison.method_groups
        for method in method_group.methods
    ]
    assert names == ["metgan", *(row.name for row in ABLATIONS), "metgan-per-image"]
    assert set(comparison.against) == set(names[1:])
    clean, scaled = (
        method_group.method_runs.data.normalisation.tumour for method_group in comparison.method_groups
    )
    assert (clean.per_image, scaled.per_image) == (False, True)
    assert all(
        method_group.method_runs.units == study.data.normalisation
        for method_group in comparison.method_groups
    )


@pytest.mark.slow
def test_a_painter_in_another_normalisation_is_scored_in_the_common_one(study: Study) -> None:
    """Scored in its own units, its error would be measured on another scale."""
    comparison = compare_ablation(study)
    method_group = replace(comparison.method_groups[1], methods=PAIR[1:])
    comparison = replace(comparison, method_groups=[method_group], against={})
    comparison.run()
    summary = json.loads(
        (method_group.method_runs.folder / "scores" / "pix2pix-seed0" / "summary.json").read_text()
    )
    images = [study.data.normalisation.apply(pair.tumour, "tumour") for pair in StoredPairs(study.test)]
    mean = study.data.mean("tumour")
    flat = np.mean([np.abs(image - mean).mean() for image in images])
    assert summary["training mean"]["mae"] == pytest.approx(flat)


def test_a_share_of_shuffled_labels_is_not_rounded_away(study: Study) -> None:
    _, shuffled = compare_robustness(study, PAIR, 0.004).method_groups
    assert shuffled.words == ", 0.4% of labels shuffled"
