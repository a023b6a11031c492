"""Image files to arrays and back, whole or in part."""

from .region import Index, Region
from .registry import is_image, open_image, read_image, write_image
from .source import ArrayImage, ImageSource
from .stack import Stack, read_stack

__all__ = [
    "ArrayImage",
    "ImageSource",
    "Index",
    "Region",
    "Stack",
    "is_image",
    "open_image",
    "read_image",
    "read_stack",
    "write_image",
]
