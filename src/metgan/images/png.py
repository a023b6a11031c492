"""PNG through Pillow: 8 and 16 bit grey; colour is refused by whoever needs one channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from metgan.errors import StorageError
from metgan.io import placing, unreadable
from metgan.types import AnyArray


def read_png(path: Path) -> AnyArray:
    """Read one PNG as (Y, X), or (Y, X, samples) when it is in colour.

    A palette of greys, and opacity that is the same everywhere, make no colour image.

    Raises
    ------
    StorageError
        When the file is damaged, no PNG, holds several images, or has a palette of colours, whose numbers
        mean nothing, or pixels that can be seen through, or colours or opacity of 16 bits.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if (count := getattr(image, "n_frames", 1)) > 1:
                remedy = "Save the one that is meant as a file of its own"
                raise StorageError(f"{path} holds {count} images", "one image", remedy)
            if len(image.getbands()) > 1 and any(str(tile[3]).endswith(";16B") for tile in image.tile):
                given = f"{path} has colours or opacity of 16 bits, of which 8 bits would be read"
                raise StorageError(given, "16-bit grey", "Save it as TIFF, or as a grey image without alpha")
            if image.mode == "1":
                return np.asarray(image).astype(np.uint8)
            array = np.asarray(_greys(path, image) if image.mode in ("P", "PA", "LA") else image)
    except StorageError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise unreadable(path, "PNG", error) from error
    return array.astype(np.uint16) if array.dtype == np.int32 else array


def write_png(path: Path, image: AnyArray) -> None:
    """Write one (Y, X) image of uint8 or uint16."""
    with placing(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")


def _greys(path: Path, image: Image.Image) -> Image.Image:
    """Return the grey levels that an image of indices or with opacity shows."""
    shown = np.asarray(image.convert("RGBA"))  # (Y, X, 4)
    if shown[..., 3].min() != shown[..., 3].max():
        given = f"{path} has transparent pixels"
        raise StorageError(
            given, "a grey image without transparency", "Save it again without an alpha channel"
        )
    if (shown[..., :1] != shown[..., 1:3]).any():
        raise StorageError(
            f"{path} is indexed (a palette image): its pixels are numbers of colours",
            "grey levels",
            "Save it as 8-bit grey, as in Fiji with Image > Type > 8-bit",
        )
    return image.convert("L")
