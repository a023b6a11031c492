"""Crops of air alone: a generator that is trained on them for a short time makes grey of it.

Notes
-----
The decision a reader would question is that they are counted and kept. Phantoms of all laboratories show
that tissue is not told from air safely enough to leave pixels out unasked: where there is fill, its seams
pass for the edge of tissue, and up to a fifth of the crops of tissue would go; without fill, one in a hundred
of a scan without any air. So nothing is told of scans with fill, nor of a few crops.
"""

from __future__ import annotations

from collections.abc import Sequence

from metgan.data import Scan, evenly
from metgan.images import Index
from metgan.labels import find_fill, find_tissue_level, shows_outside_alone
from metgan.progress import note

_ASKED = 100  # crops, for the light of tissue
_FEW = 0.03  # share of the crops


def tell_of_air(scan: Scan, places: Sequence[Index]) -> None:
    """Note how many crops of a scan show air alone, unless a mask of the tissue has left them out.

    Parameters
    ----------
    scan : Scan
    places : sequence of (plane, rows, columns), int and two slices
        Where the crops lie in the arrays of the scan. One with a labelled pixel is not of air.
    """
    anatomies = [scan.anatomy[place] for place in places]
    if scan.tissue is not None or any(find_fill(anatomy).any() for anatomy in anatomies):
        return
    level = find_tissue_level(evenly(anatomies, _ASKED))
    unmarked = [scan.label is None or not scan.label[place].any() for place in places]
    pairs = zip(anatomies, unmarked, strict=True)
    air = sum(is_unmarked and shows_outside_alone(anatomy, level) for anatomy, is_unmarked in pairs)
    if air > _FEW * len(places):
        note(
            f"{air} of the {len(places)} crops seem to show air alone: a generator that is trained on them "
            "for a short time makes grey of it. To leave them out, give a mask of the tissue with --tissue; "
            "metgan.labels.find_tissue draws one of each plane of the anatomy"
        )
