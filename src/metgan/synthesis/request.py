"""A request for pairs, checked before anything is written.

Labels are not drawn for every pair: with recipes that set down single tumours that would take as long as a
good part of the generation. The anatomy with the fewest foreign labels stands for all the others there; one
that has no room gives its place to the next when it is drawn, see `Drafts.draw`.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from metgan.data import Entry, read_channel
from metgan.errors import ArrayError, EmptyDrawError
from metgan.labels import find_tissue
from metgan.metrics import judge
from metgan.types import Camera, Mask

from .contrasts import dim
from .drafts import DRAWS, Draft, Drafts
from .generation import Generation
from .inlay import Ground, inlay
from .inpainter import Inpainter


def check_request(painter: Inpainter, request: Generation) -> float:
    """Refuse sources from which not every pair could be made, by reading all of them once.

    Returns
    -------
    float
        Share of the anatomies' pixels that lie outside the range the model was trained on, in [0, 1].

    Raises
    ------
    StorageError, ArrayError, SettingError
        When an image cannot be read or is not what it should be, no label holds a tumour, there are too
        few of them, an anatomy is smaller than the network's minimum or has no tissue for a recipe that asks
        for it, or the first painted image is flat.
    """
    drafts = Drafts(request)
    outside = [_share_outside(painter, entry, request) for entry in request.anatomies]
    lap = range(min(request.count, len(request.anatomies)))
    if request.recipe.uses_tissue:
        drafts.draw(min(lap, key=lambda number: len(drafts.foreign_to(drafts.source_of(number)))))
    else:
        for number in lap:
            drafts.draw(number)
    draw_and_paint(painter, drafts, 0)  # a model that is hardly trained shows at once
    return float(np.mean(outside))


def draw_and_paint(
    painter: Inpainter, drafts: Drafts, number: int, attempt: int = 0
) -> tuple[Draft, Camera, int]:
    """Draw a pair's label and paint it; what brings no light to its ground is drawn again.

    Returns
    -------
    tuple of Draft, Camera, int
        The draft, its image, and the attempt that it was, from `attempt` on.

    Raises
    ------
    ArrayError, SettingError
        As for `Drafts.draw` and `paint`; after `DRAWS` drafts without light.
    """
    for later in range(DRAWS - 1):
        draft = drafts.draw(number, attempt + later)
        with suppress(EmptyDrawError):
            return draft, paint(painter, draft), attempt + later
    draft = drafts.draw(number, attempt + DRAWS - 1)
    return draft, paint(painter, draft), attempt + DRAWS - 1


def paint(painter: Inpainter, draft: Draft) -> Camera:
    """Paint the tumour channel of a draft: no brighter than it asks for, with its grain, on its ground.

    Raises
    ------
    ArrayError
        When the painted image is flat, as by a model that is hardly trained.
    EmptyDrawError
        When it brings no light to the ground; another label may.
    """
    tumour = painter.inpaint(draft.anatomy, draft.asked)
    if tumour.min() == tumour.max():
        raise ArrayError(
            f"the image painted from {draft.source.name} is flat, every pixel is {tumour.flat[0]}",
            "an image with contrast",
            "Train the model longer: it has learned hardly anything; or leave this anatomy out",
        )
    if draft.ground is not None:
        tumour = _laid(painter, draft, tumour, draft.ground)
    elif draft.contrast is not None and judge(draft.asked, draft.asked, tumour).contrast > draft.contrast:
        tumour = dim(tumour, _without(painter, draft), draft.asked, draft.contrast)
    if draft.grain is not None:
        tumour = draft.grain.add(tumour, np.random.default_rng(draft.grain_seed))
    return tumour


def _laid(painter: Inpainter, draft: Draft, tumour: Camera, ground: Ground) -> Camera:
    """Add painted tumours to the ground, and dim them there: the contrast is that to real surroundings."""
    laid = inlay(ground.tumour, tumour, _without(painter, draft), draft.asked)
    if np.array_equal(laid, ground.tumour):
        raise EmptyDrawError(
            f"the tumours painted on {draft.source.name} are nowhere brighter than its tissue",
            "light to add to the real image",
            "Train the model longer, or leave this anatomy out",
        )
    return laid if draft.contrast is None else dim(laid, ground.tumour, draft.asked, draft.contrast)


def _without(painter: Inpainter, draft: Draft) -> Camera:
    return painter.inpaint(draft.anatomy, np.zeros_like(draft.asked))


def _share_outside(painter: Inpainter, entry: Entry, request: Generation) -> float:
    """Check one anatomy, and give the share of its pixels outside the training images' range."""
    path = entry.paths["anatomy"]
    anatomy = read_channel(path)
    painter.card.normalisation.check(anatomy, "anatomy", str(path))
    if min(anatomy.shape) < painter.minimum_side:
        raise ArrayError(
            f"{path} has shape {anatomy.shape}",
            f"sides of at least {painter.minimum_side} pixels, the minimum of this network",
            "Leave it out, or cut larger crops with metgan prepare --crop",
        )
    if request.recipe.uses_tissue or request.inlaid:
        _refuse_no_tissue(find_tissue(anatomy), str(path))
    if request.inlaid:
        ground = Ground.read(entry)
        painter.card.normalisation.check(ground.tumour, "tumour", str(entry.paths["tumour"]))
    return painter.card.normalisation.share_outside(anatomy, "anatomy")


def _refuse_no_tissue(tissue: Mask, name: str) -> None:
    if not tissue.any():
        raise ArrayError(f"{name} has no tissue", "at least one pixel of it", "Leave this anatomy out")
