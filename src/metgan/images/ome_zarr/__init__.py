"""OME-Zarr 0.4 and 0.5: read by region, and written block by block."""

from .copy import layout_like, write_ome_zarr
from .image import OmeZarrImage
from .layout import Block, OmeZarrChannel, OmeZarrLayout
from .output import is_begun, is_written, writing_ome_zarr
from .store import HALF_WRITTEN, is_zarr, refuse_lacking, refuse_unfinished
from .writer import OmeZarrWriter

__all__ = [
    "HALF_WRITTEN",
    "Block",
    "OmeZarrChannel",
    "OmeZarrImage",
    "OmeZarrLayout",
    "OmeZarrWriter",
    "is_begun",
    "is_written",
    "is_zarr",
    "layout_like",
    "refuse_lacking",
    "refuse_unfinished",
    "write_ome_zarr",
    "writing_ome_zarr",
]
