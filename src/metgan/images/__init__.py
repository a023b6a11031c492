"""Image files to arrays and back, whole or in part."""

from .alignment import compare_places
from .lazy_volume import LazyVolume, block_shape
from .nifti import NiftiImage
from .ome_zarr import (
    HALF_WRITTEN,
    Block,
    OmeZarrChannel,
    OmeZarrImage,
    OmeZarrLayout,
    OmeZarrWriter,
    is_begun,
    is_written,
    is_zarr,
    layout_like,
    refuse_unfinished,
    write_ome_zarr,
    writing_ome_zarr,
)
from .plane_folder import PlaneFolder
from .region import Index, Region
from .registry import is_image, open_image, pixel_files, read_image, write_image
from .resample import Resampling
from .source import ArrayImage, ImageSource
from .stack import Stack, read_stack

__all__ = [
    "HALF_WRITTEN",
    "ArrayImage",
    "Block",
    "ImageSource",
    "Index",
    "LazyVolume",
    "NiftiImage",
    "OmeZarrChannel",
    "OmeZarrImage",
    "OmeZarrLayout",
    "OmeZarrWriter",
    "PlaneFolder",
    "Region",
    "Resampling",
    "Stack",
    "block_shape",
    "compare_places",
    "is_begun",
    "is_image",
    "is_written",
    "is_zarr",
    "layout_like",
    "open_image",
    "pixel_files",
    "read_image",
    "read_stack",
    "refuse_unfinished",
    "write_image",
    "write_ome_zarr",
    "writing_ome_zarr",
]
