"""One pair, and the checks at the door: what comes through here is trusted everywhere else."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from metgan.errors import ArrayError
from metgan.images import read_image
from metgan.labels import check_binary, fill_of, shared_fill
from metgan.types import AnyArray, Camera, Mask

from .entry import IGNORE, Entry
from .normalise import FillValues


@dataclass(frozen=True)
class Pair:
    """Both channels in camera units and the label, all (Y, X) of one shape.

    Parameters
    ----------
    entry : Entry
    anatomy, tumour : Camera
    label : Mask
        Empty for an unlabelled pair.
    ignored : Mask or None, default None
        Where the label says nothing, so that no loss may count the pixel: everywhere in an unlabelled pair.
        None where it says all.
    """

    entry: Entry
    anatomy: Camera
    tumour: Camera
    label: Mask
    ignored: Mask | None = None

    def filled(self, fill: FillValues | None = None) -> Mask:
        """Return where nothing was imaged and no tumour is labelled, (Y, X); searched for once.

        Parameters
        ----------
        fill : FillValues or None
            The constants of the set that the pair is from: all areas of the anatomy's are fill, however
            small. None where no set with fill is known: then the pair decides for itself, as if it were a
            set, see `metgan.labels.shared_fill`.

        Returns
        -------
        ndarray, (Y, X), bool
            Read-only.
        """
        key = None if fill is None else fill.anatomy
        if key not in self._fills:
            found = shared_fill(self.anatomy, self.tumour) if key is None else fill_of(self.anatomy, key)
            found &= ~self.label
            found.flags.writeable = False
            self._fills[key] = found
        return self._fills[key]

    @property
    def may_be_tumour(self) -> Mask:
        """Where a tumour is labelled, or the label says nothing, (Y, X)."""
        return self.label if self.ignored is None else self.label | self.ignored

    def counted(self, mask: Mask) -> Mask:
        """Return `mask`, (Y, X), without the pixels of which the label says nothing: no figure counts them.

        Examples
        --------
        >>> image, line = np.arange(3, dtype=np.uint8)[None], np.array([[False, True, True]])
        >>> pair = Pair(Entry("a", "mouse", "", "", {}), image, image, line, ~line)
        >>> pair.counted(np.ones((1, 3), bool)).tolist()
        [[False, True, True]]
        """
        return mask if self.ignored is None else mask & ~self.ignored

    def unscored(self, fill: FillValues | None = None) -> Mask:
        """Return where no score counts a pixel, (Y, X): nothing was imaged, or the label says nothing."""
        filled = self.filled(fill)
        return filled if self.ignored is None else filled | self.ignored

    @cached_property
    def _fills(self) -> dict[float | None, Mask]:
        """What `filled` has found, by the anatomy's constant."""
        return {}


def checksum(pairs: Iterable[Pair], start: int = 0) -> int:
    """Return the CRC-32 of the names and pixels of pairs, in their order, continuing from `start`."""
    total = start
    for pair in pairs:
        total = zlib.crc32(pair.entry.name.encode(), total)
        ignored = () if pair.ignored is None else (pair.ignored,)
        for image in (pair.anatomy, pair.tumour, pair.label, *ignored):
            total = zlib.crc32(np.ascontiguousarray(image).tobytes(), total)
    return total


