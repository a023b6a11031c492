"""A synthetic cleared mouse: two-channel pictures whose tumours are known exactly."""

from .fill import Fill
from .laboratories import LABORATORIES, Laboratory
from .organs import ORGANS
from .pair_set import write_phantom
from .pairs import PhantomPair, draw_pairs
from .random_laboratory import draw_laboratory
from .settings import PHANTOM_RANGES, PhantomSettings
from .volume import VOLUME_RANGES, PhantomVolume, phantom_layout, write_phantom_volume

__all__ = [
    "LABORATORIES",
    "ORGANS",
    "PHANTOM_RANGES",
    "VOLUME_RANGES",
    "Fill",
    "Laboratory",
    "PhantomPair",
    "PhantomSettings",
    "PhantomVolume",
    "draw_laboratory",
    "draw_pairs",
    "phantom_layout",
    "write_phantom",
    "write_phantom_volume",
]
