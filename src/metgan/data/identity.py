"""Which scan a crop was cut from: by what the file holds, whatever it is called and wherever it lies.

Two animals are often two files of one name in two folders, and one file is often copied or renamed. Taken
for one scan, two animals would share groups; taken for two, one would be trained on and tested on.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from metgan.errors import LeakageError, SettingError
from metgan.io import comparison_key, normal_form

_SUFFIX = re.compile(r"(\.ome)?\.(tiff?|btf|tf[28]|lsm|stk|zarr|nii|nii\.gz)$", re.IGNORECASE)
_PIECES, _PIECE = 256, 4096  # bytes: what is read of a file that may hold hundreds of gigabytes

Rows = Sequence[Mapping[str, str]]


def identify(files: Sequence[Path]) -> str:
    """Return what tells a scan from others: 16 hexadecimal digits of its size and of 256 spread pieces.

    Parameters
    ----------
    files : sequence of Path
        Those that hold its pixels, one or more (`metgan.images.pixel_files`). Of more than 256, as many are
        looked at, evenly spread.
    """
    chosen = [files[len(files) * k // _PIECES] for k in range(_PIECES)] if len(files) > _PIECES else [*files]
    ends = [*accumulate(file.stat().st_size for file in chosen)]
    size = ends[-1]
    counted = f"{size}" if len(files) == 1 else f"{size} {len(files)}"
    found = hashlib.sha256(counted.encode())
    for piece in range(_PIECES):  # as if they were one file
        at = max(size - _PIECE, 0) * piece // (_PIECES - 1)
        k = min(bisect_right(ends, at), len(ends) - 1)
        with chosen[k].open("rb") as file:
            file.seek(at - (ends[k - 1] if k else 0))
            found.update(file.read(_PIECE))
    return found.hexdigest()[:16]


def name_scan(path: Path, source: str, rows: Rows) -> str:
    """Return the name that crops of this `source` have in ``pairs.csv``, or that of a scan's folder and file.

    Examples
    --------
    >>> name_scan(Path("mouse-1/brain_0.63x.ome.tif"), "7f", [])
    'mouse-1_brain_0.63x'
    >>> name_scan(Path("mouse-2/brain.ome.zarr/1"), "8e", [])
    'brain_1'
    >>> name_scan(Path("copied.tif"), "7f", [{"scan": "mouse-1_brain_0.63x", "source": "7f"}])
    'mouse-1_brain_0.63x'
    """
    for row in rows:
        if source and row.get("source") == source:
            return row["scan"]
    names = path.resolve().parent.name.lstrip("."), path.name
    return normal_form("_".join(part for name in names if (part := _SUFFIX.sub("", name))))


def refuse_mixed_scans(out: Path, rows: Rows, name: str, source: str) -> None:
    """Refuse one name for two scans, and two names for one, in the rows of the pair set `out`.

    `source` is "" where it is not known, as of an array.

    Raises
    ------
    SettingError
        When `out` has crops of another scan of this name, or of one that is spelled nearly so.
    LeakageError
        When it has crops of this scan under another name, or of one that cannot be compared with it.
    """
    for row in rows:
        theirs, their_source = row.get("scan", ""), row.get("source", "")
        both_known = bool(source and their_source)
        same_scan = both_known and source == their_source
        other_scan = both_known and source != their_source
        alike = bool(theirs) and comparison_key(theirs) == comparison_key(name)
        if alike and (theirs != name or other_scan):
            raise SettingError(
                f"{out} has crops of another scan that is called {theirs!r}, or of another state of its file",
                "a name of its own for each scan, and an unchanged file",
                "Give --name another, or start anew with --overwrite if it is the same tissue",
            )
        if theirs and theirs != name and source and not their_source:
            raise LeakageError(
                f"{out} has crops of scan {theirs!r}, and does not say from which file",
                "crops whose scans are known, so that no tissue is in two groups",
                f"Give --name {theirs} if it is this scan, else cut into another --out",
            )
        if theirs != name and same_scan:
            raise LeakageError(
                f"{out} has crops of this scan under the name {theirs!r}, and now it is called {name!r}",
                "one name for one scan, so that no tissue is in two groups",
                f"Give --name {theirs}, or none",
            )
