"""A picture of some generated pairs, so that nobody needs a viewer of 16-bit images to see what was made."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from metgan.data import Entry, Normalisation, PairSet, evenly_over, read_channel, read_pair
from metgan.errors import MetganError
from metgan.images import is_image
from metgan.io import replacing
from metgan.panels import Panel, window
from metgan.pictures import draw_grid
from metgan.progress import note
from metgan.types import Scaled

CONTACT_SHEET = "contact_sheet.png"
"""Name of the picture in a generated pair set."""
SHOWN = 6
_HEADINGS = ("anatomy", "label", "generated", "real")


def save_contact_sheet(pairs: PairSet, anatomies: Sequence[Entry], normalisation: Normalisation) -> None:
    """Write `CONTACT_SHEET` into the folder of generated pairs: some of them, spread over the groups.

    A row is the anatomy, the label, grey where it says nothing, the generated tumour channel with the label's
    outline and, where each of the anatomies shown lies beside its real tumour channel, that, with its own
    tumours. Generated and real share one grey scale.

    Parameters
    ----------
    pairs : PairSet
        As `metgan.synthesis.generate` gives it.
    anatomies : sequence of Entry
        That the pairs were made from; one that has another name by now is not looked for.
    normalisation : Normalisation
        Of the generator.
    """
    sources = {entry.name: entry for entry in anatomies}
    chosen = evenly_over(pairs.entries, SHOWN, lambda entry: entry.group)
    rows = [_row(entry, sources.get(entry.provenance["anatomy_source"]), normalisation) for entry in chosen]
    columns = min(map(len, rows))
    picture = draw_grid(
        [row[:columns] for row in rows], _HEADINGS[:columns], [entry.group for entry in chosen]
    )
    with replacing(pairs.root / CONTACT_SHEET) as temporary:
        temporary.write_bytes(picture)


def _row(entry: Entry, source: Entry | None, normalisation: Normalisation) -> list[Panel]:
    """Return the panels of one pair; the real tumour channel is the last, where there is one."""
    pair, real = read_pair(entry), _real(source, normalisation)
    anatomy = normalisation.apply(pair.anatomy, "anatomy")
    generated = normalisation.apply(pair.tumour, "tumour")
    low, high = window(generated) if real is None else window(generated, real)
    label = pair.label.astype(np.float32)
    if pair.ignored is not None:
        label[pair.ignored] = 0.5
    row = [
        Panel(anatomy, *window(anatomy)),
        Panel(label, 0, 1, colours="mask"),
        Panel(generated, low, high, outline=pair.label),
    ]
    return row if real is None else [*row, Panel(real, low, high)]


def _real(source: Entry | None, normalisation: Normalisation) -> Scaled | None:
    """Return the real tumour channel of an anatomy on [-1, 1]; None where there is none beside it."""
    if source is None or source.is_generated or (path := _tumour_beside(source.paths)) is None:
        return None
    try:
        image = read_channel(path)
        normalisation.check(image, "tumour", str(path))
        if image.shape != read_channel(source.paths["anatomy"]).shape:
            return None
    except MetganError as error:  # the pairs are made, and need no such image
        note(f"{CONTACT_SHEET} shows no real tumour channels: {error}")
        return None
    return normalisation.apply(image, "tumour")


def _tumour_beside(paths: Mapping[str, Path]) -> Path | None:
    """Return the tumour image of a pair: as it is known, or as it lies in a pair set beside the anatomy."""
    anatomy = paths["anatomy"]
    known = [paths["tumour"]] if "tumour" in paths else []
    if anatomy.parent.name == "anatomy":
        known += sorted((anatomy.parents[1] / "tumour").glob(f"{glob.escape(anatomy.stem)}.*"))
    return next((path for path in known if is_image(path)), None)
