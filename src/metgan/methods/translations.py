"""One training step's images, each computed when first asked for, and only once.

Terms ask for what they need: a method without a cycle never computes one, and the discriminators' phase finds
the fakes that the generators' phase made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as nnf
from torch import Tensor

from metgan.errors import SettingError
from metgan.labels import BESIDE
from metgan.networks import Features
from metgan.types import Channel

from .gan_networks import GanNetworks
from .intensity import DrawnIntensity


@dataclass(frozen=True)
class StepAugments:
    """How discriminators see images, and how ``to_tumour`` sees the anatomy; without a light, as they are.

    Parameters
    ----------
    discriminators : sequence of DrawnIntensity
        Of the real and the generated tumour channel, and of the real and the generated anatomy.
    generator : sequence of DrawnIntensity
        Of the real anatomy, and of the generated one that a cycle leads back from.
    """

    discriminators: Sequence[DrawnIntensity] = ()
    generator: Sequence[DrawnIntensity] = ()


_PLAIN = StepAugments()


@dataclass(frozen=True, eq=False)
class FillMask:
    """Where nothing was imaged, and what stands there in either channel: see `metgan.labels.fill`.

    Parameters
    ----------
    mask : Tensor, (N, 1, Y, X), float, 0 or 1
    nearest : Tensor, (N, Y * X), int64
        Place of the nearest pixel that is no fill: see `metgan.labels.nearest_light`.
    anatomy, tumour : float, in [-1, 1]
        The constants of both channels.
    usual_anatomy, usual_tumour : float, in [-1, 1]
        What generators are shown where there is no light at all.
    """

    mask: Tensor
    nearest: Tensor
    anatomy: float
    tumour: float
    usual_anatomy: float
    usual_tumour: float

    def hide(self, image: Tensor, channel: Channel) -> Tensor:
        """Return `image`, (N, 1, Y, X), as generators see it: `metgan.labels.extend_light` of each."""
        intensity, around = 1 - self.mask, BESIDE // 2
        seen = nnf.avg_pool2d(intensity, BESIDE, 1, around)
        beside = nnf.avg_pool2d(image * intensity, BESIDE, 1, around) / seen.clamp(min=1 / (2 * BESIDE**2))
        goes_on = beside.flatten(2).gather(2, self.nearest[:, None]).view_as(image)  # (N, 1, Y, X)
        level = self.usual_anatomy if channel == "anatomy" else self.usual_tumour
        has_light = intensity.amax((1, 2, 3), keepdim=True) > 0
        shown = torch.where(has_light, goes_on, level)
        return torch.where(self.mask > 0, shown, image)

    def lay_over(self, image: Tensor, channel: Channel) -> Tensor:
        """Return `image`, (N, 1, Y, X), with the constant of its channel where the mask is 1."""
        level = self.anatomy if channel == "anatomy" else self.tumour
        return torch.where(self.mask > 0, level, image)


@dataclass(eq=False)
class Translations:
    """Real images of a step and all that the networks make of them.

    Images are (N, 1, Y, X), float in [-1, 1], label and ignored pixels 0 or 1. All that is generated has the
    fill's value where `fill` is, and no term that compares pixels counts it. Nor does one count the pixels of
    which the label says nothing, `ignored`: there discriminators see the real image in place of a fake.
    """

    networks: GanNetworks
    anatomy: Tensor
    tumour: Tensor
    label: Tensor
    augments: StepAugments = _PLAIN
    fill: FillMask | None = None
    ignored: Tensor | None = None

    @property
    def within(self) -> Tensor | None:
        """The pixels that are compared, (N, 1, Y, X), 0 or 1: all but fill and ignored; None for all."""
        if self.fill is None:
            return None if self.ignored is None else 1 - self.ignored
        seen = 1 - self.fill.mask
        return seen if self.ignored is None else seen * (1 - self.ignored)

    @cached_property
    def fake_tumour(self) -> Tensor:
        """F(x, l): the tumour channel generated from the anatomy."""
        return self._to_tumour(self.anatomy, 0)

    @cached_property
    def fake_anatomy(self) -> Tensor:
        """G(y, l): the anatomy channel generated from the tumour channel."""
        return self._to_anatomy(self.tumour)

    @cached_property
    def pairs(self) -> list[tuple[Tensor, Tensor]]:
        """(generated, real) for each direction: Eq. (2)."""
        pairs = [(self.fake_tumour, self.tumour)]
        return [*pairs, (self.fake_anatomy, self.anatomy)] if self.networks.is_cyclic else pairs

    @cached_property
    def cycles(self) -> list[tuple[Tensor, Tensor]]:
        """(there and back, real) for each direction: Eq. (1), second line."""
        back = self._to_anatomy(self.fake_tumour)
        forth = self._to_tumour(self.fake_anatomy, 1)
        return [(back, self.anatomy), (forth, self.tumour)]

    @cached_property
    def discriminator_inputs(self) -> list[tuple[Tensor, Tensor]]:
        """(real, fake) as each discriminator sees them, the tumour's first.

        A plain discriminator sees the image; a conditional one sees input, label and image, in this order in
        both phases. The image is shown in the discriminators' light.
        """
        real, fake = self.tumour, self._known(self.fake_tumour, self.tumour)
        shown = [(self._shown(self.anatomy, real, 0), self._shown(self.anatomy, fake, 1))]
        if self.networks.is_cyclic:
            real, fake = self.anatomy, self._known(self.fake_anatomy, self.anatomy)
            shown.append((self._shown(self.tumour, real, 2), self._shown(self.tumour, fake, 3)))
        return shown

    @cached_property
    def fake_logits(self) -> list[Tensor]:
        """Each discriminator's scores of the fake, (N, 1, about Y / 8, about X / 8)."""
        discriminators = self.networks.discriminators_by_name.values()
        inputs = zip(discriminators, self.discriminator_inputs, strict=True)
        return [discriminator(fake) for discriminator, (_, fake) in inputs]

    @cached_property
    def segmentation_logits(self) -> Tensor:
        """The frozen segmentor's logits of the fake tumour image, (N, 1, Y, X)."""
        if self.networks.segmentor is None:
            raise SettingError(
                "a segmentation term without a segmentor",
                "a pretrained segmentor",
                "Give one to build_networks",
            )
        return self.networks.segmentor(self.fake_tumour)  # type: ignore[no-any-return]  # Module call

    @cached_property
    def _tumour_features(self) -> Features:
        return self.networks.to_tumour.embed(self.label)

    @cached_property
    def _anatomy_features(self) -> Features:
        return self.networks.to_anatomy.embed(self.label)

    def _to_tumour(self, anatomy: Tensor, place: int) -> Tensor:
        shown = anatomy if self.fill is None else self.fill.hide(anatomy, "anatomy")
        generated: Tensor = self.networks.to_tumour(
            _seen(shown, self.augments.generator, place), self._tumour_features
        )
        return generated if self.fill is None else self.fill.lay_over(generated, "tumour")

    def _to_anatomy(self, tumour: Tensor) -> Tensor:
        shown = tumour if self.fill is None else self.fill.hide(tumour, "tumour")
        generated: Tensor = self.networks.to_anatomy(shown, self._anatomy_features)
        return generated if self.fill is None else self.fill.lay_over(generated, "anatomy")

    def _known(self, fake: Tensor, real: Tensor) -> Tensor:
        return fake if self.ignored is None else torch.where(self.ignored > 0, real, fake)

    def _shown(self, source: Tensor, image: Tensor, place: int) -> Tensor:
        image = _seen(image, self.augments.discriminators, place)
        if not self.networks.discriminators_see_input:
            return image
        return torch.cat([source, self.label, image], 1)  # (N, 3, Y, X)


def _seen(image: Tensor, drawn: Sequence[DrawnIntensity], place: int) -> Tensor:
    return drawn[place](image) if drawn else image
