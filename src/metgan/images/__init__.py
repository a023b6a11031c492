"""Image files to arrays and back, whole or in part."""

from .ome_zarr import (
    Block,
    OmeZarrChannel,
    OmeZarrImage,
    OmeZarrLayout,
    OmeZarrWriter,
    is_written,
    layout_like,
    write_ome_zarr,
    writing_ome_zarr,
)
from .region import Index, Region
from .registry import is_image, open_image, pixel_files, read_image, write_image
from .source import ArrayImage, ImageSource
from .stack import Stack, read_stack

__all__ = [
    "ArrayImage",
    "Block",
    "ImageSource",
    "Index",
    "OmeZarrChannel",
    "OmeZarrImage",
    "OmeZarrLayout",
    "OmeZarrWriter",
    "Region",
    "Stack",
    "is_image",
    "is_written",
    "layout_like",
    "open_image",
    "pixel_files",
    "read_image",
    "read_stack",
    "write_image",
    "write_ome_zarr",
    "writing_ome_zarr",
]
