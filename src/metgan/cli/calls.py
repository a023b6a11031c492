"""What every study is called with, and what every call does: plan, check, claim the folder, hold, show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Protocol

from cyclopts import Parameter

from metgan.data import PairSet
from metgan.experiment import Experiment
from metgan.io import has_file, prepare_output, write_json
from metgan.studies import Section, SharedConfig

from .folders import (
    CONFIG_FILE,
    STUDY,
    checkpoints,
    refuse_other_settings,
    reserved,
    resolve_study,
    show_tables,
    written_or_finished,
)
from .options import OutputPolicy, Positive, Training

_ASKED_FILE = "asked.json"


@Parameter(name="*")
@dataclass(frozen=True)
class StudyOptions:
    """How large the study is.

    Parameters
    ----------
    seeds
        How often everything that is compared is trained, 1 or more, with the seeds --seed, --seed + 1 and
        so on. Default: 1, or as often as before with --resume.
    segmentor_steps
        Length in batches of the training of each segmentor: in the loop, the independent segmentor, those
        that are compared. Default: the preset's.
    quick
        A coarse answer in minutes: --preset small, short trainings on crops of 64 pixels.
    """

    seeds: Positive | None = None
    segmentor_steps: Positive | None = None
    quick: Annotated[bool, Parameter(negative="")] = False


ONCE = StudyOptions()
"""One seed, in full length."""


class Question(Protocol):
    """A study that is planned: it can be checked, and then held."""

    @property
    def out(self) -> Path:
        """Folder of what is found."""
        ...  # a protocol has no body

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be held; `anew`: in an emptied folder."""
        ...  # a protocol has no body

    def hold(self, lead: str) -> Sequence[Section]:
        """Train, score and write; returns the sections."""
        ...  # a protocol has no body


Plan = Callable[[PairSet, SharedConfig], tuple[Question, str]]
"""Makes of pairs and rules the question, and the words that its report opens with."""


@dataclass(frozen=True)
class Call:
    """What every study is called with; `study` names its folder in `out`, which is held over the call."""

    study: str
    data: Path
    out: Path
    extent: StudyOptions
    options: Training
    place: OutputPolicy

    @classmethod
    @contextmanager
    def reserving(cls, *given: Any) -> Iterator[Call]:
        """Hold the folder of a call with these `given` values, so that a second one is refused at once."""
        call = cls(*given)
        with reserved(call.out, STUDY, call.verb, call.place, [call.data]) as place:
            yield replace(call, place=place)

    @property
    def verb(self) -> str:
        """What holds the folder, for whoever comes second."""
        return f"metgan study {self.study}"

    def asked(self, **options: tuple[Any, Any]) -> dict[str, Any]:
        """Return what is asked: an option as given, or else as before with --resume, or else its default."""
        file = self.out / self.study / _ASKED_FILE
        resumes = self.place.resume and has_file(file)
        before = json.loads(file.read_text(encoding="utf-8")) if resumes else {}
        return {
            name: before.get(name, default) if given is None else given
            for name, (given, default) in {**options, "seeds": (self.extent.seeds, 1)}.items()
        }

    def hold(self, quick: dict[str, Any], asked: dict[str, Any], plan: Plan) -> None:
        """Plan, check, claim the folder, note what is asked, hold the study and show its tables.

        `quick` are the settings that --quick means for this study.
        """
        place = self.place
        experiment = self._settings(quick)
        question, lead = plan(PairSet.open(self.data), _rules(experiment, asked["seeds"]))
        question.check(anew=place.overwrite)
        refuse_other_settings(question.out / CONFIG_FILE, place, experiment)
        before = checkpoints(question.out)
        with prepare_output(self.out, STUDY, self.verb, **asdict(place), inputs=[self.data]):
            for folder in (self.out, question.out):  # the next study's default, and this one's for good
                experiment.save(folder / CONFIG_FILE)
            write_json(question.out / _ASKED_FILE, asked)
            show_tables(question.hold(lead))
        written_or_finished(question.out, before)

    def _settings(self, quick: dict[str, Any]) -> Experiment:
        segmentor = {"steps": self.extent.segmentor_steps}
        meant = quick if self.extent.quick else {}
        return resolve_study(self.out, self.study, self.place, self.options, meant, segmentor)


def _rules(experiment: Experiment, seeds: int) -> SharedConfig:
    """Return the rules that an experiment sets for all."""
    return SharedConfig(
        experiment.preset,
        experiment.training,
        experiment.segmentor,
        experiment.engine,
        experiment.seed,
        seeds,
    )
