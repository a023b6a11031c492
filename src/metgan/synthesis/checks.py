"""A request for pairs, checked before anything is written.

Labels are not drawn for every pair: with recipes that set down single tumours that would take as long as a
good part of the generation. The anatomy with the fewest foreign labels stands for all the others there; one
that has no room gives its place to the next when it is drawn, see `PairPlans.draw`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from metgan.data import Entry, read_channel, read_pair
from metgan.errors import ArrayError
from metgan.labels import find_tissue
from metgan.progress import SLOW, each, note, progress
from metgan.types import Camera

from .inpainter import Inpainter
from .plans import PairPlans
from .request import GenerationRequest
from .tumour_image import draw_and_generate

_LISTED = 4


def check_request(inpainter: Inpainter, request: GenerationRequest) -> float:
    """Refuse sources from which not every pair could be made, by reading all of them once.

    Returns
    -------
    float
        Share of the anatomies' pixels that lie outside the range the model was trained on, in [0, 1].

    Raises
    ------
    StorageError, ArrayError, SettingError, LeakageError
        When a source is of what the generator's run tests on, an image cannot be read or is not what it
        should be, no label holds a tumour, there are too few of them, an anatomy is smaller than the
        network's minimum or has no tissue for a recipe that asks for it, the first generated image is flat,
        or no plan of it adds light to the real tumour channel.
    """
    request.refuse_held_out(inpainter.held_out)
    plans = PairPlans(request)
    outside = []
    with progress("check", len(request.anatomies) + 2, every_s=SLOW) as advance:
        for entry in request.anatomies:
            outside.append(_share_outside(inpainter, entry, request))
            advance()
        lacking = [e for e in request.anatomies if plans.lacks_tissue(read_channel(e.paths["anatomy"]))]
        if lacking:
            note(f"{len(lacking)} anatomies show no tissue and are left out: {_listed(lacking)}")
        _check_donors(inpainter, request)
        _check_room(plans)
        advance("labels fit")
        draw_and_generate(inpainter, plans, {0: 0})  # a model that is hardly trained shows at once
        advance("one pair is generated")
    return float(np.mean(outside))


def _listed(entries: Sequence[Entry]) -> str:
    return ", ".join(entry.name for entry in entries[:_LISTED]) + (", ..." if len(entries) > _LISTED else "")


def _check_room(plans: PairPlans) -> None:
    """Draw the label of each anatomy; with recipes that take long, of the one with the fewest labels."""
    request = plans.request
    epoch = range(min(request.count, len(request.anatomies)))
    if request.recipe.uses_tissue:
        plans.draw(min(epoch, key=lambda number: len(plans.foreign_to(plans.source_of(number)))))
        return
    for number in each(epoch, "label"):
        plans.draw(number)


def _share_outside(inpainter: Inpainter, entry: Entry, request: GenerationRequest) -> float:
    """Check one anatomy, and give the share of its pixels outside the training images' range."""
    path = entry.paths["anatomy"]
    anatomy = read_channel(path)
    _check_anatomy(inpainter, anatomy, str(path))
    if (request.recipe.uses_tissue or request.inserts) and not find_tissue(anatomy).any():
        raise ArrayError(f"{path} has no tissue", "at least one pixel of it", "Leave this anatomy out")
    if request.inserts:
        inpainter.card.normalisation.check(read_pair(entry).tumour, "tumour", str(entry.paths["tumour"]))
    return inpainter.card.normalisation.share_outside(anatomy, "anatomy")


def _check_donors(inpainter: Inpainter, request: GenerationRequest) -> None:
    """Refuse donors that the network does not take, and an anatomy that has none."""
    for donor in request.donors:
        pair = read_pair(donor)
        inpainter.card.normalisation.check(pair.tumour, "tumour", str(donor.paths["tumour"]))
        _check_anatomy(inpainter, pair.anatomy, str(donor.paths["anatomy"]))
    nowhere, rng = np.zeros((1, 1), bool), np.random.default_rng(0)
    for step, source in product(request.refine, request.anatomies):
        step.draw(source, nowhere, rng)  # refuses an anatomy without a donor


def _check_anatomy(inpainter: Inpainter, anatomy: Camera, name: str) -> None:
    """Refuse an anatomy that this network does not take."""
    inpainter.card.normalisation.check(anatomy, "anatomy", name)
    if min(anatomy.shape) < inpainter.minimum_side:
        raise ArrayError(
            f"{name} has shape {anatomy.shape}",
            f"sides of at least {inpainter.minimum_side} pixels, the minimum of this network",
            "Leave it out, or cut larger crops with metgan prepare --crop",
        )
