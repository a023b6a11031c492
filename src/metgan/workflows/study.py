"""The comparisons of the paper, on the user's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from metgan.data import PairSet
from metgan.errors import SettingError
from metgan.methods import find_methods
from metgan.progress import Listener, listening
from metgan.reporting import comparison_report
from metgan.studies import (
    Comparison,
    SharedConfig,
    Study,
    compare_ablation,
    compare_robustness,
    compare_similarity,
)
from metgan.training import load_data

from .study_call import StudyCall, StudyRequest, StudyResult, reserve_study

_QUICK: dict[str, Any] = {
    "preset": "small",
    "training": {"steps": 120, "crop": 64, "validations": 4},
    "segmentor": {"steps": 120, "validations": 3},
}


@dataclass(frozen=True, kw_only=True)
class SimilarityRequest(StudyRequest):
    """Methods to be trained alike, and compared by the images they generate: Table 1 and Fig. 3 of the paper.

    Parameters
    ----------
    methods : str or None
        "table1" (seven), "table3" (four), "all" (nine), or names with commas between them. Default:
        table1, or those of before with --resume.
    """

    methods: str | None = None


@dataclass(frozen=True, kw_only=True)
class RobustnessRequest(StudyRequest):
    """Methods to be trained with partly shuffled labels, beside clean ones: Fig. 6 of the paper.

    Parameters
    ----------
    methods : str or None
        Methods, named as for metgan study similarity. Default: metgan,pix2pix,cyclegan.
    share : float or None
        Share of the training and validation labels that are passed on to wrong images, above 0, at most 1.
        Default: 0.25.
    """

    methods: str | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share is not None and not 0 < self.share <= 1:
            raise SettingError(f"share is {self.share}", "a number above 0, at most 1", "Choose 0.25")


def similarity(request: SimilarityRequest, on_event: Listener | None = None) -> StudyResult:
    """Train methods alike and compare the images they generate."""
    with listening(on_event), reserve_study("similarity", request) as call:
        asked = call.asked(methods=(request.methods, "table1"))
        rows = find_methods(asked["methods"])
        return _compare(call, asked, lambda study: compare_similarity(study, rows))


def robustness(request: RobustnessRequest, on_event: Listener | None = None) -> StudyResult:
    """Train methods with clean and with partly shuffled labels, and compare the images they generate."""
    with listening(on_event), reserve_study("robustness", request) as call:
        asked = call.asked(methods=(request.methods, "metgan,pix2pix,cyclegan"), share=(request.share, 0.25))
        rows, share = find_methods(asked["methods"]), asked["share"]
        return _compare(call, asked, lambda study: compare_robustness(study, rows, share))


def ablation(request: StudyRequest, on_event: Listener | None = None) -> StudyResult:
    """Train MetGAN with one decision at a time made as its release made it."""
    with listening(on_event), reserve_study("ablation", request) as call:
        return _compare(call, call.asked(), compare_ablation)


def _compare(call: StudyCall, asked: dict[str, Any], compare: Callable[[Study], Comparison]) -> StudyResult:
    def plan(pairs: PairSet, shared: SharedConfig) -> Comparison:
        return compare(Study(call.request.out, pairs, load_data(pairs, shared.seed), shared))

    return call.run(_QUICK, asked, plan, lambda found: comparison_report(found, call.request.data))
