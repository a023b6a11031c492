"""Crops that are not worth their place: of air alone, or too many without a tumour.

Notes
-----
The decision a reader would question is that crops of air are counted and kept, unless asked otherwise. A
generator that is trained on them for a short time makes grey of them. But phantoms of all laboratories show
that tissue is not told apart from air reliably enough to leave crops out unasked: where there is fill, its
seams pass for the edge of tissue, and up to a fifth of the crops of tissue would go; without fill, one in a
hundred of a scan without any air. So nothing is noted for scans with fill, nor for a few crops.
"""

from __future__ import annotations

from itertools import chain

from metgan.data import Survey, evenly
from metgan.errors import ArrayError, SettingError
from metgan.progress import note

from .crop_choice import CropChoice

_FEW = 0.03  # share of the crops


def choose_crops(found: Survey, choice: CropChoice) -> list[bool]:
    """Return which useful crops are wanted; note how many show air alone, or were left out for it.

    The views of a cube are all wanted, or none.

    Raises
    ------
    SettingError
        When air is to be left out of a scan with fill, where it cannot be recognised.
    ArrayError
        When none is left.
    """
    scan, air = found.crops.scan, found.is_air
    wanted = [True] * len(found.crops)
    if air is None and choice.leave_out_air:
        raise SettingError(
            f"--leave-out-air of scan {scan.name}, parts of which were filled in",
            "a scan without fill, whose seams pass for the edge of tissue",
            "Give a mask with --tissue; metgan.labels.find_tissue draws one of each plane of the anatomy",
        )
    if air is not None and choice.leave_out_air:
        wanted = [not is_air for is_air in air]
        note(f"{sum(air)} of {len(air)} crops, which show air alone, are left out")
    elif air is not None and sum(air) > _FEW * len(air):
        note(
            f"{sum(air)} of the {len(air)} crops seem to show air alone: a generator that is trained on them "
            "only briefly makes a uniform grey of it. To leave them out, add --leave-out-air, or give a mask "
            "of the tissue with --tissue; metgan.labels.find_tissue draws one of each plane of the anatomy"
        )
    if choice.keep_empty is not None:
        cubes = (cube for cube in found.crops.together() if wanted[cube[0]])
        empty = [cube for cube in cubes if not any(found.has_tumour[k] for k in cube)]
        kept = evenly(empty, round(choice.keep_empty * len(empty)))
        for some, are_wanted in ((empty, False), (kept, True)):
            for k in chain.from_iterable(some):
                wanted[k] = are_wanted
        note(f"of {sum(map(len, empty))} crops without a tumour {sum(map(len, kept))} are kept")
    if not any(wanted):
        raise ArrayError(
            f"none of the {len(found.crops)} crops is left",
            "some that show tissue, or a tumour",
            "Choose a larger --keep-empty, other ranges, or do without --leave-out-air",
        )
    return wanted