def read_pair(entry: Entry) -> Pair:
    """Read and check one pair; of one without a label, all pixels are ignored.

    Raises
    ------
    StorageError
        When a file is missing, empty or damaged.
    ArrayError
        For colour, different shapes, NaN or infinite pixels, a flat image or a label with more
        than two values.
    """
    anatomy = read_channel(entry.paths["anatomy"])
    tumour = read_channel(entry.paths["tumour"])
    label = read_label(entry.paths["label"]) if entry.is_labelled else np.zeros(anatomy.shape, bool)
    ignored = read_label(entry.paths[IGNORE]) if IGNORE in entry.paths else None
    if not entry.is_labelled:
        ignored = np.ones(anatomy.shape, bool)
    shapes = {"anatomy": anatomy.shape, "tumour": tumour.shape, "label": label.shape}
    if ignored is not None:
        shapes[IGNORE] = ignored.shape
    if len(set(shapes.values())) > 1:
        raise ArrayError(
            f"pair {entry.name!r} has shapes {', '.join(f'{k} {v}' for k, v in shapes.items())}",
            "one shape for all of its images",
            "Crop or resample them to the same grid",
        )
    return Pair(entry, anatomy, tumour, label, ignored)


def read_channel(path: Path) -> Camera:
    """Read one anatomy or tumour image as uint8, uint16 or float32, (Y, X)."""
    return check_channel(_one_channel(read_image(path), path), str(path))


def read_label(path: Path) -> Mask:
    """Read one label as a boolean mask (Y, X); any single positive value means tumour."""
    return check_binary(_one_channel(read_image(path), path), str(path))


def has_tumour(entry: Entry) -> bool:
    """Say whether the label of a pair shows any tumour; its other images are not read."""
    return bool(read_label(entry.paths["label"]).any())


def check_channel(image: AnyArray, name: str) -> Camera:
    """Check that `image` is of a camera's dtype, finite and not flat.

    Examples
    --------
    >>> try:
    ...     check_channel(np.ones((2, 2), np.uint16), "a.tif")
    ... except ArrayError as error:
    ...     print(error.given)
    a.tif is flat, every pixel is 1
    """
    image = check_camera(image, name)
    if image.size and image.min() == image.max():
        raise ArrayError(
            f"{name} is flat, every pixel is {image.flat[0]}",
            "an image with contrast",
            "Leave it out, or check the export",
        )
    return image


def check_camera(image: AnyArray, name: str) -> Camera:
    """Check that `image` is uint8, uint16 or float and finite; floats become float32."""
    ArrayError.if_masked(name, image)
    image = image.astype(image.dtype.newbyteorder("="), copy=False)  # a TIFF may hold the other order
    if image.dtype.kind == "f":
        with np.errstate(over="ignore"):  # of doubles beyond float32, which become infinite
            image = image.astype(np.float32)
        if not np.isfinite(image).all():
            count = int((~np.isfinite(image)).sum())
            raise ArrayError(
                f"{name} has {count} NaN or infinite pixels",
                "finite values",
                "Leave the image out; metgan prepare checks only its --rows, --columns and --planes",
            )
        return image
    if image.dtype not in (np.uint8, np.uint16):
        raise ArrayError(
            f"{name} has dtype {image.dtype}",
            "uint8, uint16 or a float",
            "If it is a mask, give it as the label; otherwise convert it to float32, or to uint16 where all "
            "values lie within 0 to 65535",
        )
    return image


def as_camera(image: AnyArray, like: Camera) -> Camera:
    """Round a computed image to the dtype of a camera's, and cut it to that range.

    Examples
    --------
    >>> as_camera(np.array([[-3.0, 1.6, 300.0]]), np.zeros((1, 3), np.uint8))
    array([[  0,   2, 255]], dtype=uint8)
    """
    dtype: np.dtype[Any] = like.dtype
    if dtype.kind == "f":
        return image.astype(np.float32)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(image), limits.min, limits.max).astype(dtype)


def _one_channel(image: AnyArray, path: Path) -> AnyArray:
    if image.ndim == 3 and image.shape[-1] in (2, 3, 4):
        raise ArrayError(
            f"{path} is in colour, shape {image.shape}",
            "a single-channel image (Y, X)",
            "Save each channel as a grey image of its own",
        )
    if image.ndim != 2:
        raise ArrayError(
            f"{path} has shape {image.shape}",
            "a single-channel image (Y, X)",
            "Cut stacks into crops with metgan prepare",
        )
    return image
