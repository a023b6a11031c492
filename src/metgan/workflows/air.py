"""Crops that are not worth their place: of air alone, or too many without a tumour.

Notes
-----
The decision a reader would question is that crops of air are counted and kept, unless it is asked for. A
generator that is trained on them for a short time makes grey of them. But phantoms of all laboratories show
that tissue is not told from air safely enough to leave crops out unasked: where there is fill, its seams pass
for the edge of tissue, and up to a fifth of the crops of tissue would go; without fill, one in a hundred of a
scan without any air. So nothing is told of scans with fill, nor of a few crops.
"""

from __future__ import annotations

from metgan.data import ScanCrops, evenly
from metgan.errors import ArrayError, SettingError
from metgan.progress import note

from .crop_choice import CropChoice

_FEW = 0.03  # share of the crops


def choose_crops(crops: ScanCrops, choice: CropChoice) -> ScanCrops:
    """Return the crops that are wanted; note how many show air alone, or were left out for it.

    Raises
    ------
    SettingError
        When air is to be left out, and cannot be told: of a scan with fill.
    ArrayError
        When none is left.
    """
    wanted = crops
    if crops.scan.tissue is None:
        air = crops.find_air()
        if air is None and choice.leave_out_air:
            raise SettingError(
                f"--leave-out-air of scan {crops.scan.name}, parts of which were filled in",
                "a scan without fill, whose seams pass for the edge of tissue",
                "Give a mask with --tissue; metgan.labels.find_tissue draws one of each plane of the anatomy",
            )
        if air is not None and choice.leave_out_air:
            wanted = crops.chosen([not is_air for is_air in air])
            note(f"{sum(air)} of {len(air)} crops, which show air alone, are left out")
        elif air is not None and sum(air) > _FEW * len(air):
            note(
                f"{sum(air)} of the {len(air)} crops seem to show air alone: a generator that is trained on "
                "them for a short time makes grey of it. To leave them out, add --leave-out-air, or give a "
                "mask of the tissue with --tissue; metgan.labels.find_tissue draws one of each plane of the "
                "anatomy"
            )
    if choice.keep_empty is not None:
        labelled = wanted.has_tumour()
        empty = [k for k, is_so in enumerate(labelled) if not is_so]
        kept = set(evenly(empty, round(choice.keep_empty * len(empty))))
        wanted = wanted.chosen(is_so or k in kept for k, is_so in enumerate(labelled))
        note(f"of {len(empty)} crops without a tumour {len(kept)} are kept")
    if not len(wanted):
        raise ArrayError(
            f"none of the {len(crops)} crops is left",
            "some that show tissue, or a tumour",
            "Choose a larger --keep-empty, other ranges, or do without --leave-out-air",
        )
    return wanted
