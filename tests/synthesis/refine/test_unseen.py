"""Tumours inserted into unlabelled scans that the segmentor which labelled these does not see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from metgan.data import PairSet, StoredPairs, part_of
from metgan.errors import EmptyDrawError, StorageError
from metgan.labels import Real
from metgan.models import SegmentorPredictor, pseudo_label
from metgan.objects import RING_GAP, sizes
from metgan.synthesis import (
    GenerationRequest,
    Inpainter,
    Insert,
    Mix,
    PairPlans,
    PairStream,
    UnseenSummary,
    generate,
    generate_pair,
    open_gate,
    sum_up_unseen,
)

from .test_insert import EIGHT, Halves, Painting


class Sighted(Halves):
    """As `Halves`; of what is brighter than the scan, it sees what lies in the left half, or nothing."""

    def __init__(self, pairs: PairSet, *, sees: bool = True) -> None:
        self.real = {pair.anatomy.shape: [] for pair in StoredPairs(pairs.unlabelled)}
        for pair in StoredPairs(pairs.unlabelled):
            self.real[pair.anatomy.shape].append(pair.tumour)
        self.sees = sees

    def predict_proba_all(self, images: list[np.ndarray]) -> list[np.ndarray]:
        outputs = super().predict_proba_all(images)
        for image, output in zip(images, outputs, strict=True):
            added = min((image != real for real in self.real[image.shape]), key=np.sum)
            output[added & self.sees & (np.arange(image.shape[1]) < 32)] = 0.9
        return outputs


@pytest.fixture
def annotated(small_pairs: PairSet) -> GenerationRequest:
    train = part_of(small_pairs.entries, "train", None)
    return GenerationRequest(train, train, Real(), 4, 0, (Insert(),))


@pytest.fixture
def read(annotated: GenerationRequest, scans: Path, tmp_path: Path) -> GenerationRequest:
    """Four pairs of the four scans; who labelled them reads the finished images, in the left half alone."""
    reader: SegmentorPredictor = Halves()  # type: ignore[assignment]  # reads
    labelled = pseudo_label(reader, PairSet.open(scans).unlabelled, tmp_path / "read")
    return replace(annotated, anatomies=labelled, reader=Sighted(PairSet.open(scans)))


def bright(inpainter: Inpainter) -> Inpainter:
    """Return what paints tumours at 4000 on tissue at 500, in the units of an inpainter."""
    painting = Painting(4000)
    painting.card, painting.fingerprint = inpainter.card, inpainter.fingerprint  # type: ignore[attr-defined, assignment]
    painting.device, painting.held_out = inpainter.device, inpainter.held_out  # type: ignore[attr-defined]
    return painting  # type: ignore[return-value]  # paints


@pytest.mark.slow
def test_inserted_tumours_that_the_segmentor_does_not_see_are_ignored_with_a_rim(
    inpainter: Inpainter, read: GenerationRequest, tmp_path: Path
) -> None:
    made = generate(bright(inpainter), read, tmp_path / "made")
    plain = generate(bright(inpainter), replace(read, reader=None), tmp_path / "plain")
    plans, counts = PairPlans(read), []
    for pair in StoredPairs(made):
        number = int(pair.entry.provenance["number"])
        plan = next(p for p in (plans.draw(number, k) for k in range(32)) if _left(p.asked).any())
        asked, unseen = plan.asked, plan.asked & ~_left(plan.asked)
        assert np.array_equal(pair.label, plan.real.label | asked & ~unseen)  # type: ignore[union-attr]
        rim = ndimage.binary_dilation(unseen, EIGHT, RING_GAP + 1) & ~pair.label
        assert np.array_equal(pair.ignored, plan.real.ignored | rim)  # type: ignore[union-attr]
        assert not (pair.ignored & pair.label).any()
        assert pair.entry.provenance["unseen"] == str(len(sizes(unseen)))
        counts.append((len(sizes(asked)), len(sizes(unseen))))
    assert any(unseen for _, unseen in counts)
    inserted, unseen = map(sum, zip(*counts, strict=True))
    assert sum_up_unseen(made) == UnseenSummary(inserted, unseen)
    assert {entry.provenance["unseen"] for entry in plain} == {""}
    assert sum_up_unseen(plain) is None


def _left(asked: np.ndarray) -> np.ndarray:
    """The tumours of which half or more lies in the left half of an image: `Sighted` sees them."""
    numbered, count = ndimage.label(asked, EIGHT)
    seen = np.zeros_like(asked)
    for number in range(1, count + 1):
        shape = numbered == number
        output = np.where(np.arange(64) < 32, np.float32(0.9), np.float32(0.0))[None].repeat(64, 0)
        output[40:50, 4:20] = np.where(shape[40:50, 4:20], output[40:50, 4:20], 0.5)
        seen |= shape & (output[shape].mean() >= 0.5)
    return seen


def test_a_pair_of_which_no_inserted_tumour_is_seen_is_drawn_again_and_refused_in_the_end(
    inpainter: Inpainter, read: GenerationRequest, scans: Path
) -> None:
    plans = PairPlans(read)
    number = next(k for k in range(99) if not _left(plans.draw(k).asked).any())
    attempt = next(k for k in range(1, 32) if _left(plans.draw(number, k).asked).any())
    again = generate_pair(bright(inpainter), plans, number, None)
    assert np.array_equal(again.plan.asked, plans.draw(number, attempt).asked)
    blind = PairPlans(replace(read, reader=Sighted(PairSet.open(scans), sees=False)))
    with pytest.raises(EmptyDrawError, match="of which the segmentor that labelled it sees none"):
        generate_pair(bright(inpainter), blind, 0, None)


def test_a_scan_in_which_nothing_is_seen_gives_its_place_to_the_next_of_its_epoch(
    inpainter: Inpainter, read: GenerationRequest, scans: Path
) -> None:
    plans = PairPlans(read)
    dull = plans.source_of(0)
    tumour = PairSet.open(scans).read(dull.name).tumour

    class Sleepy(Sighted):
        def predict_proba_all(self, images: list[np.ndarray]) -> list[np.ndarray]:
            outputs = super().predict_proba_all(images)
            is_dull = [(image == tumour).mean() > 0.5 for image in images]
            return [output * (not dulled) for output, dulled in zip(outputs, is_dull, strict=True)]

    plans = PairPlans(replace(read, reader=Sleepy(PairSet.open(scans))))
    painted = generate_pair(bright(inpainter), plans, 0, None)
    order = [plans.draw(0, 8, skip).source.name for skip in range(4)]
    assert order[0] == dull.name
    assert painted.plan.source.name in order[1:]


@pytest.mark.slow
def test_tumours_in_annotated_images_are_not_read_whoever_could(
    inpainter: Inpainter, annotated: GenerationRequest, scans: Path, tmp_path: Path
) -> None:
    blind = replace(annotated, reader=Sighted(PairSet.open(scans), sees=False))
    made, plain = (generate(inpainter, asked, tmp_path / str(id(asked))) for asked in (blind, annotated))
    for entry, same in zip(made, plain, strict=True):
        assert all(entry.paths[kind].read_bytes() == path.read_bytes() for kind, path in same.paths.items())
        assert entry.provenance["unseen"] == ""


def test_a_set_is_not_resumed_with_another_reader(
    inpainter: Inpainter, read: GenerationRequest, tmp_path: Path
) -> None:
    generate(bright(inpainter), replace(read, count=1), tmp_path / "made")
    with pytest.raises(StorageError, match="read by 0a1b2c3d"):
        generate(bright(inpainter), replace(read, reader=None), tmp_path / "made")


def test_a_stream_and_a_gate_leave_unseen_tumours_out(
    inpainter: Inpainter, read: GenerationRequest, segmentor_run: Path
) -> None:
    """A judge that finds all that is bright takes an unseen tumour neither for found nor for false."""
    plans = PairPlans(read)
    painted = next(
        one
        for one in (generate_pair(bright(inpainter), plans, k, None) for k in range(99))
        if one.plan.unseen is not None and one.plan.unseen.any()
    )
    opened = open_gate(segmentor_run, inpainter)
    judge = SimpleNamespace(predict_all=lambda _: [painted.plan.asked])
    opened.predictor = judge  # type: ignore[assignment]  # reads
    (scores,) = opened.score([(painted.plan, painted.tumour)])
    assert (scores.recall, scores.false_area) == (1.0, 0.0)
    (unmarked,) = opened.score([(replace(painted.plan, unseen=painted.plan.asked), painted.tumour)])
    assert np.isnan(unmarked.recall)
    stream = PairStream(bright(inpainter), read, [], Mix(synthetic=1))
    pair = stream.whole(0)
    first = generate_pair(bright(inpainter), plans, 0, None).plan
    assert np.array_equal(pair.label, first.label)
    assert np.array_equal(pair.ignored, first.ignored)
    assert f"read by {Sighted.fingerprint}" in str(stream)
