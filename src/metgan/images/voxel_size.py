"""How large a voxel is: units of length, and what ImageJ or a program that writes OME has noted in a TIFF.

The resolution of other TIFFs is not taken for it: it mostly is that of a printer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import tifffile

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
    return sizes if sizes and all(0 < size < math.inf for size in sizes) else None


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
