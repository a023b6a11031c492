"""Whether crops of a scan show tissue that a pair set holds in another group or part already.

Notes
-----
Crops are compared with those near them alone: a scan gives tens of thousands of cubes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from metgan.errors import LeakageError

Rows = Iterable[Mapping[str, str]]
Cell = tuple[str, int, int, int | None]
Cells = dict[Cell, dict[tuple[str, str], list["Place"]]]
"""Of each cell the places in it, by their owner."""


class Place(NamedTuple):
    """Where a crop lies, and where it belongs; of crops of planes, all planes are one place.

    Parameters
    ----------
    scan : str
    owner : (str, str)
        Group and part.
    pixels : str
        Their size in words, "" for the scan's own: places on other pixels cannot be compared.
    is_cube : bool
    corner : (int, int, int)
        (Z, Y, X), in pixels; Z is 0 of planes.
    size : int
    """

    scan: str
    owner: tuple[str, str]
    pixels: str
    is_cube: bool
    corner: tuple[int, int, int]
    size: int

    def overlaps(self, other: Place) -> bool:
        """Return whether two crops of one scan show the same tissue: of planes, as far as Y and X tell."""
        axes = (0, 1, 2) if self.is_cube and other.is_cube else (1, 2)
        return all(
            self.corner[k] < other.corner[k] + other.size and other.corner[k] < self.corner[k] + self.size
            for k in axes
        )

    def cells(self, side: int, *, in_depth: bool) -> Iterator[Cell]:
        """Yield the cells, `side` pixels long, that a crop lies in; without depth, of all planes each."""
        z, y, x = (range(start // side, (start + self.size - 1) // side + 1) for start in self.corner)
        for depth, row, column in product(z if in_depth else [None], y, x):
            yield self.scan, row, column, depth


def refuse_shared_tissue(out: Path, rows: Rows, planned: Rows) -> None:
    """Compare crops by where they lie in Y and X: neighbouring planes show the same tissue. Cubes in Z.

    Parameters
    ----------
    out : Path
        The pair set, for the message.
    rows, planned : sequence of mapping of str to str
        Rows of ``pairs.csv``: those that it has, and those that are to be added.

    Raises
    ------
    LeakageError
        When crops of one scan have pixels of two sizes, or two of different groups or parts overlap.
    """
    old, new = places_of(rows), places_of(planned)
    sizes = {place.scan: place.pixels for place in old}
    for place in new:
        if sizes.get(place.scan, place.pixels) != place.pixels:
            words = [pixels or "its own size" for pixels in (sizes[place.scan], place.pixels)]
            raise LeakageError(
                f"{out} has crops of scan {place.scan} with pixels of {words[0]}, these have {words[1]}",
                "one size of pixel for a scan, so that it is known which crops show the same tissue",
                "Choose the same --pixel-size-um and --voxel-size-um, or another --out",
            )
    if (found := find_overlap(old, new)) is not None:
        one, other = found
        raise LeakageError(
            f"crops of {other.scan} at row {other.corner[1]}, column {other.corner[2]} overlap crops of "
            f"group {one.owner[0]!r}, part {one.owner[1]!r}, in {out}",
            "every piece of tissue in one group and one part",
            "Choose --rows or --columns apart (planes do not separate tissue), or one --group and "
            "--split for both",
        )


def find_overlap(old: Sequence[Place], new: Sequence[Place]) -> tuple[Place, Place] | None:
    """Return an old and a new place that overlap and have different owners, or None."""
    side = max((place.size for place in (*old, *new)), default=1)
    cubes: Cells = defaultdict(dict)
    planes: Cells = defaultdict(dict)
    both: Cells = defaultdict(dict)  # cubes as well, whatever their depth
    for place in old:
        for cells, in_depth in ((cubes, True) if place.is_cube else (planes, False), (both, False)):
            for cell in place.cells(side, in_depth=in_depth):
                cells[cell].setdefault(place.owner, []).append(place)
    for place in new:
        near = ((cubes, True), (planes, False)) if place.is_cube else ((both, False),)
        others = (
            other
            for cells, in_depth in near
            for cell in place.cells(side, in_depth=in_depth)
            for owner, places in cells.get(cell, {}).items()
            if owner != place.owner
            for other in places
        )
        if (found := next(filter(place.overlaps, others), None)) is not None:
            return found, place
    return None


def places_of(rows: Rows) -> list[Place]:
    """Return where crops lie, each place once; rows that do not say of which scan they are have none."""
    return [
        *dict.fromkeys(
            Place(
                row["scan"],
                (row["group"], row["split"]),
                _pixels(row),
                bool(row.get("view")),
                (int(row["plane"]) if row.get("view") else 0, int(row["top"]), int(row["left"])),
                int(row["size"]),
            )
            for row in rows
            if row.get("scan")
        )
    ]


def _pixels(row: Mapping[str, str]) -> str:
    if not row.get("pixel_um"):
        return ""
    voxels = row.get("voxel_um", "").replace(" ", " x ")
    return f"{row['pixel_um']} um" + (f" (from voxels of {voxels} um)" if voxels else "")
