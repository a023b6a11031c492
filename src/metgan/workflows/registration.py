"""What is noted about the two channels of a set: a shift between them, and folders that seem exchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from metgan.data import LEAST_STANDING_OUT, Entry, Pair, evenly, measure_standing_out, open_images, read_pair
from metgan.errors import MetganError
from metgan.io import has_folder
from metgan.metrics import LEAST_SIDE, ChannelShift, measure_shift
from metgan.progress import note
from metgan.types import AnyArray

MOST_ASKED: Final = 40
"""Images that are asked, so that it takes seconds."""
_CLEARLY = 1.0
"""Standard deviations from which what is labelled stands out in the anatomy, where none should."""
_FEWEST_TUMOURS, _MOST_LOOKED_AT = 3, 8
_CHANNELS = ("anatomy", "tumour", "label")


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


def note_exchanged_channels(folder: Path) -> None:
    """Note a pair set whose labels mark what is bright in ``anatomy/``, and nothing bright in ``tumour/``.

    Models are trained to generate tumours that are bright in the tumour channel; with anatomy and tumour
    exchanged they are shown what they have never seen, and no number of the result says so.

    Parameters
    ----------
    folder : Path
        Anything else than a folder with both channels and labels is left alone.

    Notes
    -----
    The ranges of brightness that a model is stored with do not show it: those of both channels overlap, and a
    longer exposure moves them further than the other channel is away. The labels do. On phantoms of all
    laboratories the median tumour is 2.2 standard deviations brighter than its surroundings or more in the
    tumour channel, and 0.7 or less in the anatomy.
    """
    if not all(has_folder(folder / channel) for channel in _CHANNELS):
        return
    known: list[Entry] = []
    with suppress(MetganError):  # a folder that cannot be read is refused where it is needed
        known = _whole(folder)
    tumour = measure_standing_out((pair.label, pair.anatomy, pair.tumour) for pair in _readable(known))
    if tumour.tumours < _FEWEST_TUMOURS or not tumour.median < LEAST_STANDING_OUT:
        return
    anatomy = measure_standing_out((pair.label, pair.tumour, pair.anatomy) for pair in _readable(known))
    if anatomy.median >= _CLEARLY:
        note(
            f"anatomy and tumour channel of {folder} seem to be exchanged: what its labels mark is brighter "
            f"than its surroundings by {anatomy.median:.1f} standard deviations in anatomy/, and by "
            f"{tumour.median:.1f} in tumour/ (medians of {tumour.tumours} tumours). Exchange the two "
            "folders; a model that was trained on them as they are must be trained anew"
        )


def _whole(folder: Path) -> list[Entry]:
    """Return the entries of which all three images are there."""
    paths = [{entry.name: entry for entry in open_images(folder, channel)} for channel in _CHANNELS]
    names = sorted(set.intersection(*map(set, paths)))
    return [
        replace(paths[0][name], paths={c: of[name].paths[c] for c, of in zip(_CHANNELS, paths, strict=True)})
        for name in names
    ]


def _readable(entries: Sequence[Entry]) -> Iterator[Pair]:
    """Read some entries one by one; one that cannot be read is refused where it is needed."""
    for entry in evenly(entries, _MOST_LOOKED_AT):
        with suppress(MetganError):
            yield read_pair(entry)
