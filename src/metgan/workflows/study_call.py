"""What every study is asked for, and what it does: plan, check, claim its folder, note its settings, run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from metgan.checked import Checked
from metgan.data import PairSet
from metgan.io import has_file, write_json
from metgan.reporting import Report, Section
from metgan.studies import SharedConfig

from .output import NEW_FOLDER, STUDY, Output, OutputPolicy, checkpoints, reserve, was_finished
from .pair_sets import open_labelled
from .ranges import STEPS, check_ranges
from .settings import CONFIG_FILE, PRESET, TrainingSettings, refuse_other_settings, resolve_study

_ASKED_FILE = "asked.json"
_MOST_SEEDS = 1000

TAKE_UNLABELLED = "are used as unlabelled pairs by the training sets that take them"
"""What becomes of pairs without a label where training sets are compared."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions(Checked):
    """How large the study is.

    Parameters
    ----------
    seeds : int or None
        How often everything that is compared is trained, 1 or more, with the seeds --seed, --seed + 1 and
        so on. Default: 1, or as often as before with --resume.
    segmentor_steps : int or None
        Length in batches of the training of each segmentor: in the loop, the independent segmentor, those
        that are compared. Default: the preset's.
    quick : bool
        A coarse answer in minutes: --preset small, and short trainings.
    """

    seeds: int | None = None
    segmentor_steps: int | None = None
    quick: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, seeds=(1, _MOST_SEEDS), segmentor_steps=STEPS)


@dataclass(frozen=True, kw_only=True)
class StudyRequest(Checked):
    """A study to be run on a pair set.

    Parameters
    ----------
    data : Path
        Pair set: anatomy/, tumour/, label/ with same-named images.
    out : Path
        Folder of the study. What was found goes to a folder of the study's name in it: scores.csv,
        statistics.csv, tables.md, report.html, and grid.png or tumours.csv.
    options : StudyOptions
    settings : TrainingSettings
    output : OutputPolicy
    """

    data: Path
    out: Path
    options: StudyOptions = StudyOptions()
    settings: TrainingSettings = PRESET
    output: OutputPolicy = NEW_FOLDER


@dataclass(frozen=True)
class StudyResult:
    """Where a study is, what it found, and whether all of it was trained before the call."""

    out: Path
    sections: Sequence[Section]
    was_finished: bool


Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)


class PlannedStudy(Protocol[Found_co]):
    """A study that is planned: it can be checked, and then run."""

    @property
    def out(self) -> Path:
        """Folder of what is found."""

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be run; `anew`: in an emptied folder."""

    def run(self) -> Found_co:
        """Train and score what is not yet, write the scores, and return what was found."""


@dataclass(frozen=True)
class StudyCall:
    """A study's request while its folder is held; `study` names its folder there.

    `use` says what becomes of pairs without a label, see `open_labelled`.
    """

    study: str
    request: StudyRequest
    output: Output
    use: str = ""

    def asked(self, **options: tuple[Any, Any]) -> dict[str, Any]:
        """Return what is asked for: each option as given, or else as before with --resume, or its default."""
        file = self.output.path / self.study / _ASKED_FILE
        resumes = self.output.policy.resume and has_file(file)
        before = json.loads(file.read_text(encoding="utf-8")) if resumes else {}
        return {
            name: before.get(name, default) if given is None else given
            for name, (given, default) in {**options, "seeds": (self.request.options.seeds, 1)}.items()
        }

    def run(
        self,
        quick: dict[str, Any],
        asked: dict[str, Any],
        plan: Callable[[PairSet, SharedConfig], PlannedStudy[Found]],
        report: Callable[[Found], Report],
    ) -> StudyResult:
        """Plan, check, claim the folder, note what is asked for, run the study, and write its report.

        `quick` are the settings that --quick means for this study.
        """
        request, output, policy = self.request, self.output, self.output.policy
        segmentor, meant = {"steps": request.options.segmentor_steps}, quick if request.options.quick else {}
        experiment = resolve_study(output, self.study, request.settings, meant, segmentor)
        shared = SharedConfig(
            experiment.preset,
            experiment.training,
            experiment.segmentor,
            experiment.engine,
            experiment.seed,
            asked["seeds"],
        )
        planned = plan(open_labelled(request.data, self.use), shared)
        planned.check(anew=policy.overwrite)
        refuse_other_settings(planned.out / CONFIG_FILE, policy, experiment)
        before = checkpoints(output.path)  # where all that is compared is trained
        with output.prepared():
            for folder in (output.path, planned.out):  # the next study's default, and this one's for good
                experiment.save(folder / CONFIG_FILE)
            write_json(planned.out / _ASKED_FILE, asked)
            page = report(planned.run())
            page.save_tables(planned.out)
            page.save(planned.out)
        return StudyResult(planned.out, page.sections, was_finished(output.path, before))


@contextmanager
def reserve_study(
    study: str, request: StudyRequest, use: str = "", *inputs: Path | None
) -> Iterator[StudyCall]:
    """Hold the folder of a study, which must hold none of its `inputs`; a second call is refused at once."""
    verb = f"metgan study {study}"
    with reserve(request.out, STUDY, verb, request.output, [request.data, *inputs]) as output:
        yield StudyCall(study, request, output, use)
