"""What a user calls with a path takes one that is text, as an editor or a notebook has it."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metgan
from metgan.data import SPLIT_FILE, Split, load_split, open_images, save_split
from metgan.images import (
    ArrayImage,
    open_image,
    pixel_files,
    read_image,
    read_stack,
    write_image,
    write_ome_zarr,
)
from metgan.interop import read_pickled
from metgan.phantom import PhantomSettings, PhantomVolume, write_phantom, write_phantom_volume

IMAGE = np.arange(12, dtype=np.uint16).reshape(3, 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of images, volumes, pairs and a split, all written to paths that are text."""
    folder = tmp_path_factory.mktemp("text")
    write_image(str(folder / "image.tif"), IMAGE)
    write_ome_zarr(str(folder / "image.ome.zarr"), ArrayImage(np.stack([IMAGE, IMAGE]), "ZYX"))
    (folder / "image.pickledump").write_bytes(pickle.dumps(IMAGE))
    write_phantom(str(folder / "pairs"), 2, PhantomSettings(size=48), seed=0)
    write_phantom_volume(str(folder / "mouse.ome.zarr"), PhantomVolume((2, 48, 48)))
    save_split(Split(("a",), ("b",), ("c",)), folder / SPLIT_FILE)
    return folder


@pytest.mark.parametrize("given", [str, Path])
@pytest.mark.parametrize(
    ("read", "name", "expected"),
    [
        (lambda path: open_image(path).shape, "image.tif", (3, 4)),
        (lambda path: open_image(path).shape, "image.ome.zarr", (2, 3, 4)),
        (lambda path: open_image(path).shape, "mouse.ome.zarr", (2, 2, 48, 48)),
        (lambda path: read_image(path).tolist(), "image.tif", IMAGE.tolist()),
        (lambda path: read_stack(path, "YX").path.name, "image.tif", "image.tif"),
        (lambda path: [file.name for file in pixel_files(path)], "image.tif", ["image.tif"]),
        (lambda path: read_pickled(path).tolist(), "image.pickledump", IMAGE.tolist()),
        (lambda path: len(metgan.PairSet.open(path)), "pairs", 2),
        (lambda path: len(open_images(path, "anatomy")), "pairs", 2),
        (lambda path: load_split(path).test, SPLIT_FILE, ("c",)),
        (lambda path: load_split(path).test, "", ("c",)),
    ],
)
def test_a_path_that_is_text_reads_the_same(
    read: Callable[[Any], object], name: str, expected: object, given: Callable[[Path], Any], folder: Path
) -> None:
    assert read(given(folder / name)) == expected
