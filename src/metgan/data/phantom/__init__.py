"""A synthetic cleared mouse: two-channel pictures whose tumours are known exactly."""

from .organs import ORGANS
from .pair_set import write_phantom
from .pairs import PAIRS_PER_ANIMAL, PhantomPair, draw_pairs
from .settings import PhantomSettings

__all__ = ["ORGANS", "PAIRS_PER_ANIMAL", "PhantomPair", "PhantomSettings", "draw_pairs", "write_phantom"]
