"""Image files to arrays and back, whole or in part."""

from .registry import READERS, is_image, read_image, write_image
from .stack import Stack, read_stack

__all__ = ["READERS", "Stack", "is_image", "read_image", "read_stack", "write_image"]
