"""``metgan train``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from metgan.data import PairSet
from metgan.errors import SettingError
from metgan.io import has_folder
from metgan.methods import Method, find_method
from metgan.models import read_card
from metgan.progress import note
from metgan.studies import Report, training_section
from metgan.training import (
    SEGMENTOR_FOLDER,
    check_training,
    load_data,
    train_on,
)

from .folders import (
    RUN,
    checkpoints,
    note_warning,
    prepare_run,
    reserved,
    resolve_run,
    run_config_of,
    written_or_finished,
)
from .next_step import next_step, warning_of
from .options import NEW_FOLDER, PRESET, OutputPolicy, Positive, Training


@Parameter(name="*")
@dataclass(frozen=True)
class SegmentorChoice:
    """Which segmentor holds the generator to the label.

    Parameters
    ----------
    segmentor
        Run of a pretrained segmentor; it must not have seen a test group. Default: train one first.
    segmentor_steps
        Length of the segmentor's training in batches, 1 or more. Its batch size, crop and learning rate are
        those of the preset, or of [segmentor] in --config. Default: the preset's.
    """

    segmentor: Path | None = None
    segmentor_steps: Positive | None = None


_NEW_SEGMENTOR = SegmentorChoice()


def train(
    data: Path,
    /,
    *,
    out: Path,
    method: str | None = None,
    predictor: SegmentorChoice = _NEW_SEGMENTOR,
    options: Training = PRESET,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Train a method on a pair set, and its segmentor first where none is given.

    Parameters
    ----------
    data
        Pair set: anatomy/, tumour/, label/ with same-named images.
    out
        Run folder to write.
    method
        Row of the table of methods. Default: metgan.
    """
    if predictor.segmentor and predictor.segmentor_steps:
        raise SettingError(
            f"--segmentor {predictor.segmentor} and --segmentor-steps {predictor.segmentor_steps}",
            "a segmentor that is trained already, or the length of a training",
            "Leave one out",
        )
    given = {"steps": predictor.segmentor_steps}
    path = str(predictor.segmentor.resolve()) if predictor.segmentor else None
    with reserved(out, RUN, "metgan train", place, [data]) as place:
        before = checkpoints(out)
        experiment = resolve_run(
            out, place, options, "training", method=method, segmentor=given, pretrained_segmentor=path
        )
        segmentor = Path(experiment.pretrained_segmentor) if experiment.pretrained_segmentor else None
        row = find_method(experiment.method)
        run_config = run_config_of(experiment, out, place)
        training_data = load_data(PairSet.open(data), experiment.seed)
        check_training(row, run_config, training_data, experiment.segmentor, segmentor)
        with prepare_run(run_config, place, experiment, [data, *([segmentor] if segmentor else [])]):
            train_on(row, run_config, training_data, experiment.segmentor, segmentor)
            _report(out, data, row, experiment.preset).save(out / "report.html")
    if row.needs_segmentor:
        note_warning(segmentor or out / SEGMENTOR_FOLDER)
    if warning := warning_of(out):
        note(f"the generator {out}: {warning}")
    written_or_finished(out, before)


def _report(out: Path, data: Path, method: Method, preset: str) -> Report:
    sections = [training_section(out)]
    if has_folder(out / SEGMENTOR_FOLDER):
        sections.append(training_section(out / SEGMENTOR_FOLDER, "The segmentor in the loop"))
    card = read_card(out)
    lead = f"{method.title} ({method.source}), preset {preset}, trained on {data}. "
    lead += f"The weights kept are those of step {card.step}, "
    lead += "the last that were validated."
    if warning := warning_of(out):
        lead += f" Warning: {warning}."
    return Report(f"{method.title}: training", lead, [*sections, next_step(out, data)])
