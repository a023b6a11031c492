"""Training a segmentor, from data to model file.

Notes
-----
Before each validation the statistics of the segmentor's batch normalisation are taken anew from whole images:
Wu and Johnson 2021 (arXiv 2105.07576). The running averages of a training are of small crops and of weights
that were changing. In the coarsest cells of a crop the padded border has a larger part than in those of a
whole image, and segmentors that were trained for long on small crops read whole images badly, their own
training images among them, until the statistics were taken anew. docs/results has a trial.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch.optim.swa_utils import update_bn

from metgan.data import SPLIT_FILE, checksum, save_split
from metgan.models import MODEL_FILE, save_model
from metgan.networks import PRESETS, Segmentor, build

from .checkpoint import Identity, RunState
from .config import TrainConfig
from .consistency import Consistency, segmentor_batches
from .engine import place, seeded
from .loop import Training, ValidationResult
from .phases import segmentor_phases
from .run_config import RunConfig
from .training_data import TrainingData
from .validation import ValidationSet, validate_segmentor

BATCH_NORM_BATCHES = 4
"""Batches of whole images that the statistics of a segmentor's normalisations are taken from."""


def check_segmentor_config(run_config: RunConfig[TrainConfig], data: TrainingData) -> None:
    """Refuse now, before anything is written, what `train_segmentor` would refuse later."""
    # Batch normalisation takes two values per channel, also where the network is coarsest.
    stride = PRESETS[run_config.preset].segmentor.stride
    run_config.check(data, stride if run_config.train.batch_size > 1 else 2 * stride, _beside(data))


def _beside(data: TrainingData) -> Identity:
    """Return what decides a segmentor's bytes beside its settings and the checksum of its data."""
    settings = {
        "statistics": f"of {BATCH_NORM_BATCHES} batches of whole images"
    }  # runs from before have others
    if data.pseudo_labelled:
        settings["pseudo-labels"] = f"{checksum(data.pseudo_labelled):08x}"
    return settings


def train_segmentor(run_config: RunConfig[TrainConfig], data: TrainingData) -> Path:
    """Train a segmentor on real tumour images and labels; returns its model file.

    The run folder is made where it is not there, and has the split.
    """
    check_segmentor_config(run_config, data)
    save_split(data.split, run_config.folder / SPLIT_FILE)
    fabric = run_config.engine.fabric()
    with seeded(run_config.engine, run_config.seed):
        segmentor = _untrained(run_config, data, fabric.device)
        teacher = Consistency(segmentor, run_config, data) if data.unlabelled else None
        phases = segmentor_phases(segmentor, run_config.train.learning_rate, teacher)
        best = segmentor if teacher is None else teacher.ema.network
        wide, watched = run_config.whole_batches(data), ValidationSet.of(data, fabric.device)

        def validate(_: int) -> ValidationResult:
            update_bn((wide.at(k).tumour for k in range(BATCH_NORM_BATCHES)), best)
            return validate_segmentor(best, watched)

        def keep(done: int, result: ValidationResult) -> None:
            card = run_config.card("segmentor", data, done, result.dice)
            save_model(run_config.folder / MODEL_FILE, best.state_dict(), card)

        Training(
            name="segmentor",
            folder=run_config.folder,
            fabric=fabric,
            cuda_graphs=run_config.engine.cuda_graphs,
            phases=phases,
            material=partial(
                segmentor_batches, run_config.batches(data), teacher.batches if teacher else None
            ),
            after_step=lambda step: teacher.ema.update(segmentor, step) if teacher else None,
            validate=validate,
            keep=keep,
            schedule=run_config.schedule(data),
            state=RunState(
                {"segmentor": segmentor} | ({"teacher": teacher.ema.network} if teacher else {}),
                {phase.name: phase.optimiser for phase in phases},
                [],
                run_config.identity(data, _beside(data)),
            ),
            columns=("segmentation", *(["consistency"] if teacher else []), "val_dice"),
        ).run(resume=run_config.resumes, steps=run_config.new_length(data))
    return run_config.folder / MODEL_FILE


def _untrained(run_config: RunConfig[TrainConfig], data: TrainingData, device: torch.device) -> Segmentor:
    segmentor = place(build(lambda: Segmentor(PRESETS[run_config.preset].segmentor), run_config.seed), device)
    segmentor.begin_at(data.tumour_share)
    return segmentor
