"""Training a segmentor on a pair set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from metgan.checked import Checked
from metgan.data import load_split
from metgan.progress import Listener, listening
from metgan.reporting import segmentor_report
from metgan.studies import read_history
from metgan.training import (
    RunConfig,
    augmented,
    check_segmentor_config,
    load_training_data,
    split_pairs,
    train_segmentor,
)

from .output import NEW_FOLDER, RUN, OutputPolicy, checkpoints, note_warning, reserve, was_finished
from .pair_sets import open_labelled, open_unlabelled
from .settings import PRESET, TrainingSettings, resolve_run
from .train import TrainResult, prepared_run


@dataclass(frozen=True, kw_only=True)
class SegmentorRequest(Checked):
    """A segmentor's training to be made, on a pair set's tumour images and labels.

    Unlabelled pairs are learned from too, by weak-to-strong consistency: an average of the segmentor's
    weights reads them, and what it is sure of must be found again in other light and noise. Labelled pairs
    are then augmented strongly, unless --config says how.

    Parameters
    ----------
    data : Path
        Pair set: anatomy/, tumour/, label/ with same-named images.
    out : Path
        Run folder to write.
    unlabelled : Path or None
        Pair set of further scans, whose labels are ignored; pairs of DATA without a label are
        learned from in any case. Default: none.
    split : Path or None
        splits.json of another run, to train on exactly its training part (as an independent segmentor for it
        must).
    settings : TrainingSettings
    output : OutputPolicy
    """

    data: Path
    out: Path
    unlabelled: Path | None = None
    split: Path | None = None
    settings: TrainingSettings = PRESET
    output: OutputPolicy = NEW_FOLDER


def segmentor(request: SegmentorRequest, on_event: Listener | None = None) -> TrainResult:
    """Train a segmentor; writes the run folder and its report.

    Parameters and errors are those of `metgan.workflows.train`.
    """
    out, inputs = request.out, [request.data, request.unlabelled, request.split]
    with listening(on_event), reserve(out, RUN, "metgan segmentor", request.output, inputs) as output:
        before = checkpoints(out)
        experiment = resolve_run(output, request.settings, "segmentor")
        pairs = open_labelled(request.data, "are trained on by consistency regularisation")
        split = load_split(request.split) if request.split else split_pairs(pairs, experiment.seed)
        data = load_training_data(pairs, split, open_unlabelled(request.unlabelled))
        experiment = replace(experiment, segmentor=augmented(experiment.segmentor, data))
        run_config = RunConfig(
            "segmentor",
            experiment.preset,
            experiment.segmentor,
            experiment.engine,
            experiment.seed,
            out,
            output.policy.resume,
            lengthen=True,
        )
        check_segmentor_config(run_config, data)
        with prepared_run(output, run_config, experiment):
            train_segmentor(run_config, data)
            segmentor_report(read_history(out), experiment.preset, request.data).save(out)
        note_warning(out)
        return TrainResult(out, was_finished(out, before))
