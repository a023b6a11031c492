"""Scores of generators whose worth is known: an oracle, one that ignores the label, and a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from metgan.data import SPLIT_FILE, Pair, PairSet, StoredPairs, part_of, save_split, write_pair
from metgan.errors import ArrayError, LeakageError
from metgan.io import fingerprint
from metgan.metrics import Overlap
from metgan.models import MODEL_FILE, ModelCard, load_generator, load_independent_segmentor, save_model
from metgan.networks import PRESETS, MetGen, build
from metgan.studies import Evaluation, IndependentSegmentorSource, evaluate, open_evaluation
from metgan.synthesis import Inpainter, load
from metgan.training import (
    Engine,
    RunConfig,
    TrainConfig,
    TrainingData,
    load_training_data,
    split_pairs,
    train_segmentor,
)
from metgan.types import AnyArray, Camera

pytestmark = pytest.mark.usefixtures("one_thread")
EXACT = Engine(device="cpu", precision="fp32")
FIGURES = {
    "tumour recall",
    "tumour recall, 10 pixels and more",
    "tumours asked for",
    "false objects per image",
    "false area",
    "pooled Dice",
    "median contrast",
    "median light added",
}
SIMILARITY = {"mae", "msd", "ssim", "correlation"}


@pytest.fixture(scope="module")
def data(small_pairs: PairSet) -> TrainingData:
    return load_training_data(small_pairs, split_pairs(small_pairs, seed=0))


@pytest.fixture(scope="module")
def test_part(small_pairs: PairSet) -> PairSet:
    return small_pairs.select(entry.name for entry in part_of(small_pairs.entries, "test", None))


@pytest.fixture(scope="module")
def independent_segmentor(segmentor_run: Path) -> Path:
    return segmentor_run


@pytest.fixture(scope="module")
def run(data: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with an untrained generator that says it has seen the training and validation part."""
    folder = tmp_path_factory.mktemp("run")
    network = build(lambda: MetGen(PRESETS["small"].metgen), 0).train()
    for scene in data.train:  # settles the statistics of its normalisation layers
        image = torch.from_numpy(data.normalisation.apply(scene.anatomy, "anatomy"))[None, None]
        with torch.no_grad():
            network(image, network.embed(torch.from_numpy(scene.label).float()[None, None]))
    card = ModelCard(
        "generator", "metgan", "metgen", "small", data.normalisation, data.groups_seen, "", 1, 1, 0, "test"
    )
    save_model(folder / MODEL_FILE, network.state_dict(), card)
    save_split(data.split, folder / SPLIT_FILE)
    return folder


@pytest.fixture(scope="module")
def inpainter(run: Path) -> Inpainter:
    return load(run, "cpu")


class Oracle(Inpainter):
    """Paints each test image as it really is."""

    def __init__(self, inpainter: Inpainter, pairs: PairSet) -> None:
        self.card, self.fingerprint, self.device = inpainter.card, "oracle", inpainter.device
        self.by_anatomy: Mapping[bytes, Pair] = {p.anatomy.tobytes(): p for p in StoredPairs(pairs)}

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        return self.by_anatomy[anatomy.tobytes()].tumour

    def inpaint_all(self, images: Sequence[tuple[AnyArray, AnyArray]]) -> list[Camera]:
        return [self.inpaint(*image) for image in images]


class Eraser(Oracle):
    """Paints the real image, but nothing that is brighter than its median."""

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        tumour = self.by_anatomy[anatomy.tobytes()].tumour
        return np.where(tumour > np.median(tumour), np.median(tumour), tumour).astype(tumour.dtype)


def score(inpainter: Inpainter, test: PairSet, independent_segmentor: Path, data: TrainingData) -> Evaluation:
    return evaluate(inpainter, test, independent_segmentor, data.mean("tumour"))[0]


