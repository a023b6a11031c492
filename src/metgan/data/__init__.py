"""Pair sets: reading, checking, splitting, normalising, and a phantom to try everything on."""

from .augment import View, draw_view
from .ceiling import find_ceiling
from .crops import CropPlan, Uncovered, find_uncovered, place_crops
from .fit import fit_normalisation, fit_pairs
from .folds import draw_folds
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
from .pairs import TABLE, PairSet, image_names, open_images, read_table, sync_images, write_pair, write_table
from .paste import paste
from .patches import Patch, Patches, cut_patch, numbers_of
from .pixel_values import PixelValues, pixel_values
from .prepare import Prepared, prepare, useful_crops
from .provenance import join_names, split_names
from .sample import (
    Entry,
    Pair,
    as_camera,
    check_camera,
    check_channel,
    checksum,
    fingerprint_of,
    has_tumour,
    read_channel,
    read_label,
    read_pair,
)
from .scan import Scan, refuse_other_shapes
from .shuffle import shuffle_labels
from .split import (
    PARTS,
    SPLIT_FILE,
    Split,
    draw_split,
    load_split,
    part_of,
    refuse_divided,
    save_split,
    stated_split,
)
from .stored_pairs import CACHE_BYTES, JoinedPairs, PairSequence, PairView, StoredPairs, entries_of

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
    "PairSequence",
    "PairSet",
    "PairView",
    "Patch",
    "Patches",
    "PixelValues",
    "Prepared",
    "Scaling",
    "Scan",
    "Split",
    "StandingOut",
    "StoredPairs",
    "Uncovered",
    "View",
    "as_camera",
    "check_camera",
    "check_channel",
    "check_mask",
    "checksum",
    "cut_patch",
    "draw_folds",
    "draw_split",
    "draw_view",
    "entries_of",
    "find_ceiling",
    "find_orientation",
    "find_uncovered",
    "fingerprint_of",
    "fit_normalisation",
    "fit_pairs",
    "has_tumour",
    "identify",
    "image_names",
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
