"""The paper's data as DeepMACT's pickles: a folder for each channel and for the labels, read pair by pair.

A sub-volume gives three images, its maximum projections along X, Y and Z. They show the same tissue, so a
pair's group is its sub-volume.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from metgan.data import Entry, Pair, check_camera
from metgan.errors import ArrayError, StorageError
from metgan.io import check_name, has_folder
from metgan.labels import check_binary
from metgan.types import AnyArray

from .pickled_arrays import read_pickled

DEEPMACT_FOLDERS: Final[Mapping[str, str]] = {
    "anatomy": "anato_channel",
    "tumour": "cancer_ch",
    "label": "labels",
}
"""Channel to folder."""
_FILE = re.compile(r"(data|label)_patch_(.+)_([XYZ])_F15\.pickledump")
_IMAGE = "raw"
_LISTED = 5


def open_deepmact(root: Path | str, test_groups: Collection[str] = ()) -> tuple[Entry, ...]:
    """List the pairs of a folder of DeepMACT's pickles; images are read when asked for, with `read_deepmact`.

    Parameters
    ----------
    root : Path or str
        With ``anato_channel/`` and ``cancer_ch/``, whose files are called
        ``data_patch_<id>_<X|Y|Z>_F15.pickledump``, and ``labels/``, whose are ``label_patch_...``.
    test_groups : collection of str
        Sub-volumes, by their ids, that are to be tested on.

    Returns
    -------
    tuple of Entry
        Called ``<id>_<X|Y|Z>``; the group is the id.

    Raises
    ------
    StorageError
        When a folder is missing, there is no such file, or names do not match; or a test group is not there.
    """
    root = Path(root)
    files = {channel: _files(root / folder, channel) for channel, folder in DEEPMACT_FOLDERS.items()}
    known = sorted(set().union(*files.values()))
    lacking = [
        f"{DEEPMACT_FOLDERS[c]}/{'_'.join(which)}" for which in known for c in files if which not in files[c]
    ]
    if lacking or not known:
        more = ", ..." if len(lacking) > _LISTED else ""
        raise StorageError(
            f"{root} lacks {', '.join(lacking[:_LISTED])}{more}" if lacking else f"{root} holds no pickles",
            "data_patch_ID_X_F15.pickledump in two folders, and label_patch_ID_X_F15.pickledump in labels/, "
            "of the same ids and views",
            "Copy the missing files, or remove their partners",
        )
    groups = {group for group, _ in known}
    if absent := sorted({*map(str, test_groups)} - groups):
        raise StorageError(
            f"{root} has no sub-volumes {', '.join(absent[:_LISTED])}", "ids of its files", "Correct the ids"
        )
    tested = {*map(str, test_groups)}
    return tuple(
        Entry(
            check_name("_".join(which), "pair", "Rename the file"),
            which[0],
            "",
            ("test" if which[0] in tested else "train") if tested else "",
            {channel: files[channel][which] for channel in files},
        )
        for which in known
    )


def read_deepmact(entry: Entry) -> Pair:
    """Read one pair of `open_deepmact`.

    Raises
    ------
    StorageError
        When a file is damaged, or asks for more than arrays (`read_pickled`); nothing of it is run.
    ArrayError
        When the images are not of one shape (Y, X), not finite, or the label has more than two values.
    """
    images = {channel: _image(path) for channel, path in entry.paths.items()}
    if len({image.shape for image in images.values()}) > 1:
        shapes = ", ".join(f"{channel} {image.shape}" for channel, image in images.items())
        raise ArrayError(f"pair {entry.name!r} has shapes {shapes}", "one shape", "Leave that sub-volume out")
    return Pair(
        entry,
        check_camera(images["anatomy"], str(entry.paths["anatomy"])),
        check_camera(images["tumour"], str(entry.paths["tumour"])),
        check_binary(images["label"], str(entry.paths["label"])),
    )


def _files(folder: Path, channel: str) -> dict[tuple[str, str], Path]:
    """Return the files of a folder by sub-volume and view."""
    if not has_folder(folder):
        given = f"there is no folder {folder}"
        raise StorageError(given, "anato_channel/, cancer_ch/ and labels/", "Check the path")
    kind = "label" if channel == "label" else "data"
    names = [(path, _FILE.fullmatch(path.name)) for path in sorted(folder.iterdir())]
    return {(named[2], named[3]): path for path, named in names if named and named[1] == kind}


def _image(path: Path) -> AnyArray:
    """Return the array of a file: itself, or "raw" of a dictionary."""
    found = read_pickled(path)
    image = found.get(_IMAGE) if isinstance(found, dict) else found
    if not isinstance(image, np.ndarray):
        given = f"{path} holds {type(found).__name__}"
        raise StorageError(given, f'an array, or a dictionary with one as "{_IMAGE}"', "Check the file")
    is_plane = image.ndim > len("YX") and image.size == math.prod(image.shape[-2:])
    flat = image.reshape(image.shape[-2:]) if is_plane else image
    if flat.ndim != len("YX"):
        raise ArrayError(f"{path} has shape {image.shape}", "one image (Y, X)", "Leave that file out")
    return flat