def test_an_oracle_gets_full_marks_and_reads_like_the_real_images(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    evaluation = score(Oracle(inpainter, test_part), test_part, independent_segmentor, data)
    similarity = evaluation.similarity()
    assert (similarity.mae, similarity.msd) == (0, 0)
    assert (similarity.ssim, similarity.correlation) == pytest.approx((1, 1))
    assert evaluation.faithfulness() == evaluation.faithfulness_of_real()
    assert (
        evaluation.faithfulness_of_real().detection.true_positives > 0
    )  # the independent segmentor does see something


def test_what_is_read_where_a_test_label_says_nothing_counts_in_no_score(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData, tmp_path: Path
) -> None:
    for pair in StoredPairs(test_part):
        nowhere = np.ones(pair.label.shape, bool)
        write_pair(tmp_path, pair.entry.name, pair.anatomy, pair.tumour, pair.label, nowhere)
    unknown = PairSet.open(tmp_path)
    nothing = score(Oracle(inpainter, unknown), unknown, independent_segmentor, data)
    assert nothing.faithfulness().overlap == Overlap()
    assert np.isnan([nothing.similarity().mae, nothing.spectrum()]).all()
    known = score(Oracle(inpainter, test_part), test_part, independent_segmentor, data).faithfulness()
    assert known.overlap != Overlap()


def test_what_is_generated_where_a_test_label_says_nothing_counts_in_no_score(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData, tmp_path: Path
) -> None:
    class WhiteAbove(Oracle):
        def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
            tumour = super().inpaint(anatomy, label).copy()
            tumour[:20] = tumour.max()
            return tumour

    for pair in StoredPairs(test_part):
        above = np.zeros(pair.label.shape, bool)
        above[:20] = True
        write_pair(tmp_path, pair.entry.name, pair.anatomy, pair.tumour, pair.label & ~above, above)
    partly = PairSet.open(tmp_path)
    known = score(WhiteAbove(inpainter, test_part), test_part, independent_segmentor, data)
    found = score(WhiteAbove(inpainter, partly), partly, independent_segmentor, data)
    assert known.similarity().mae > 0.01
    assert found.similarity().mae == 0
    assert min(one.similarity.ssim for one in found.scores) == pytest.approx(1), "windows reach into it"
    assert min(one.outside.ssim for one in found.scores) == pytest.approx(1)
    assert all(one.outside.mae == one.spectrum == 0 for one in found.scores)
    assert all(
        one.generated.label_free <= 44 * 64 < known.scores[0].generated.label_free for one in found.scores
    )


def test_a_painter_without_tumours_is_found_out_by_the_referee(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    evaluation = score(Eraser(inpainter, test_part), test_part, independent_segmentor, data)
    erased, real = evaluation.faithfulness(), evaluation.faithfulness_of_real()
    assert erased.detection.recall == 0 < real.detection.recall
    assert erased.contrast < 1.1 < real.contrast
    assert evaluation.similarity().mae > 0


def test_a_painter_of_the_mean_gets_the_baseline(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    class Mean(Oracle):
        def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
            return self.card.normalisation.undo(np.full(anatomy.shape, data.mean("tumour")), "tumour")

    evaluation = score(Mean(inpainter, test_part), test_part, independent_segmentor, data)
    similarity, baseline = evaluation.similarity(), evaluation.baseline
    assert (similarity.mae, similarity.msd) == pytest.approx((baseline.mae, baseline.msd), rel=0.05)
    assert evaluation.summary()["generated / training mean"]["mae"] == pytest.approx(1, rel=0.05)


def test_a_generator_worse_than_a_flat_image_is_said_to_be_and_a_good_one_is_not(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    class White(Oracle):
        def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
            return self.card.normalisation.undo(np.ones(anatomy.shape, np.float32), "tumour")

    good = score(Oracle(inpainter, test_part), test_part, independent_segmentor, data)
    white = score(White(inpainter, test_part), test_part, independent_segmentor, data)
    said = [text for text in white.warnings if "flat image" in text]
    assert len(said) == 1
    assert f"{white.similarity().mae:.4f}" in said[0]
    assert f"{white.baseline.mae:.4f}" in said[0]
    assert not any("flat image" in text for text in good.warnings)


def test_likeness_is_that_of_a_calculation_by_hand(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    evaluation, painted = evaluate(inpainter, test_part, independent_segmentor, data.mean("tumour"))
    scale, errors = data.normalisation.tumour, []
    for pair in StoredPairs(test_part):
        images = (pair.tumour, inpainter.inpaint(pair.anatomy, pair.label))
        real, fake = (
            np.clip((i.astype(float) - scale.low) / (scale.high - scale.low) * 2 - 1, -1, 1) for i in images
        )
        errors.append(np.abs(fake - real).mean())
    assert evaluation.similarity().mae == pytest.approx(np.mean(errors), abs=1e-5)
    assert [p.entry.name for p in painted] == [entry.name for entry in test_part]


def test_the_scores_on_disk_have_a_row_per_image_and_a_summary_that_any_parser_reads(
    inpainter: Inpainter, test_part: PairSet, independent_segmentor: Path, data: TrainingData, tmp_path: Path
) -> None:
    evaluation = score(inpainter, test_part, independent_segmentor, data)
    evaluation.save(tmp_path)
    rows = pd.read_csv(tmp_path / "scores.csv")
    assert rows["name"].tolist() == [entry.name for entry in test_part]
    assert set(rows["group"]) == {"animal-test"}
    assert rows["mae"].mean() == pytest.approx(evaluation.similarity().mae, rel=1e-5)
    found = evaluation.faithfulness_of_real().detection
    assert rows["real_true_positives"].sum() == found.true_positives
    assert rows["real_false_negatives"].sum() == found.false_negatives

    summary = json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)  # no NaN
    regions = {f"{region}_{name}" for region in ("inside", "outside") for name in SIMILARITY}
    assert summary["generated"].keys() == SIMILARITY | regions | {"spectrum"} | FIGURES
    assert rows["inside_mae"].mean() == pytest.approx(evaluation.inside().mae, rel=1e-5)
    assert rows["spectrum"].mean() == pytest.approx(evaluation.spectrum(), rel=1e-5)
    assert summary["real"].keys() == FIGURES
    assert summary["training mean"].keys() == SIMILARITY
    assert summary["training mean"]["correlation"] is None  # a flat image has none
    assert summary["generated / training mean"].keys() == {"mae", "msd"}
    assert summary["images"] == 3
    assert (summary["model"], summary["step"]) == (inpainter.fingerprint, inpainter.card.step)
    assert summary["independent_segmentor"] == fingerprint(independent_segmentor / MODEL_FILE)


@pytest.mark.slow
def test_a_run_is_scored_on_the_test_part_of_its_split_by_a_referee_trained_for_it(
    run: Path, small_pairs: PairSet, test_part: PairSet, tmp_path: Path
) -> None:
    source = IndependentSegmentorSource(None, 2, tmp_path, EXACT)
    evaluation, painted = open_evaluation(run, small_pairs, source).score()
    assert [s.name for s in evaluation.scores] == [entry.name for entry in test_part]
    assert len(painted) == 3
    assert evaluation.independent_segmentor == fingerprint(tmp_path / "independent-segmentor" / MODEL_FILE)


def test_a_generator_that_saw_a_test_group_is_refused(
    inpainter: Inpainter, small_pairs: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    with pytest.raises(LeakageError, match=r"generator for testing has seen .*animal-train"):
        score(inpainter, small_pairs, independent_segmentor, data)


def test_a_referee_that_saw_a_test_group_is_refused(
    inpainter: Inpainter, test_part: PairSet, data: TrainingData, tmp_path: Path
) -> None:
    tainted = replace(data, groups_seen=("animal-test", "animal-train"))
    run_config = RunConfig(
        "segmentor", "small", TrainConfig(steps=1, crop=64, batch_size=2), EXACT, 0, tmp_path
    )
    train_segmentor(run_config, tainted)
    with pytest.raises(LeakageError, match=r"segmentor for judging has seen 1 test groups \(animal-test\)"):
        score(inpainter, test_part, tmp_path, data)


def test_the_segmentor_in_the_loop_is_refused_as_referee(
    run: Path, small_pairs: PairSet, independent_segmentor: Path, tmp_path: Path
) -> None:
    generator, card = load_generator(run)
    load_independent_segmentor(independent_segmentor, card, [], torch.device("cpu"))  # it trained with none
    in_loop = fingerprint(independent_segmentor / MODEL_FILE)
    save_model(tmp_path / MODEL_FILE, generator.state_dict(), replace(card, segmentor=in_loop))
    (tmp_path / SPLIT_FILE).write_bytes((run / SPLIT_FILE).read_bytes())
    with pytest.raises(LeakageError, match="segmentor that the generator trained with"):
        open_evaluation(
            tmp_path, small_pairs, IndependentSegmentorSource(independent_segmentor, None, tmp_path, EXACT)
        )


def test_an_empty_test_part_is_refused(
    inpainter: Inpainter, small_pairs: PairSet, independent_segmentor: Path, data: TrainingData
) -> None:
    with pytest.raises(ArrayError, match="empty test part"):
        score(inpainter, small_pairs.select([]), independent_segmentor, data)
