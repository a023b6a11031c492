"""What is said of a shift between the channels: a fact, and a note where training would suffer from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from metgan.data import evenly
from metgan.metrics import LEAST_SIDE, ChannelShift, measure_shift
from metgan.progress import note
from metgan.types import AnyArray

MOST_ASKED: Final = 40
"""Images that are asked, so that it takes seconds."""


def find_shift(images: Sequence[tuple[AnyArray, AnyArray]]) -> ChannelShift:
    """Return the shift of some images, (anatomy, tumour), evenly spread; note one of a pixel or more."""
    shift = measure_shift(evenly(images, MOST_ASKED))
    if shift.is_shifted:
        note(f"{describe_shift(shift)}; register the channels first: training compares them pixel by pixel")
    return shift


def describe_shift(shift: ChannelShift) -> str:
    """Return in words whether the channels are registered.

    Examples
    --------
    >>> describe_shift(ChannelShift(0, 0, agreeing=35, asked=40, beats_none=False))
    'no shift between the channels (35 of 40 images agree)'
    """
    if not shift.asked:
        return f"cannot be told: no image has {LEAST_SIDE} pixels a side and enough that is not of one value"
    agreed = f"({shift.agreeing} of {shift.asked} images agree)"
    if not shift.is_known:
        return f"cannot be told: the channels show too little in common {agreed}"
    if not shift.is_shifted:
        return f"no shift between the channels {agreed}"
    pixels = "pixel" if abs(shift.down) == 1 else "pixels"
    down = f"{abs(shift.down)} {pixels} {'down' if shift.down >= 0 else 'up'}"
    right = f"{abs(shift.right)} {'right' if shift.right >= 0 else 'left'}"
    return f"the tumour channel seems to be shifted by {down}, {right} against the anatomy {agreed}"
