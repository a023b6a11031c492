"""How large tumours are in the labels of a pair set, in micrometres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from metgan.data import SPLIT_FILE, Entry, evenly, load_split, open_images, part_of
from metgan.errors import ArrayError, MetganError, SettingError
from metgan.io import has_file
from metgan.labels import Diameters, fit_sizes
from metgan.objects import cut_tumours
from metgan.progress import SLOW, note, progress
from metgan.synthesis import LabelFiles

_MOST_LABELS: Final = 2000


def diameters_of(pairs: Path, run: Path, pixel_um: float) -> Diameters:
    """Return those of whole tumours in training labels; `pixel_um` where their pixels' size is not stated."""
    split = load_split(run / SPLIT_FILE) if has_file(run / SPLIT_FILE) else None
    images = open_images(pairs, "label")
    try:
        entries = part_of(images, "train", split)
    except MetganError as error:
        given = f"{error.given}, in --sizes-of {pairs}"
        remedy = "Give other pairs, or --diameters-um instead"  # there is no --part
        raise type(error)(given, error.expected, remedy) from error
    chosen = evenly(entries, _MOST_LABELS)
    stated = _stated_pixel_um(pairs, chosen)
    labels, areas = LabelFiles(chosen), []
    with progress("measure tumours", len(labels), every_s=SLOW) as advance:
        for label in labels:
            areas += [int(shape.sum()) for shape in cut_tumours(label)]
            advance()
    if not areas:
        raise ArrayError(
            f"none of {len(labels)} labels in {pairs} shows a whole tumour",
            "tumours that say how large they are",
            "Give --diameters-um instead",
        )
    how_large = (
        f"whose pixels pairs.csv says to be {stated:g} um large"
        if stated
        else (
            f"which does not say how large its pixels are: they are taken to be {pixel_um:g} um large, as "
            "the volume's. If they are not, give --diameters-um"
        )
    )
    note(f"diameters are those of {len(areas)} tumours in {len(labels)} labels of {pairs}, {how_large}")
    return Diameters.from_areas(fit_sizes(areas), stated or pixel_um)


def _stated_pixel_um(pairs: Path, entries: Sequence[Entry]) -> float | None:
    """Return how large the pixels of a set are by its table: one size, or None if it is not stated."""
    sizes = {entry.provenance.get("pixel_um", "") for entry in entries}
    try:
        found = {float(size) if size else None for size in sizes}
    except ValueError:
        found = {math.nan}
    if len(found) > 1 or not all(size is None or 0 < size < math.inf for size in found):
        stated = ", ".join(sorted(size or "not stated" for size in sizes))
        raise SettingError(
            f"--sizes-of {pairs}, whose pixels are of these sizes by pairs.csv (pixel_um): {stated}",
            "one size above 0",
            "Give a set of one size, or --diameters-um instead",
        )
    return found.pop()
