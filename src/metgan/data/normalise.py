"""One normalisation for everything: training, generating, the segmentor and the scores.

Robust percentiles of the *training set* map each channel to [-1, 1], and back to the camera's units
and dtype. The release rescales every image by its own extremes, so that one hot pixel sets the scale
and absolute brightness is lost (reference.md, section 4); a shared map keeps dim images dim.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from metgan.errors import ArrayError, SettingError
from metgan.types import AnyArray, Camera, Channel, Scaled

Scaling = Literal["shared", "per-image"]
"""One map for all images of a channel, or one for each image."""
LOW_PERCENTILE: Final = 0.1
HIGH_PERCENTILE: Final = (
    99.95  # one pixel in 2000 saturates: hot pixels, and the cores of the brightest tumours
)


@dataclass(frozen=True)
class ChannelScale:
    """Linear map of one channel: `low` to -1, `high` to 1, both in the camera's units.

    With ``per_image``, an image's own extremes are mapped to -1 and 1, as in the release; `low` and `high`,
    the medians of the training images' extremes, only lead back to the camera's units.
    """

    low: float
    high: float
    dtype: str
    per_image: bool = False

    def __post_init__(self) -> None:
        if not self.high > self.low:
            raise SettingError(
                f"a channel whose robust range is {self.low} to {self.high}",
                "images with contrast",
                "Check that the channel is not empty and that the files are the right ones",
            )

    def apply(self, image: Camera) -> Scaled:
        """Map camera units to [-1, 1]; what lies outside the robust range is clipped.

        A flat image with ``per_image`` has no range of its own and takes that of the training images.
        """
        low, high = self.low, self.high
        if self.per_image and image.max() > image.min():
            low, high = float(image.min()), float(image.max())
        scaled = (image.astype(np.float32) - low) / (high - low) * 2 - 1
        clipped: Scaled = np.clip(scaled, -1, 1).astype(np.float32)
        return clipped

    def undo(self, image: Scaled) -> Camera:
        """Map [-1, 1] back to the camera's units and dtype, rounded for integers.

        Examples
        --------
        >>> scale = ChannelScale(100, 300, "uint16")
        >>> scale.undo(scale.apply(np.array([[100, 150, 300]], np.uint16))).tolist()
        [[100, 150, 300]]
        """
        camera = (np.asarray(image, np.float64) + 1) / 2 * (self.high - self.low) + self.low
        dtype = np.dtype(self.dtype)
        if dtype.kind in "ui":
            limits = np.iinfo(dtype)
            camera = np.clip(np.rint(camera), limits.min, limits.max)
        return camera.astype(dtype)


@dataclass(frozen=True)
class Normalisation:
    """The map of both channels; stored with every model."""

    anatomy: ChannelScale
    tumour: ChannelScale

    def apply(self, image: Camera, channel: Channel) -> Scaled:
        """Map one channel from camera units to [-1, 1]."""
        return self._scale(channel).apply(image)

    def undo(self, image: Scaled, channel: Channel) -> Camera:
        """Map one channel from [-1, 1] to camera units."""
        return self._scale(channel).undo(image)

    def as_shared(self) -> Normalisation:
        """Give the same ranges for all images alike, also where each was scaled by itself.

        Likeness is measured on it: two images scaled by themselves agree in brightness whatever it was.
        """
        return Normalisation(replace(self.anatomy, per_image=False), replace(self.tumour, per_image=False))

    def check(self, image: Camera, channel: Channel, name: str) -> None:
        """Refuse an image of another dtype than the channel was measured in.

        Raises
        ------
        ArrayError
            Naming both dtypes: other bits mean other units, and would be painted all dark.
        """
        expected = self._scale(channel).dtype
        if str(image.dtype) != expected:
            raise ArrayError(
                f"{name} has dtype {image.dtype}",
                f"{expected}, the units of the training images",
                "Give all images as the microscope stored them",
            )

    def share_outside(self, image: Camera, channel: Channel) -> float:
        """Give the share of pixels that lie outside the robust range, and are clipped.

        About 0.0015 of the training set. A large share says that the image is of another brightness than
        what the model was trained on. None does where every image is scaled by itself.
        """
        scale = self._scale(channel)
        if scale.per_image:
            return 0.0
        return float(((image < scale.low) | (image > scale.high)).mean())

    def to_dict(self) -> dict[str, Any]:
        """Give plain numbers for a model's metadata."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Normalisation:
        """Rebuild from `to_dict`."""
        return cls(ChannelScale(**content["anatomy"]), ChannelScale(**content["tumour"]))

    def _scale(self, channel: Channel) -> ChannelScale:
        return self.anatomy if channel == "anatomy" else self.tumour


def fit_normalisation(
    anatomies: Iterable[Camera], tumours: Iterable[Camera], scaling: Scaling = "shared"
) -> Normalisation:
    """Measure the robust range of both channels over a training set.

    Parameters
    ----------
    anatomies, tumours : iterable of array, (Y, X)
        All images of one channel must share a dtype: it becomes the dtype of generated images.
    scaling : {"shared", "per-image"}
        One map for all images, or the release's, which scales every image by its own extremes.

    Deviates: the release rescales each image by its own extremes. Pinned by
    ``test_one_hot_pixel_does_not_set_the_scale``.
    """
    return Normalisation(_fit("anatomy", [*anatomies], scaling), _fit("tumour", [*tumours], scaling))


def _fit(channel: Channel, images: list[Camera], scaling: Scaling) -> ChannelScale:
    dtypes = {str(image.dtype) for image in images}
    if len(dtypes) != 1:
        raise ArrayError(
            f"{channel} images of {len(dtypes)} dtypes ({', '.join(sorted(dtypes)) or 'no image'})",
            "one dtype, the camera's",
            "Convert the files to the dtype of the microscope",
        )
    if scaling == "per-image":
        extremes = np.median([(image.min(), image.max()) for image in images], axis=0)
        return ChannelScale(float(extremes[0]), float(extremes[1]), dtypes.pop(), per_image=True)
    pixels: AnyArray = np.concatenate([image.ravel() for image in images])
    low, high = np.percentile(pixels, [LOW_PERCENTILE, HIGH_PERCENTILE])
    return ChannelScale(float(low), float(high), dtypes.pop())
