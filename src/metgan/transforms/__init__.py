"""Random changes of images as tensors: a whole batch at once, on whichever device it is."""

from .augmentation import STRONG, Augmentation, Distortions, draw_distortion
from .distort import distort, warp
from .intensity import blur, change_contrast, each_image, measure_spread, normal_noise

__all__ = [
    "STRONG",
    "Augmentation",
    "Distortions",
    "blur",
    "change_contrast",
    "distort",
    "draw_distortion",
    "each_image",
    "measure_spread",
    "normal_noise",
    "warp",
]
