"""The picture beside generated pairs: which pairs, which columns, and that it stops nothing."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from metgan.data import Entry, PairSet, open_images, write_pair, write_table
from metgan.synthesis import CONTACT_SHEET
from metgan.synthesis.contact_sheet import _row, save_contact_sheet

from .conftest import UNITS


@pytest.fixture
def world(small_pairs: PairSet, tmp_path: Path) -> tuple[PairSet, Path]:
    """Three pairs that pass for generated, and a copy of the set that they were made from."""
    rows = []
    for entry in small_pairs:
        pair = small_pairs.read(entry.name)
        write_pair(tmp_path / "real", entry.name, pair.anatomy, pair.tumour, pair.label)
        if len(rows) < 3:
            name = f"synthetic-{len(rows)}"
            write_pair(tmp_path / "new", name, pair.anatomy, pair.tumour // 2, pair.label)
            rows.append(
                {"name": name, "group": entry.group, "organ": "", "split": "", "anatomy_source": entry.name}
            )
    write_table(tmp_path / "new", rows)
    return PairSet.open(tmp_path / "new"), tmp_path / "real"


def shape_of(pairs: PairSet, anatomies: tuple[Entry, ...]) -> tuple[int, int]:
    """Columns and rows of the picture, which a panel of 2.1 inches makes 231 pixels wide."""
    save_contact_sheet(pairs, anatomies, UNITS)
    with Image.open(io.BytesIO((pairs.root / CONTACT_SHEET).read_bytes())) as picture:
        return picture.width // 231, picture.height // 231


def test_a_row_has_the_real_channel_where_it_lies_beside_the_anatomy(world: tuple[PairSet, Path]) -> None:
    pairs, real = world
    assert shape_of(pairs, open_images(real, "anatomy")) == (4, 3)
    assert shape_of(pairs, open_images(real / "anatomy", "anatomy")) == (4, 3)


@pytest.mark.parametrize("lack", ["folder", "image", "size", "dtype", "damaged", "renamed"])
def test_what_cannot_be_shown_beside_the_anatomy_leaves_the_column_out(
    world: tuple[PairSet, Path], lack: str
) -> None:
    pairs, real = world
    image = real / "tumour" / f"{pairs.entries[1].provenance['anatomy_source']}.tif"
    anatomies = open_images(real, "anatomy")
    if lack == "folder":
        (real / "tumour").rename(real / "other")
    elif lack == "image":
        image.unlink()
    elif lack == "renamed":
        anatomies = anatomies[2:]
    elif lack == "damaged":
        image.write_bytes(b"half an image")
    else:
        other = np.arange(64 * 64 if lack == "dtype" else 32 * 64).reshape(-1, 64)
        tifffile.imwrite(image, other.astype("uint8" if lack == "dtype" else "uint16"))
    assert shape_of(pairs, anatomies) == (3, 3)


def test_what_a_label_says_nothing_of_is_grey(world: tuple[PairSet, Path]) -> None:
    entry = world[0].entries[0]
    plain = _row(entry, None, UNITS)[1]
    assert set(np.unique(plain.image)) <= {0.0, 1.0}
    mask = world[0].root / "ignore.tif"
    tifffile.imwrite(mask, np.where(np.arange(64 * 64).reshape(64, 64) < 640, 255, 0).astype("uint8"))
    partly = replace(entry, paths={**entry.paths, "ignore": mask})
    shown = _row(partly, None, UNITS)[1].image
    assert (shown[:10] == 0.5).all()
    assert np.array_equal(shown[10:], plain.image[10:])
