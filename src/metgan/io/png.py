"""PNG through Pillow: 8 and 16 bit grey; colour is refused by whoever needs one channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from metgan.errors import StorageError
from metgan.types import AnyArray

from .atomic import placing


def read_png(path: Path) -> AnyArray:
    """Read one PNG as (Y, X), or (Y, X, samples) when it is in colour."""
    try:
        with Image.open(path) as image:
            if image.mode == "1":
                return np.asarray(image).astype(np.uint8)
            array = np.asarray(image.convert("RGB") if image.mode == "P" else image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise StorageError(
            f"{path} cannot be read as PNG ({error})", "a complete PNG", "Copy it again from its source"
        ) from error
    return array.astype(np.uint16) if array.dtype == np.int32 else array


def write_png(path: Path, image: AnyArray) -> None:
    """Write one (Y, X) image of uint8 or uint16."""
    with placing(path) as temporary:
        Image.fromarray(image).save(temporary, format="PNG")
