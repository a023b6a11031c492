"""Files and folders: every write is all or nothing, and every folder has one writer."""

from .atomic import (
    append_text,
    placing,
    replacing,
    sync_file,
    sync_folder,
    unwritable,
    write_json,
    write_text,
)
from .contents import check_image_file, has_file, has_folder, unreadable
from .folders import (
    check_folder,
    is_half_deleted,
    kind_of_folder,
    prepare_output,
    reserve_folder,
    verb_of_folder,
)
from .holding import hold_folder
from .names import check_name, comparison_key, normal_form, refuse_lookalikes
from .weights import (
    fingerprint,
    load_state,
    load_weights,
    read_metadata,
    refuse_infinite,
    save_state,
    save_weights,
)

__all__ = [
    "append_text",
    "check_folder",
    "check_image_file",
    "check_name",
    "comparison_key",
    "fingerprint",
    "has_file",
    "has_folder",
    "hold_folder",
    "is_half_deleted",
    "kind_of_folder",
    "load_state",
    "load_weights",
    "normal_form",
    "placing",
    "prepare_output",
    "read_metadata",
    "refuse_infinite",
    "refuse_lookalikes",
    "replacing",
    "reserve_folder",
    "save_state",
    "save_weights",
    "sync_file",
    "sync_folder",
    "unreadable",
    "unwritable",
    "verb_of_folder",
    "write_json",
    "write_text",
]
