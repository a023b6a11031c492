"""Pair sets: reading, checking, splitting, normalising, and a phantom to try everything on."""

from .crops import Crop, CropPlan, Uncovered, find_uncovered, place_crops
from .entry import IGNORE, Entry, fingerprint_of, join_names, split_names, without_label
from .fit import fit_pairs
from .identity import identify, name_scan
from .leakage import (
    PARTS,
    HeldOut,
    groups_of,
    held_out_of,
    part_of,
    parts_of,
    refuse_generated,
    refuse_in_loop,
    refuse_seen,
    refuse_shared,
    refuse_trained_on,
)
from .mask_check import (
    LEAST_STANDING_OUT,
    TURNED,
    StandingOut,
    StandingOutSearch,
    find_orientation,
    measure_standing_out,
    tell_of_inverted,
)
from .normalise import ChannelScale, FillValues, Normalisation, Scaling
from .pairs import PairSet, image_names, open_images, write_pair
from .paste import paste
from .patches import Patch, Patches, View, cut_patch, draw_view, numbers_of
from .pixel_values import PixelValues, pixel_values
from .prepare import prepare
from .sample import Pair, as_camera, check_camera, checksum, has_tumour, read_channel, read_label, read_pair
from .scan import MaskCheck, Scan, refuse_other_shapes
from .scan_crops import CropImages, ScanCrops
from .scan_summary import MOST_LABELLED, ScanBlock, ScanContrast
from .shuffle import shuffle_labels
from .split import SPLIT_FILE, Split, draw_folds, draw_split, load_split, save_split, stated_split
from .stored_pairs import CACHE_BYTES, JoinedPairs, PairView, StoredPairs, entries_of
from .subset import evenly, evenly_over
from .survey import Survey, survey
from .table import TABLE, read_table, sync_images, write_table

__all__ = [
    "CACHE_BYTES",
    "IGNORE",
    "LEAST_STANDING_OUT",
    "MOST_LABELLED",
    "PARTS",
    "SPLIT_FILE",
    "TABLE",
    "TURNED",
    "ChannelScale",
    "Crop",
    "CropImages",
    "CropPlan",
    "Entry",
    "FillValues",
    "HeldOut",
    "JoinedPairs",
    "MaskCheck",
    "Normalisation",
    "Pair",
    "PairSet",
    "PairView",
    "Patch",
    "Patches",
    "PixelValues",
    "Scaling",
    "Scan",
    "ScanBlock",
    "ScanContrast",
    "ScanCrops",
    "Split",
    "StandingOut",
    "StandingOutSearch",
    "StoredPairs",
    "Survey",
    "Uncovered",
    "View",
    "as_camera",
    "check_camera",
    "checksum",
    "cut_patch",
    "draw_folds",
    "draw_split",
    "draw_view",
    "entries_of",
    "evenly",
    "evenly_over",
    "find_orientation",
    "find_uncovered",
    "fingerprint_of",
    "fit_pairs",
    "groups_of",
    "has_tumour",
    "held_out_of",
    "identify",
    "image_names",
    "join_names",
    "load_split",
    "measure_standing_out",
    "name_scan",
    "numbers_of",
    "open_images",
    "part_of",
    "parts_of",
    "paste",
    "pixel_values",
    "place_crops",
    "prepare",
    "read_channel",
    "read_label",
    "read_pair",
    "read_table",
    "refuse_generated",
    "refuse_in_loop",
    "refuse_other_shapes",
    "refuse_seen",
    "refuse_shared",
    "refuse_trained_on",
    "save_split",
    "shuffle_labels",
    "split_names",
    "stated_split",
    "survey",
    "sync_images",
    "tell_of_inverted",
    "without_label",
    "write_pair",
    "write_table",
]
