"""Training a method on a pair set, and its segmentor first where none is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.checked import Checked
from metgan.errors import SettingError
from metgan.experiment import Experiment
from metgan.methods import find_method
from metgan.progress import Listener, listening, note
from metgan.reporting import training_report
from metgan.studies import read_trained_run
from metgan.training import SEGMENTOR_FOLDER, MethodTraining, RunConfig, TrainConfig, augmented, load_data

from .output import (
    NEW_FOLDER,
    RUN,
    Output,
    OutputPolicy,
    check_model,
    checkpoints,
    note_warning,
    reserve,
    was_finished,
)
from .pair_sets import open_labelled, open_unlabelled
from .ranges import STEPS, check_ranges
from .settings import CONFIG_FILE, PRESET, TrainingSettings, refuse_other_settings, resolve_run, run_config_of


@dataclass(frozen=True, kw_only=True)
class SegmentorChoice(Checked):
    """Which segmentor holds the generator to the label.

    Parameters
    ----------
    segmentor : Path or None
        Run of a pretrained segmentor; it must not have seen a test group. Default: train one first.
    segmentor_steps : int or None
        Length of the segmentor's training in batches, 1 or more. Its batch size, crop and learning rate are
        those of the preset, or of [segmentor] in --config. Default: the preset's.
    """

    segmentor: Path | None = None
    segmentor_steps: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, segmentor_steps=STEPS)
        if self.segmentor and self.segmentor_steps:
            raise SettingError(
                f"--segmentor {self.segmentor} and --segmentor-steps {self.segmentor_steps}",
                "a segmentor that is trained already, or the length of a training",
                "Leave one out",
            )


@dataclass(frozen=True, kw_only=True)
class TrainRequest(Checked):
    """A training to be made.

    Parameters
    ----------
    data : Path
        Pair set: anatomy/, tumour/, label/ with same-named images.
    out : Path
        Run folder to write.
    unlabelled : Path or None
        Pair set of further scans, whose labels are ignored: the segmentor learns from them by
        consistency, see metgan segmentor, and the method by what the segmentor is sure of in them. Pairs of
        DATA without a label are used so in any case. Default: none.
    method : str or None
        What is trained: metgan, metgan-minus, metgencondseg, pix2pix, pix2pixseg, cyclegan, cycleganseg,
        metgen-cycle or metgen-cond. Default: metgan.
    segmentor : SegmentorChoice
    settings : TrainingSettings
    output : OutputPolicy
    """

    data: Path
    out: Path
    unlabelled: Path | None = None
    method: str | None = None
    segmentor: SegmentorChoice = SegmentorChoice()
    settings: TrainingSettings = PRESET
    output: OutputPolicy = NEW_FOLDER


@dataclass(frozen=True)
class TrainResult:
    """A run folder, and whether all of it was trained before the call."""

    run: Path
    was_finished: bool


def train(request: TrainRequest, on_event: Listener | None = None) -> TrainResult:
    """Train a method, and its segmentor first where none is given; writes the run folder and its report.

    Parameters
    ----------
    request : TrainRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError, SettingError, ArrayError, LeakageError, UnknownNameError
        When the data, the settings or the folder will not do; nothing is written then.
    DivergedError
        When a loss or a weight becomes NaN or infinite.
    """
    chosen, out = request.segmentor, request.out
    given = {"steps": chosen.segmentor_steps}
    path = str(chosen.segmentor.resolve()) if chosen.segmentor else None
    inputs = [request.data, request.unlabelled, chosen.segmentor]
    with listening(on_event), reserve(out, RUN, "metgan train", request.output, inputs) as output:
        before = checkpoints(out)
        experiment = resolve_run(
            output,
            request.settings,
            "training",
            method=request.method,
            segmentor=given,
            pretrained_segmentor=path,
        )
        segmentor = Path(experiment.pretrained_segmentor) if experiment.pretrained_segmentor else None
        row = find_method(experiment.method)
        run_config = run_config_of(experiment, out, output.policy)
        pairs = open_labelled(request.data, "are trained on with pseudo-labels from the segmentor")
        data = load_data(pairs, experiment.seed, open_unlabelled(request.unlabelled))
        experiment = replace(experiment, segmentor=augmented(experiment.segmentor, data))
        training = MethodTraining(row, run_config, data, experiment.segmentor, segmentor)
        with prepared_run(output, run_config, experiment, *([segmentor] if segmentor else [])):
            training.run()
            trained = read_trained_run(out)
            training_report(row, trained, request.data).save(out)
        if row.needs_segmentor:
            note_warning(segmentor or out / SEGMENTOR_FOLDER)
        if trained.warning:
            note(f"the generator {out}: {trained.warning}")
        return TrainResult(out, was_finished(out, before))


@contextmanager
def prepared_run(
    output: Output, run_config: RunConfig[TrainConfig], experiment: Experiment, *further: Path
) -> Iterator[None]:
    """Mark a run folder, once its data is checked, write its resolved ``config.toml``, and check the model.

    A checkpoint knows the settings that matter; before there is one, all of ``config.toml`` must agree but
    the length of the training itself, of which nothing is done.
    """
    file = run_config.folder / CONFIG_FILE
    if not run_config.resumes:
        section = "segmentor" if run_config.method == "segmentor" else "training"
        refuse_other_settings(file, output.policy, experiment, section)
    with output.prepared(*further):
        experiment.save(file)
        yield
        check_model(run_config.folder)
