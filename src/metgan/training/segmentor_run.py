"""Training a segmentor, from data to model file."""

from __future__ import annotations

from pathlib import Path

from metgan.models import MODEL_FILE, save_model
from metgan.networks import PRESETS, Segmentor, build

from .checkpoint import RunState
from .curriculum import Curriculum
from .engine import place, seeded
from .loop import Training, Verdict
from .order import Order
from .phases import segmentor_phases
from .recipe import Recipe
from .statistics import settle
from .validation import ValidationSet, validate_segmentor

SETTLED_BY = 4
"""Batches of whole images that the statistics of a segmentor's normalisations are taken from."""

_SETTLED = {"statistics": f"of {SETTLED_BY} batches of whole images"}  # runs from before have others


def check_segmentor_order(order: Order[Recipe], data: Curriculum) -> None:
    """Refuse now, before anything is written, what `train_segmentor` would refuse later."""
    # Batch normalisation takes two values per channel, also where the network is coarsest.
    stride = PRESETS[order.preset].segmentor.stride
    order.check(data, stride if order.recipe.batch_size > 1 else 2 * stride, _SETTLED)


def train_segmentor(order: Order[Recipe], data: Curriculum) -> Path:
    """Train a segmentor on real tumour images and labels; gives its model file."""
    check_segmentor_order(order, data)
    fabric = order.engine.fabric()
    with seeded(order.engine, order.seed):
        segmentor = place(
            build(lambda: Segmentor(PRESETS[order.preset].segmentor), order.seed), fabric.device
        )
        segmentor.begin_at(data.tumour_share)
        phases = segmentor_phases(segmentor, order.recipe.learning_rate)
        batches = order.batches(data)
        wide = order.whole_batches(data)
        watched = ValidationSet.of(data, fabric.device)

        def validate(_: int) -> Verdict:
            settle(segmentor, (wide.at(k).tumour.to(fabric.device) for k in range(SETTLED_BY)))
            return validate_segmentor(segmentor, watched)

        def keep(done: int, verdict: Verdict) -> None:
            card = order.card("segmentor", data, done, verdict.dice)
            save_model(order.folder / MODEL_FILE, segmentor.state_dict(), card)

        Training(
            name="segmentor",
            folder=order.folder,
            fabric=fabric,
            phases=phases,
            material=lambda step: batches.at(step).to(fabric.device),
            after_step=lambda _: None,
            validate=validate,
            keep=keep,
            pace=order.pace(data),
            state=RunState.of({"segmentor": segmentor}, phases, [], order.identity(data, _SETTLED)),
            columns=("segmentation", "val_dice"),
        ).run(resume=order.resumes, steps=order.new_length(data))
    return order.folder / MODEL_FILE
