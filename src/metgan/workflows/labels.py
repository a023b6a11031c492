"""How many pairs must be labelled, with and without metgan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metgan.data import PairSet
from metgan.progress import Listener, listening
from metgan.reporting import label_curve_report
from metgan.studies import LabelCurve, SharedConfig

from .ranges import COUNT, check_ranges
from .study_call import TAKE_UNLABELLED, StudyRequest, StudyResult, reserve_study

_QUICK: dict[str, Any] = {
    "preset": "small",
    "training": {"steps": 120, "crop": 64, "validations": 4},
    "segmentor": {"steps": 400, "learning_rate": 1e-3, "validations": 4},
}


@dataclass(frozen=True, kw_only=True)
class LabelsRequest(StudyRequest):
    """Segmentors to be trained on few labelled pairs, with and without metgan, and on all.

    Parameters
    ----------
    counts : tuple of int, or None
        Numbers of labelled pairs, in rising order, with commas between; the other pairs of a training part
        are taken as unlabelled. Default: 6,24,96, or those of before with --resume.
    folds : int or None
        Parts that are tested on in turn, 2 or more, by whole groups over all pairs: the split that the pair
        set states is not used. Default: 2, or as many as before with --resume.
    """

    counts: tuple[int, ...] | None = None
    folds: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, counts=COUNT, folds=(2, COUNT[1]))


def labels(request: LabelsRequest, on_event: Listener | None = None) -> StudyResult:
    """Train segmentors on few labelled pairs, with and without metgan, and compare what they find."""
    with listening(on_event), reserve_study("labels", request, TAKE_UNLABELLED) as call:
        asked = call.asked(counts=(request.counts, (6, 24, 96)), folds=(request.folds, 2))

        def plan(pairs: PairSet, shared: SharedConfig) -> LabelCurve:
            return LabelCurve(request.out, pairs, tuple(asked["counts"]), asked["folds"], shared)

        return call.run(_QUICK, asked, plan, lambda found: label_curve_report(found, request.data))
