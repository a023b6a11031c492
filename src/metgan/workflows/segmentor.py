"""Training a segmentor on a pair set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metgan.checked import Checked
from metgan.data import PairSet, load_split
from metgan.progress import Listener, listening
from metgan.reporting import segmentor_report
from metgan.studies import read_history
from metgan.training import check_segmentor_config, load_data, load_training_data, train_segmentor

from .output import NEW_FOLDER, RUN, OutputPolicy, checkpoints, note_warning, reserve, was_finished
from .settings import PRESET, TrainingSettings, resolve_run, segmentor_config_of
from .train import TrainResult, prepared_run


@dataclass(frozen=True, kw_only=True)
class SegmentorRequest(Checked):
    """A segmentor's training to be made, on a pair set's tumour images and labels.

    Parameters
    ----------
    data : Path
        Pair set: anatomy/, tumour/, label/ with same-named images.
    out : Path
        Run folder to write.
    split : Path or None
        splits.json of another run, to train on exactly its training part (as an independent segmentor for it
        must).
    settings : TrainingSettings
    output : OutputPolicy
    """

    data: Path
    out: Path
    split: Path | None = None
    settings: TrainingSettings = PRESET
    output: OutputPolicy = NEW_FOLDER


def segmentor(request: SegmentorRequest, on_event: Listener | None = None) -> TrainResult:
    """Train a segmentor; writes the run folder and its report.

    Parameters and errors are those of `metgan.workflows.train`.
    """
    out, inputs = request.out, [request.data]
    with listening(on_event), reserve(out, RUN, "metgan segmentor", request.output, inputs) as output:
        before = checkpoints(out)
        experiment = resolve_run(output, request.settings, "segmentor")
        run_config = segmentor_config_of(experiment, out, output.policy)
        pairs = PairSet.open(request.data)
        data = (
            load_training_data(pairs, load_split(request.split))
            if request.split
            else load_data(pairs, experiment.seed)
        )
        check_segmentor_config(run_config, data)
        with prepared_run(output, run_config, experiment):
            train_segmentor(run_config, data)
            segmentor_report(read_history(out), experiment.preset, request.data).save(out)
        note_warning(out)
        return TrainResult(out, was_finished(out, before))
