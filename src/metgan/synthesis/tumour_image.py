"""From a plan to its image: generated, and refined step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from metgan.data import Pair, read_pair
from metgan.errors import ArrayError, EmptyDrawError
from metgan.types import Camera, Mask

from .inpainter import Inpainter
from .kept import Kept
from .plans import DRAWS, PairPlan, PairPlans
from .refine import BackgroundResidual, PairImages, contrasts_of, find_unseen
from .request import TumourReader

Drawn = tuple[PairPlan, Camera, int]
"""A plan, its image, and the attempt that it was."""
_DRAWS_OF_ONE = 8  # that show no tumour to a reader: then the next anatomy of the epoch has its turn


def draw_and_generate(
    inpainter: Inpainter, plans: PairPlans, attempts: Mapping[int, int]
) -> dict[int, Drawn]:
    """Draw labels of pairs and generate them; what shows no tumour in a real tumour channel is drawn again.

    That is, what adds no light to it, or none that the request's reader sees. Where there is a reader, an
    anatomy that shows it nothing in 8 draws gives its place to the next, so that a long generation does not
    stop at it.

    Parameters
    ----------
    inpainter : Inpainter
    plans : PairPlans
    attempts : mapping of int to int
        Number and first attempt of each pair.

    Returns
    -------
    dict of int to Drawn
        By number the plan, its image, and the attempt that it was.

    Raises
    ------
    ArrayError, SettingError
        As for `PairPlans.draw` and `generate_tumours`; after `DRAWS` plans that show none.
    """
    done: dict[int, Drawn] = {}
    for later in range(DRAWS):
        missing = {number: first + later for number, first in attempts.items() if number not in done}
        if not missing:
            break
        skip = 0 if plans.request.reader is None else later // _DRAWS_OF_ONE
        drawn = [plans.draw(number, attempt, skip) for number, attempt in missing.items()]
        generated = generate_tumours(inpainter, drawn, plans.kept_of(inpainter))
        read = _read(plans.request.reader, drawn, generated)
        for (number, attempt), (plan, tumour) in zip(missing.items(), read, strict=True):
            if not isinstance(tumour, EmptyDrawError):
                done[number] = plan, tumour, attempt
            elif later == DRAWS - 1:
                raise tumour
    return {number: done[number] for number in attempts}


def _read(
    reader: TumourReader | None, plans: Sequence[PairPlan], images: Sequence[Camera | EmptyDrawError]
) -> list[tuple[PairPlan, Camera | EmptyDrawError]]:
    """Return plans and images with what a reader does not see; in place of one that shows none, an error.

    It reads those that tumours were inserted in where a segmentor had labelled the real image, not an
    annotator.
    """
    read: list[tuple[PairPlan, Camera | EmptyDrawError]] = [*zip(plans, images, strict=True)]
    if reader is None:
        return read
    asked = [
        (place, image)
        for place, (plan, image) in enumerate(read)
        if plan.inserts_unlabelled and not isinstance(image, EmptyDrawError)
    ]
    outputs = reader.predict_proba_all([image for _, image in asked])
    for (place, image), output in zip(asked, outputs, strict=True):
        plan = replace(plans[place], unseen=find_unseen(output, plans[place].asked))
        unseen = EmptyDrawError(
            f"the tumours inserted in {plan.source.name}, of which the segmentor that labelled it sees none",
            "at least one that it sees",
            "Train the run longer, or leave this anatomy out",
        )
        read[place] = plan, image if plan.shown.any() else unseen
    return read


def generate_tumours(
    inpainter: Inpainter, plans: Sequence[PairPlan], kept: Kept
) -> list[Camera | EmptyDrawError]:
    """Generate the tumour channels of several plans together, refined as asked for.

    None is brighter than the camera of the training images can give, unless the real tumour channel is.

    Parameters
    ----------
    inpainter : Inpainter
    plans : sequence of PairPlan
        Of one request.
    kept : Kept
        Of that request and inpainter: what its anatomies look like without tumours, and what the generated
        images of its donors lack. Both are computed for the first plan that needs them.

    Returns
    -------
    list of Camera or EmptyDrawError
        The error in place of an image that adds no light to the real tumour channel: another label may.

    Raises
    ------
    ArrayError
        When a generated image is flat, as by a model that is hardly trained.
    """
    found: dict[_Key, Any] = {}
    new: dict[_Key, Pair] = {}
    for plan in plans:
        for key in _keys(plan):
            found[key] = kept.get(key)
            if found[key] is None and key not in new:
                new[key] = _to_generate(plan, key)
    asked = [(plan.anatomy, plan.asked) for plan in plans]
    images = inpainter.inpaint_all([*asked, *((pair.anatomy, pair.label) for pair in new.values())])
    for (key, pair), image in zip(new.items(), images[len(plans) :], strict=True):
        found[key] = image
        if key[0] == _BACKGROUND and (step := plans[0].background) is not None:
            found[key] = BackgroundResidual.of(pair, image, step.noise, inpainter.card.normalisation.fill)
        kept.keep(key, found[key], found[key].nbytes)
    return [_finish(inpainter, plan, image, found) for plan, image in zip(plans, images, strict=False)]


def measure_generated(inpainter: Inpainter, plan: PairPlan, tumour: Camera) -> tuple[float, ...]:
    """Return the contrast that each tumour of a plan has in its image, in the measure that was asked for.

    Empty where the plan asks for no contrasts, and leaves them to the generator.
    """
    if plan.contrast is None:
        return ()
    return tuple(contrasts_of(tumour, plan.asked, _filled(inpainter, plan), plan.contrast.unit))


_Key = tuple[str, str]
_TUMOUR_FREE, _BACKGROUND = "tumour-free", "background"


def _keys(plan: PairPlan) -> list[_Key]:
    """Return what a plan needs besides its own generated image."""
    needs_free = any(step.needs_tumour_free for step in plan.refine)
    keys = [(_TUMOUR_FREE, plan.source.name)] if needs_free else []
    return keys + ([] if plan.donor is None else [(_BACKGROUND, plan.donor.name)])


def _to_generate(plan: PairPlan, key: _Key) -> Pair:
    """Return the pair of which one of these is generated: the donor, or the anatomy without a tumour."""
    if key[0] == _BACKGROUND and plan.donor is not None:
        return read_pair(plan.donor)
    return Pair(plan.source, plan.anatomy, plan.anatomy, np.zeros_like(plan.asked))


def _finish(
    inpainter: Inpainter, plan: PairPlan, tumour: Camera, found: Mapping[_Key, Any]
) -> Camera | EmptyDrawError:
    """Return the refined image of a plan, of its generated image and what else it needs."""
    if tumour.min() == tumour.max():
        raise ArrayError(
            f"the image generated from {plan.source.name} is flat, every pixel is {tumour.flat[0]}",
            "an image with contrast",
            "Train the model longer, since it has learned hardly anything, or leave this anatomy out",
        )
    bound = inpainter.card.normalisation.bound
    if not plan.refine:
        return bound(tumour, "tumour")
    real = None if plan.real is None else plan.real.tumour
    tumour_free = found.get((_TUMOUR_FREE, plan.source.name))
    residual = None if plan.donor is None else found[_BACKGROUND, plan.donor.name]
    fill = _filled(inpainter, plan)
    images = PairImages(plan.source.name, plan.anatomy, plan.asked, fill, tumour, tumour_free, real, residual)
    try:
        for step in plan.refine:
            images = step.apply(images)
    except EmptyDrawError as error:
        return error
    return bound(images.tumour, "tumour", real)


def _filled(inpainter: Inpainter, plan: PairPlan) -> Mask:
    """Return where nothing was imaged, and the generator has filled in."""
    return inpainter.filled(plan.anatomy) & ~plan.asked
