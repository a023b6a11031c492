"""Other programs' formats."""

from .cases import Case, gather_cases, require_part
from .deepmact import DEEPMACT_FOLDERS, open_deepmact, read_deepmact
from .export import CASES_FILE, Layout, check_export, check_resumed, export, read_cases
from .mask_folders import MASK_FOLDERS, number_classes, number_objects
from .nnunet import CHANNELS, NnUnet
from .pickled_arrays import read_pickled
from .released import Part, ReleasedFiles, read_released, write_released

__all__ = [
    "CASES_FILE",
    "CHANNELS",
    "DEEPMACT_FOLDERS",
    "MASK_FOLDERS",
    "Case",
    "Layout",
    "NnUnet",
    "Part",
    "ReleasedFiles",
    "check_export",
    "check_resumed",
    "export",
    "gather_cases",
    "number_classes",
    "number_objects",
    "open_deepmact",
    "read_cases",
    "read_deepmact",
    "read_pickled",
    "read_released",
    "require_part",
    "write_released",
]
