"""One normalisation for everything: training, generating, the segmentor and the scores.

Robust percentiles of the *training set* map each channel to [-1, 1], and back to the camera's units
and dtype. The release rescales every image by its own extremes, so that one hot pixel sets the scale
and absolute brightness is lost (docs/paper.md, "Where paper and release differ"); a shared map keeps dim
images dim.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from metgan.errors import ArrayError, SettingError
from metgan.labels import extend_light, fill_of, find_fill
from metgan.types import Camera, Channel, Mask, Scaled

Scaling = Literal["shared", "per-image"]
"""One map for all images of a channel, or one for each image."""


@dataclass(frozen=True)
class ChannelScale:
    """Linear map of one channel: `low` to -1, `high` to 1, both in the camera's units.

    With ``per_image``, an image's own extremes are mapped to -1 and 1, as in the release; `low` and `high`,
    the medians of the training images' extremes, only lead back to the camera's units. No camera of this
    channel gives more than `ceiling` (`metgan.data.ceiling`); None where that is not known.
    """

    low: float
    high: float
    dtype: str
    per_image: bool = False
    ceiling: float | None = None

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
        scaled: Scaled = image.astype(np.float32)
        scaled -= np.float32(low)  # in place: images may be large
        scaled /= np.float32(high - low)
        scaled *= 2
        scaled -= 1
        return np.clip(scaled, -1, 1, out=scaled)

    def level(self, value: float) -> float:
        """Map one value from camera units to [-1, 1], by the range of all images.

        Examples
        --------
        >>> ChannelScale(100, 300, "uint16").level(250)
        0.5
        """
        return float(np.clip((value - self.low) / (self.high - self.low) * 2 - 1, -1, 1))

    def undo(self, image: Scaled) -> Camera:
        """Map [-1, 1] back to the camera's units and dtype, rounded for integers.

        Examples
        --------
        >>> scale = ChannelScale(100, 300, "uint16")
        >>> scale.undo(scale.apply(np.array([[100, 150, 300]], np.uint16))).tolist()
        [[100, 150, 300]]
        """
        camera = np.asarray(image, np.float64) + 1
        camera /= 2  # in place: images may be large
        camera *= self.high - self.low
        camera += self.low
        dtype = np.dtype(self.dtype)
        if dtype.kind in "ui":
            limits = np.iinfo(dtype)
            np.clip(np.rint(camera, out=camera), limits.min, limits.max, out=camera)
        return camera.astype(dtype)


@dataclass(frozen=True)
class FillValues:
    """What stands in both channels where nothing was imaged: see `metgan.labels.fill`.

    Parameters
    ----------
    anatomy, tumour : float, camera units
        The constants.
    usual_anatomy, usual_tumour : float, camera units
        The medians of the light, which generators are shown where an image has no light at all.

    Examples
    --------
    >>> FillValues(anatomy=0.0, tumour=0.0, usual_anatomy=900.0, usual_tumour=300.0).tumour
    0.0
    """

    anatomy: float
    tumour: float
    usual_anatomy: float
    usual_tumour: float


@dataclass(frozen=True)
class Normalisation:
    """The map of both channels; stored with every model.

    Parameters
    ----------
    anatomy, tumour : ChannelScale
    fill : FillValues or None, default None
        The constants of a set whose channels were both filled in at the same places; None for other sets.
    """

    anatomy: ChannelScale
    tumour: ChannelScale
    fill: FillValues | None = None

    def apply(self, image: Camera, channel: Channel) -> Scaled:
        """Map one channel from camera units to [-1, 1]."""
        return self._scale(channel).apply(image)

    def undo(self, image: Scaled, channel: Channel) -> Camera:
        """Map one channel from [-1, 1] to camera units."""
        return self._scale(channel).undo(image)

    def bound(self, image: Camera, channel: Channel, seen: Camera | None = None) -> Camera:
        """Return an image, camera units, no brighter than its camera can give, or has given in `seen`."""
        ceiling = self._scale(channel).ceiling
        if ceiling is None:
            return image
        return np.minimum(image, image.dtype.type(ceiling if seen is None else max(ceiling, seen.max())))

    def filled(self, anatomy: Camera) -> Mask:
        """Return where nothing was imaged in an anatomy without its tumour channel, (Y, X): areas of `fill`.

        Of pairs, see `metgan.data.Pair.filled`.

        Examples
        --------
        >>> scale = ChannelScale(100, 300, "uint16")
        >>> anatomy = np.repeat([[0, 0, 0, 150, 200]], 3, axis=0).astype(np.uint16)
        >>> Normalisation(scale, scale, FillValues(0, 0, 200, 200)).filled(anatomy)[0].tolist()
        [True, True, True, False, False]
        >>> bool(Normalisation(scale, scale).filled(anatomy).any())
        False
        """
        return np.zeros(anatomy.shape, bool) if self.fill is None else fill_of(anatomy, self.fill.anatomy)

    def fill_level(self, channel: Channel) -> float:
        """Return the fill of one channel on [-1, 1], as `apply` maps it; -1 where there is none."""
        if self.fill is None:
            return -1.0
        return self._scale(channel).level(self.fill.anatomy if channel == "anatomy" else self.fill.tumour)

    def usual_level(self, channel: Channel) -> float:
        """Return what generators are shown where there is no light, on [-1, 1]; 0 for a set without fill."""
        if self.fill is None:
            return 0.0
        values = {"anatomy": self.fill.usual_anatomy, "tumour": self.fill.usual_tumour}
        return self._scale(channel).level(values[channel])

    def shown(self, anatomy: Camera, fill: Mask) -> Scaled:
        """Return an anatomy on [-1, 1] as generators see it, (Y, X): its light goes on where `fill` is True.

        With the constant in their input, what generators make of tissue would depend on how much of an image
        was filled in, since a batch is normalised with all its pixels, and they would generate a rim along
        it.
        """
        image = self.apply(anatomy, "anatomy")
        return extend_light(image, fill, self.usual_level("anatomy")) if fill.any() else image

    def as_shared(self) -> Normalisation:
        """Return the same ranges for all images alike, also where each was scaled by itself.

        Similarity is measured on it: two images, each scaled by its own range, always agree in brightness.
        """
        anatomy, tumour = (replace(scale, per_image=False) for scale in (self.anatomy, self.tumour))
        return replace(self, anatomy=anatomy, tumour=tumour)

    def check(self, image: Camera, channel: Channel, name: str) -> None:
        """Refuse an image of another dtype than the channel was measured in; floats of any precision are one.

        Raises
        ------
        ArrayError
            Naming both dtypes: other bits mean other units, and would be generated all dark.
        """
        expected, given = np.dtype(self._scale(channel).dtype), image.dtype.newbyteorder("=")
        if given != expected and (given.kind, expected.kind) != ("f", "f"):
            raise ArrayError(
                f"{name} has dtype {image.dtype}",
                f"{expected}, the units of the training images",
                "If it is a mask, give it as the label; otherwise give images as the microscope stored them",
            )

    def share_outside(self, image: Camera, channel: Channel) -> float:
        """Return the share of pixels that lie outside the robust range, and are clipped.

        About 0.0015 of the training set; fill is left out. A large share says that the image is of another
        brightness than what the model was trained on. None does where every image is scaled by itself.
        """
        scale = self._scale(channel)
        if scale.per_image:
            return 0.0
        light = image[~find_fill(image)]
        return float(((light < scale.low) | (light > scale.high)).mean())

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Normalisation:
        """Rebuild from `dataclasses.asdict`, as it stands in a model's metadata."""
        anatomy, tumour = (ChannelScale(**content[channel]) for channel in ("anatomy", "tumour"))
        fill = content.get("fill")  # models from before it was measured have none
        return cls(anatomy, tumour, None if fill is None else FillValues(**fill))

    def _scale(self, channel: Channel) -> ChannelScale:
        return self.anatomy if channel == "anatomy" else self.tumour
