"""From a draft to its image: painted, laid on its ground, in its contrasts, with residue or grain."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from metgan.data import read_pair
from metgan.errors import ArrayError, EmptyDrawError
from metgan.labels import find_tissue
from metgan.types import Camera, Mask

from .contrasts import contrasts_of, match_contrasts
from .drafts import DRAWS, Draft, Drafts
from .inlay import Ground, inlay
from .inpainter import Inpainter
from .residue import Residue


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
    """Paint the tumour channel of a draft: as bright as it asks for, on its ground, with what it lacks.

    It is never brighter than the camera of the training images can give, unless the ground is.

    Raises
    ------
    ArrayError
        When the painted image is flat, as by a model that is hardly trained.
    EmptyDrawError
        When it brings no light to the ground; another label may.
    """
    seen = None if draft.ground is None else draft.ground.tumour
    return painter.card.normalisation.bound(_painted(painter, draft), "tumour", seen)


def measure_painted(painter: Inpainter, draft: Draft, tumour: Camera) -> tuple[float, ...]:
    """Return the contrast that each tumour of a draft has in its image, in the measure that was asked for.

    Empty where the draft asks for no contrasts, and leaves them to the painter.
    """
    if not draft.contrasts:
        return ()
    return tuple(contrasts_of(tumour, draft.asked, _filled(painter, draft), draft.measure))


def _painted(painter: Inpainter, draft: Draft) -> Camera:
    tumour = painter.inpaint(draft.anatomy, draft.asked)
    if tumour.min() == tumour.max():
        raise ArrayError(
            f"the image painted from {draft.source.name} is flat, every pixel is {tumour.flat[0]}",
            "an image with contrast",
            "Train the model longer: it has learned hardly anything; or leave this anatomy out",
        )
    if draft.ground is not None:
        tumour = _laid(painter, draft, tumour, draft.ground)
    elif draft.contrasts:
        tumour = _matched(painter, draft, tumour, _without(painter, draft))
    if draft.grain is None:
        return tumour
    rng = np.random.default_rng(draft.grain_seed)
    if draft.donor is None:
        return draft.grain.add(tumour, rng, _filled(painter, draft))
    real = read_pair(draft.donor)
    again = painter.inpaint(real.anatomy, real.label)
    residue = Residue.of(real, again, draft.grain, painter.card.normalisation.fill)
    return residue.lay_over(tumour, find_tissue(draft.anatomy), rng, _filled(painter, draft))


def _filled(painter: Inpainter, draft: Draft) -> Mask:
    """Return where nothing was imaged, and the painter has filled in."""
    return painter.filled(draft.anatomy) & ~draft.asked


def _laid(painter: Inpainter, draft: Draft, tumour: Camera, ground: Ground) -> Camera:
    """Add painted tumours to the ground; their contrast is that to their real surroundings."""
    laid = inlay(ground.tumour, tumour, _without(painter, draft), draft.asked)
    if np.array_equal(laid, ground.tumour):
        raise EmptyDrawError(
            f"the tumours painted on {draft.source.name} are nowhere brighter than its tissue",
            "light to add to the real image",
            "Train the model longer, or leave this anatomy out",
        )
    return _matched(painter, draft, laid, ground.tumour) if draft.contrasts else laid


def _matched(painter: Inpainter, draft: Draft, tumour: Camera, without: Camera) -> Camera:
    fill = _filled(painter, draft)
    return match_contrasts(tumour, without, draft.asked, draft.contrasts, fill, draft.measure)


def _without(painter: Inpainter, draft: Draft) -> Camera:
    return painter.inpaint(draft.anatomy, np.zeros_like(draft.asked))
