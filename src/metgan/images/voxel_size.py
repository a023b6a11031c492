"""How large a voxel is: units of length, and what ImageJ or a program that writes OME has noted in a TIFF.

The resolution of other TIFFs is not taken for it: it mostly is that of a printer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import tifffile

from metgan.progress import note_once

UM_PER_UNIT: Final[Mapping[str, float]] = {
    **dict.fromkeys(("micrometer", "micron", "microns", "um", "\u00b5m", "\u03bcm", "\\u00B5m"), 1.0),
    **dict.fromkeys(("nanometer", "nm"), 1e-3),
    **dict.fromkeys(("millimeter", "mm"), 1e3),
    **dict.fromkeys(("centimeter", "cm"), 1e4),
    "picometer": 1e-6,
    "angstrom": 1e-4,
    "decimeter": 1e5,
    "meter": 1e6,
}
"""A unit's name or symbol to micrometres: those that microscopes' files use."""


def voxel_size_um(file: tifffile.TiffFile, axes: str) -> tuple[float, ...] | None:
    """Return the size along those of Z, Y and X that `axes` holds, in order; None without one of them."""
    stated = _imagej(file) if file.is_imagej else _ome(file) if file.is_ome else {}
    sizes = tuple(stated.get(letter, math.nan) for letter in "ZYX" if letter in axes)
    return known_sizes(sizes, Path(file.filehandle.path)) if sizes else None


def known_sizes(sizes: Sequence[float], where: Path) -> tuple[float, ...] | None:
    """Return the sizes in um if all are known; None otherwise, with a note of negative ones.

    Some files use these to say that an axis runs the other way, which metgan does not apply.
    """
    if any(size < 0 for size in sizes):
        stated = " x ".join(f"{size:g}" for size in sizes)
        note_once(
            f"{where} says that its voxels are {stated} um large, below 0, as where an axis runs the other "
            "way: their size is taken as not known, and they are taken to lie as stored. Do the mask and the "
            "other channel lie alike?"
        )
    return tuple(sizes) if all(0 < size < math.inf for size in sizes) else None


def _number(noted: object) -> float:
    """Return what a program has noted as a size; nan for what is no number."""
    try:
        return float(str(noted))
    except ValueError:
        return math.nan


def _imagej(file: tifffile.TiffFile) -> dict[str, float]:
    noted, tags = file.imagej_metadata or {}, file.pages.first.tags
    sizes = {"Z": _number(noted.get("spacing"))}
    for letter, name in (("Y", "YResolution"), ("X", "XResolution")):
        pixels, length = tags[name].value if name in tags else (0, 1)
        sizes[letter] = length / pixels if pixels else math.nan
    units = {axis: noted.get(f"{axis.lower()}unit", noted.get("unit")) for axis in sizes}  # yunit, zunit
    return {axis: size * UM_PER_UNIT.get(str(units[axis]), math.nan) for axis, size in sizes.items()}


def _ome(file: tifffile.TiffFile) -> dict[str, float]:
    image: Any = tifffile.xml2dict(file.ome_metadata or "").get("OME", {}).get("Image", {})
    pixels = (image[0] if isinstance(image, list) else image).get("Pixels", {})
    return {
        letter: _number(pixels.get(f"PhysicalSize{letter}"))
        * UM_PER_UNIT.get(str(pixels.get(f"PhysicalSize{letter}Unit", "um")), math.nan)
        for letter in "ZYX"
    }
