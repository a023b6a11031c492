"""Files to arrays and back; every write is all or nothing."""

from .atomic import replacing, write_json, write_text
from .folders import check_folder, claim_folder, kind_of_folder
from .registry import READERS, is_image, read_image, write_image
from .tiff import Stack, read_stack
from .weights import fingerprint, load_state, load_weights, read_metadata, save_state, save_weights

__all__ = [
    "READERS",
    "Stack",
    "check_folder",
    "claim_folder",
    "fingerprint",
    "is_image",
    "kind_of_folder",
    "load_state",
    "load_weights",
    "read_image",
    "read_metadata",
    "read_stack",
    "replacing",
    "save_state",
    "save_weights",
    "write_image",
    "write_json",
    "write_text",
]
