"""Files to arrays and back; every write is all or nothing."""

from .atomic import replacing, write_json, write_text
from .contents import has_file, has_folder
from .folders import check_folder, claim_folder, kind_of_folder
from .names import check_name, likeness, normal_form, refuse_lookalikes
from .registry import READERS, is_image, read_image, write_image
from .tiff import Stack, read_stack
from .weights import fingerprint, load_state, load_weights, read_metadata, save_state, save_weights

__all__ = [
    "READERS",
    "Stack",
    "check_folder",
    "check_name",
    "claim_folder",
    "fingerprint",
    "has_file",
    "has_folder",
    "is_image",
    "kind_of_folder",
    "likeness",
    "load_state",
    "load_weights",
    "normal_form",
    "read_image",
    "read_metadata",
    "read_stack",
    "refuse_lookalikes",
    "replacing",
    "save_state",
    "save_weights",
    "write_image",
    "write_json",
    "write_text",
]
