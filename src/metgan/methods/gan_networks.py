"""The networks that play: two generators, their discriminators, and a segmentor that only watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from metgan.errors import SettingError
from metgan.networks import PRESETS, Generator, PatchGAN, PresetName, Segmentor, build, make_generator
from metgan.seeding import stream
from metgan.types import Channel

from .method import Method


@dataclass(frozen=True)
class BackwardNetworks:
    """The way back of a cyclic method: to_anatomy and its discriminator."""

    to_anatomy: Generator
    discriminator_anatomy: PatchGAN


@dataclass(frozen=True)
class GanNetworks:
    """All networks of a method; `backward` is None where the method has no cycle."""

    to_tumour: Generator
    discriminator_tumour: PatchGAN
    backward: BackwardNetworks | None
    segmentor: Segmentor | None
    discriminators_see_input: bool

    @property
    def is_cyclic(self) -> bool:
        """Whether there is a way back from tumour to anatomy."""
        return self.backward is not None

    @property
    def to_anatomy(self) -> Generator:
        """The generator back to anatomy, for a term that needs it."""
        if self.backward is None:
            raise SettingError(
                "a cycle's image asked of a method without a cycle", "a cyclic method", "Drop the term"
            )
        return self.backward.to_anatomy

    @property
    def generators(self) -> Mapping[str, nn.Module]:
        """The generators by name; the one to use afterwards stands first."""
        back = {"to_anatomy": self.backward.to_anatomy} if self.backward else {}
        return {"to_tumour": self.to_tumour, **back}

    @property
    def discriminators_by_name(self) -> Mapping[str, nn.Module]:
        """The discriminators by name, in the order of `Translations.discriminator_inputs`."""
        back = {"discriminator_anatomy": self.backward.discriminator_anatomy} if self.backward else {}
        return {"discriminator_tumour": self.discriminator_tumour, **back}


def build_networks(method: Method, preset: PresetName, segmentor: Segmentor | None, seed: int) -> GanNetworks:
    """Build fresh networks for a method, and freeze its segmentor.

    Raises
    ------
    SettingError
        When the method has a segmentation term and no segmentor is given.
    """
    if method.needs_segmentor and segmentor is None:
        raise SettingError(
            f"method {method.name} without a segmentor", "a pretrained segmentor", "Train one first"
        )
    spec = replace(PRESETS[preset].discriminator, channels=3 if method.discriminator == "conditional" else 1)

    def generator(name: str) -> Generator:
        return build(lambda: make_generator(method.generator, preset), _seed_of(name, seed))

    def discriminator(channel: Channel) -> PatchGAN:
        # The stream keeps the name that it had before discriminators had theirs: so do all trained bytes.
        return build(lambda: PatchGAN(spec), _seed_of(f"judge_{channel}", seed))

    backward = BackwardNetworks(generator("to_anatomy"), discriminator("anatomy")) if method.cyclic else None
    return GanNetworks(
        to_tumour=generator("to_tumour"),
        discriminator_tumour=discriminator("tumour"),
        backward=backward,
        segmentor=freeze(segmentor) if segmentor is not None and method.needs_segmentor else None,
        discriminators_see_input=method.discriminator == "conditional",
    )


def _seed_of(network: str, seed: int) -> int:
    """Return a network's own seed; with neighbouring ones, it would begin as another run's."""
    return int(stream(seed, f"weights {network}").integers(2**63))


def freeze(segmentor: Segmentor) -> Segmentor:
    """Make a segmentor a passive network: eval mode and no gradients on its weights.

    Deviates: the release leaves it in training mode, so its batch statistics drift with the fakes
    ("not modified during training", paper, section 3). Pinned by
    ``test_training_leaves_the_segmentor_as_it_was``.
    """
    segmentor.eval()
    segmentor.requires_grad_(False)
    return segmentor


def trained_modules(networks: GanNetworks) -> Mapping[str, nn.Module]:
    """Give every network that learns, by name."""
    return {**networks.generators, **networks.discriminators_by_name}
