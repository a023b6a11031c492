"""The gate: what passes it, what is drawn again, and what is said of it.

The independent segmentor and the generators are those of conftest.py: it is known beforehand what should
fall.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan.data import (
    Entry,
    FillValues,
    PairSet,
    StoredPairs,
    fit_pairs,
    part_of,
    read_pair,
    read_table,
    write_pair,
)
from metgan.errors import LeakageError, SettingError, StorageError
from metgan.io import fingerprint
from metgan.labels import Real
from metgan.metrics import evaluate_detection
from metgan.models import MODEL_FILE
from metgan.synthesis import (
    GATE_FILE,
    Gate,
    GateLimits,
    GateScores,
    GenerationRequest,
    Inpainter,
    PairPlan,
    PairPlans,
    generate,
    generate_pair,
    generate_pairs,
    load,
    open_gate,
)
from metgan.types import AnyArray, Camera

from .conftest import UNITS, Moody, Obedient

pytestmark = pytest.mark.usefixtures("one_thread", "one_by_one")

Made = Callable[..., list[dict[str, str]]]


class Deaf(Obedient):
    """Paints the background alone, whatever the label asks for."""

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        return super().inpaint(anatomy, np.zeros_like(label))


class PowerCut(Moody):
    """Works for five calls."""

    def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
        if self.calls == 5:
            raise KeyboardInterrupt
        return super().inpaint(anatomy, label)


@pytest.fixture
def made(
    inpainter: Inpainter, small_pairs: PairSet, wanted: GenerationRequest, gate: Gate, tmp_path: Path
) -> Made:
    """Generate four pairs with a generator; returns the rows of the table."""

    def made(kind: type[Obedient], folder: str, gate: Gate | None = gate) -> list[dict[str, str]]:
        stand_in = kind(inpainter, small_pairs)
        generate(stand_in, wanted, tmp_path / folder, gate)  # type: ignore[arg-type]  # paints alike
        return read_table(tmp_path / folder)

    return made


def images(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.tif")}


def test_pairs_that_do_as_they_were_asked_pass_and_are_those_of_no_gate(made: Made, tmp_path: Path) -> None:
    rows = made(Obedient, "gated")
    assert {(row["gate"], row["attempts"], row["rejected"]) for row in rows} == {("passed", "1", "")}
    assert all(float(row["recall"]) >= 0.5 and float(row["contrast"]) > 1.05 for row in rows)
    assert all(row["nearest"] == "" for row in rows)  # all training images are of the anatomies' own animal
    open_rows = made(Obedient, "open", None)
    assert {(row["gate"], row["recall"], row["limits"]) for row in open_rows} == {("off", "", "")}
    assert images(tmp_path / "gated") == images(tmp_path / "open")
    assert not (tmp_path / "open" / GATE_FILE).exists()


def test_pairs_of_which_every_attempt_fails_are_kept_and_marked(made: Made, tmp_path: Path) -> None:
    rows = made(Deaf, "out")
    assert len(rows) == 4
    for row in rows:
        assert row["gate"].startswith("failed: recall 0 below 0.5")
        assert row["attempts"] == "4"
        assert all("recall" in reasons.split("+") for reasons in row["rejected"].split(";"))
    summary = json.loads((tmp_path / "out" / GATE_FILE).read_text())
    assert summary.pop("reasons")["recall"] == 16
    assert summary == {"pairs": 4, "passed": 0, "attempts": 16, "rejected": 16}


def test_a_pair_that_fails_is_drawn_again_with_another_label_for_the_same_anatomy(
    made: Made, wanted: GenerationRequest, tmp_path: Path
) -> None:
    rows = made(Moody, "out")
    assert {(row["gate"], row["attempts"]) for row in rows} == {("passed", "2")}
    plans = PairPlans(wanted)
    for number, pair in enumerate(StoredPairs(PairSet.open(tmp_path / "out"))):
        assert np.array_equal(pair.label, plans.draw(number, 1).label)
        assert not np.array_equal(pair.label, plans.draw(number).label)
        assert pair.entry.provenance["anatomy_source"] == plans.draw(number).source.name


@pytest.mark.slow
def test_a_killed_generation_goes_on_through_the_gate_to_the_same_bytes(made: Made, tmp_path: Path) -> None:
    made(Moody, "whole")
    with pytest.raises(KeyboardInterrupt):
        made(PowerCut, "cut")
    made(Moody, "cut")
    files = [path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*.*")]
    assert Path(GATE_FILE) in files
    for file in files:
        assert (tmp_path / "cut" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


def test_a_set_is_not_resumed_with_other_limits(made: Made, gate: Gate) -> None:
    made(Obedient, "out")
    other = Gate(gate.predictor, gate.training, GateLimits(attempts=2))
    for changed in (other, None):
        with pytest.raises(StorageError, match=r"pairs of limits recall>=0\.5"):
            made(Obedient, "out", changed)


def test_the_best_of_failed_attempts_is_the_one_with_the_fewest_faults(
    inpainter: Inpainter, small_pairs: PairSet, wanted: GenerationRequest, gate: Gate
) -> None:
    never = Gate(
        gate.predictor, gate.training, GateLimits(least_contrast=1000, most_contrast=1000, attempts=2)
    )
    moody = Moody(inpainter, small_pairs)
    kept = generate_pair(moody, PairPlans(wanted), 0, never)  # type: ignore[arg-type]  # paints alike
    assert kept.rejected == (("recall", "contrast"), ("contrast",))
    assert np.array_equal(kept.plan.label, PairPlans(wanted).draw(0, 1).label)


def test_a_generator_that_paints_a_training_image_from_memory_falls(
    inpainter: Inpainter, small_pairs: PairSet, gate: Gate
) -> None:
    """The anatomy is of the animal for testing; what is painted is an image of the one for training."""
    remembered = StoredPairs(small_pairs)[0].tumour

    class Parrot(Obedient):
        def inpaint(self, anatomy: AnyArray, label: AnyArray) -> Camera:
            return remembered

    test = part_of(small_pairs.entries, "test", None)
    plans = PairPlans(GenerationRequest(test, test, Real(), 1, 0))
    lenient = Gate(gate.predictor, gate.training, GateLimits(0, 1, 0, 1000, attempts=2))
    parrot, obedient = Parrot(inpainter, small_pairs), Obedient(inpainter, small_pairs)
    kept = generate_pair(parrot, plans, 0, lenient)  # type: ignore[arg-type]  # paints alike
    assert kept.rejected == (("nearest",), ("nearest",))
    honest = generate_pair(obedient, plans, 0, lenient)  # type: ignore[arg-type]  # paints alike
    assert honest.rejected == ()


def test_the_segmentor_in_the_loop_does_not_judge(
    segmentor_run: Path, inpainter: Inpainter, save_run: Callable[..., Path]
) -> None:
    trained_with_it = load(save_run(), "cpu")
    trained_with_it.card = replace(inpainter.card, segmentor=fingerprint(segmentor_run / MODEL_FILE))
    with pytest.raises(LeakageError, match="is the segmentor that the generator trained with"):
        open_gate(segmentor_run, trained_with_it)


def test_a_judge_of_another_camera_is_refused(
    segmentor_run: Path, small_pairs: PairSet, save_run: Callable[..., Path]
) -> None:
    pair = StoredPairs(small_pairs)[0]
    floats = fit_pairs([replace(pair, tumour=pair.tumour.astype(np.float32))])
    with pytest.raises(SettingError, match="takes uint16 images, and the generator makes float32"):
        open_gate(segmentor_run, load(save_run(0, floats), "cpu"))


@pytest.mark.parametrize(
    ("scores", "failed"),
    [
        (GateScores(1, 0, 2, 0.5), set()),
        (GateScores(nan, nan, nan, nan), set()),
        (GateScores(0.5, 0.02, 1.05, 0.05), set()),
        (GateScores(0.49, 0.021, 1.04, 0.04), {"recall", "false_area", "contrast", "nearest"}),
        (GateScores(1, 0, 21, 0.5), {"contrast"}),
    ],
)
def test_limits_themselves_pass_and_what_is_undefined_fails_nothing(
    scores: GateScores, failed: set[str]
) -> None:
    assert GateLimits().settled([], []).faults(scores).keys() == failed


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40))
def test_images_like_the_dimmest_and_brightest_tenth_of_training_images_pass(contrasts: list[float]) -> None:
    limits = GateLimits().settled(contrasts, contrasts)
    usual = [x for x in contrasts if np.quantile(contrasts, 0.1) <= x <= np.quantile(contrasts, 0.9)]
    assert not any(limits.faults(GateScores(1, 0, contrast, 1)) for contrast in usual)


def test_limits_of_contrast_are_half_and_twice_the_light_of_usual_tumours() -> None:
    """101 images of 2.00, 2.01 ... 3.00, whose 5th and 95th percentile are 2.05 and 2.95."""
    contrasts = [2 + k / 100 for k in range(101)]
    limits = GateLimits().settled(contrasts, contrasts)
    assert limits.least_contrast == pytest.approx(1 + 1.05 / 2, abs=0.011)
    assert limits.most_contrast == pytest.approx(1 + 2 * 1.95, abs=0.011)
    spoiling = [*contrasts, 0.0, 1e6, nan]
    spoilt = GateLimits().settled(spoiling, spoiling)
    assert limits.most_contrast == pytest.approx(spoilt.most_contrast, rel=0.02)
    assert limits.least_contrast == pytest.approx(spoilt.least_contrast, rel=0.02)


def test_limits_that_are_given_stay_and_those_of_nothing_are_fixed() -> None:
    assert str(GateLimits(0, 1, 1.1, 7).settled([50.0], [50.0])) == str(GateLimits(0, 1, 1.1, 7))
    assert "contrast=1.05..20.0" in str(GateLimits().settled([], []))
    with pytest.raises(SettingError, match="contrast from 9 to 3"):
        GateLimits(least_contrast=9).settled([2.0], [100.0])


def test_where_training_images_have_no_ratio_their_light_is_the_limit() -> None:
    """The median tumours of 101 images add 200, 201 ... 300; every second lies on surroundings below 0."""
    lights = [200.0 + k for k in range(101)]
    limits = GateLimits().settled([nan if k % 2 else 1e6 for k in range(101)], lights)
    assert (limits.least_light, limits.most_light) == pytest.approx((102.5, 590))
    assert "contrast=0.0..inf light=102.5..590 " in str(limits)
    assert limits.faults(GateScores(1, 0, 468, 1, light=250)) == {}
    assert limits.faults(GateScores(1, 0, 2, 1, light=90)) == {"light": "light 90 below 102.5"}
    assert limits.faults(GateScores(1, 0, 2, 1, light=600)).keys() == {"light"}
    with pytest.raises(SettingError, match=r"least_contrast is 1\.05.*Leave least_contrast out"):
        GateLimits(least_contrast=1.05).settled([nan, nan], [1.0, 2.0])


def test_the_gates_limits_are_those_of_the_labelled_training_images(
    segmentor_run: Path, inpainter: Inpainter, small_pairs: PairSet, gate: Gate
) -> None:
    train = part_of(small_pairs.entries, "train", None)
    pairs = [read_pair(entry) for entry in train]
    own = [evaluate_detection(pair.label, pair.label, pair.tumour) for pair in pairs]
    assert gate.limits == GateLimits().settled([s.contrast for s in own], [s.light for s in own])
    assert str(open_gate(segmentor_run, inpainter, train)) == str(gate)  # so that a generation is resumed
    unlabelled = [replace(entry, paths={"tumour": entry.paths["tumour"]}) for entry in train]
    assert open_gate(segmentor_run, inpainter, unlabelled).limits == GateLimits().settled([], [])


def test_tumours_of_a_camera_without_background_pass_by_its_own_limits(
    segmentor_run: Path, inpainter: Inpainter, small_pairs: PairSet, tmp_path: Path
) -> None:
    """The background is taken off, so that surroundings are near zero and ratios in the hundreds."""
    for pair in StoredPairs(small_pairs):
        dark = np.where(pair.label, 1000, (np.arange(pair.label.size) % 4).reshape(pair.label.shape))
        write_pair(tmp_path, pair.entry.name, pair.anatomy, dark.astype(np.uint16), pair.label)
    subtracted = PairSet.open(tmp_path)
    opened = open_gate(segmentor_run, inpainter, subtracted.entries)
    pair = StoredPairs(subtracted)[0]
    plan = PairPlan(pair.entry, pair.anatomy, pair.label, (), (), 0)
    (scores,) = opened.score([(plan, pair.tumour)])
    assert "contrast" not in opened.limits.faults(scores)
    assert "contrast" in GateLimits().settled([], []).faults(scores)


def test_a_pair_is_scored_without_the_fill_of_the_training_set(
    segmentor_run: Path, save_run: Callable[..., Path]
) -> None:
    """Fill of 9 x 5 pixels beside a tumour: less than 1 % of the image, which says nothing by itself."""
    rng = np.random.default_rng(0)
    anatomy, tumour = (rng.integers(90, 111, (80, 80)).astype(np.uint16) for _ in range(2))
    asked = np.zeros((80, 80), bool)
    asked[1:8, 7:13] = True
    tumour[asked] *= 3
    anatomy[:9, :5] = tumour[:9, :5] = 0
    plan = PairPlan(Entry("one", "animal", "", "", {}), anatomy, asked, (), (), 0)
    filled = replace(UNITS, fill=FillValues(0, 0, 100, 100))
    gates = [open_gate(segmentor_run, load(save_run(0, units), "cpu")) for units in (filled, UNITS)]
    known, blind = (gate.score([(plan, tumour)])[0].light for gate in gates)
    assert known == pytest.approx(tumour[asked].mean() - 100, rel=0.02)
    assert blind > known * 1.02


@pytest.mark.parametrize(
    "changes",
    [
        {"least_recall": 1.1},
        {"most_false_area": -0.1},
        {"least_contrast": 30, "most_contrast": 20},
        {"least_contrast": -1},
        {"most_contrast": nan},
        {"least_distance": 3},
        {"attempts": 0},
        {"least_recall": nan},
    ],
)
def test_limits_out_of_range_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(SettingError):
        GateLimits(**changes)  # type: ignore[arg-type]  # attempts is whole here


@pytest.mark.slow
def test_a_gated_pair_is_the_same_whichever_others_are_judged_with_it(
    inpainter: Inpainter, gate: Gate, wanted: GenerationRequest
) -> None:
    strict = Gate(gate.predictor, gate.training, replace(gate.limits, least_recall=0.9, attempts=3))
    plans = PairPlans(wanted)
    together = generate_pairs(inpainter, plans, range(4), strict)
    for number, pair in enumerate(together):
        alone = generate_pair(inpainter, PairPlans(wanted), number, strict)
        assert np.array_equal(alone.tumour, pair.tumour)
        assert repr(alone.scores) == repr(pair.scores)  # nan is not equal to itself
        assert (alone.rejected, alone.attempts) == (pair.rejected, pair.attempts)
    assert max(pair.attempts for pair in together) > 1  # some were drawn again
