"""From a plan to its image: generated, inserted into a real channel, with contrasts, background or noise."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from metgan.data import read_pair
from metgan.errors import ArrayError, EmptyDrawError
from metgan.labels import find_tissue
from metgan.types import Camera, Mask

from .background import BackgroundResidual
from .contrasts import contrasts_of, match_contrasts
from .inpainter import Inpainter
from .insert import RealTumourChannel, insert_tumours
from .plans import DRAWS, PairPlan, PairPlans


def draw_and_generate(
    inpainter: Inpainter, plans: PairPlans, number: int, attempt: int = 0
) -> tuple[PairPlan, Camera, int]:
    """Draw a pair's label and paint it; what adds no light to a real tumour channel is drawn again.

    Returns
    -------
    tuple of PairPlan, Camera, int
        The plan, its image, and the attempt that it was, from `attempt` on.

    Raises
    ------
    ArrayError, SettingError
        As for `PairPlans.draw` and `paint`; after `DRAWS` plans without light.
    """
    for later in range(DRAWS - 1):
        plan = plans.draw(number, attempt + later)
        with suppress(EmptyDrawError):
            return plan, paint(inpainter, plan), attempt + later
    plan = plans.draw(number, attempt + DRAWS - 1)
    return plan, paint(inpainter, plan), attempt + DRAWS - 1


def paint(inpainter: Inpainter, plan: PairPlan) -> Camera:
    """Paint the tumour channel of a plan: with the contrasts, real channel, background and noise it asks for.

    It is never brighter than the camera of the training images can give, unless the real tumour channel is.

    Raises
    ------
    ArrayError
        When the painted image is flat, as by a model that is hardly trained.
    EmptyDrawError
        When it adds no light to the real tumour channel; another label may.
    """
    seen = None if plan.real_tumour is None else plan.real_tumour.tumour
    return inpainter.card.normalisation.bound(_painted(inpainter, plan), "tumour", seen)


def measure_painted(inpainter: Inpainter, plan: PairPlan, tumour: Camera) -> tuple[float, ...]:
    """Return the contrast that each tumour of a plan has in its image, in the measure that was asked for.

    Empty where the plan asks for no contrasts, and leaves them to the generator.
    """
    if not plan.contrasts:
        return ()
    return tuple(contrasts_of(tumour, plan.asked, _filled(inpainter, plan), plan.measure))


def _painted(inpainter: Inpainter, plan: PairPlan) -> Camera:
    tumour = inpainter.inpaint(plan.anatomy, plan.asked)
    if tumour.min() == tumour.max():
        raise ArrayError(
            f"the image generated from {plan.source.name} is flat, every pixel is {tumour.flat[0]}",
            "an image with contrast",
            "Train the model longer, since it has learned hardly anything, or leave this anatomy out",
        )
    if plan.real_tumour is not None:
        tumour = _laid(inpainter, plan, tumour, plan.real_tumour)
    elif plan.contrasts:
        tumour = _matched(inpainter, plan, tumour, _without(inpainter, plan))
    if plan.noise is None:
        return tumour
    rng = np.random.default_rng(plan.noise_seed)
    if plan.donor is None:
        return plan.noise.add(tumour, rng, _filled(inpainter, plan))
    real = read_pair(plan.donor)
    again = inpainter.inpaint(real.anatomy, real.label)
    background = BackgroundResidual.of(real, again, plan.noise, inpainter.card.normalisation.fill)
    return background.lay_over(tumour, find_tissue(plan.anatomy), rng, _filled(inpainter, plan))


def _filled(inpainter: Inpainter, plan: PairPlan) -> Mask:
    """Return where nothing was imaged, and the generator has filled in."""
    return inpainter.filled(plan.anatomy) & ~plan.asked


def _laid(inpainter: Inpainter, plan: PairPlan, tumour: Camera, real_tumour: RealTumourChannel) -> Camera:
    """Add generated tumours to the real channel; their contrast is that to their real surroundings."""
    laid = insert_tumours(real_tumour.tumour, tumour, _without(inpainter, plan), plan.asked)
    if np.array_equal(laid, real_tumour.tumour):
        raise EmptyDrawError(
            f"the tumours generated in {plan.source.name} are nowhere brighter than its tissue",
            "light to add to the real image",
            "Train the model longer, or leave this anatomy out",
        )
    return _matched(inpainter, plan, laid, real_tumour.tumour) if plan.contrasts else laid


def _matched(inpainter: Inpainter, plan: PairPlan, tumour: Camera, tumour_free: Camera) -> Camera:
    fill = _filled(inpainter, plan)
    return match_contrasts(tumour, tumour_free, plan.asked, plan.contrasts, fill, plan.measure)


def _without(inpainter: Inpainter, plan: PairPlan) -> Camera:
    return inpainter.inpaint(plan.anatomy, np.zeros_like(plan.asked))
