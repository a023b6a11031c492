"""Pair sets: reading, checking, splitting, normalising, and a phantom to try everything on."""

from .crops import CropPlan, Uncovered, find_uncovered, place_crops
from .fit import fit_pairs
from .identity import identify, name_scan
from .mask_check import (
    LEAST_STANDING_OUT,
    TURNED,
    StandingOut,
    check_mask,
    find_orientation,
    measure_standing_out,
)
from .normalise import ChannelScale, FillValues, Normalisation, Scaling
from .pairs import TABLE, PairSet, open_images, read_table, sync_images, write_pair, write_table
from .paste import paste
from .patches import Patch, Patches, View, cut_patch, draw_view, numbers_of
from .pixel_values import PixelValues, pixel_values
from .prepare import prepare, useful_crops
from .sample import (
    Entry,
    Pair,
    as_camera,
    check_camera,
    checksum,
    fingerprint_of,
    has_tumour,
    join_names,
    read_channel,
    read_label,
    read_pair,
    split_names,
)
from .scan import Scan, refuse_other_shapes
from .shuffle import shuffle_labels
from .split import (
    PARTS,
    SPLIT_FILE,
    Split,
    draw_folds,
    draw_split,
    load_split,
    part_of,
    refuse_divided,
    save_split,
    stated_split,
)
from .stored_pairs import CACHE_BYTES, JoinedPairs, PairView, StoredPairs, entries_of

__all__ = [
    "CACHE_BYTES",
    "LEAST_STANDING_OUT",
    "PARTS",
    "SPLIT_FILE",
    "TABLE",
    "TURNED",
    "ChannelScale",
    "CropPlan",
    "Entry",
    "FillValues",
    "JoinedPairs",
    "Normalisation",
    "Pair",
    "PairSet",
    "PairView",
    "Patch",
    "Patches",
    "PixelValues",
    "Scaling",
    "Scan",
    "Split",
    "StandingOut",
    "StoredPairs",
    "Uncovered",
    "View",
    "as_camera",
    "check_camera",
    "check_mask",
    "checksum",
    "cut_patch",
    "draw_folds",
    "draw_split",
    "draw_view",
    "entries_of",
    "find_orientation",
    "find_uncovered",
    "fingerprint_of",
    "fit_pairs",
    "has_tumour",
    "identify",
    "join_names",
    "load_split",
    "measure_standing_out",
    "name_scan",
    "numbers_of",
    "open_images",
    "part_of",
    "paste",
    "pixel_values",
    "place_crops",
    "prepare",
    "read_channel",
    "read_label",
    "read_pair",
    "read_table",
    "refuse_divided",
    "refuse_other_shapes",
    "save_split",
    "shuffle_labels",
    "split_names",
    "stated_split",
    "sync_images",
    "useful_crops",
    "write_pair",
    "write_table",
]
