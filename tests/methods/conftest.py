"""The smallest networks of a method, and one training step of them."""

from __future__ import annotations

from collections import Counter

import torch

from metgan.methods import GanNetworks, Translations, freeze
from metgan.methods.gan_networks import BackwardNetworks
from metgan.networks import (
    DiscriminatorSpec,
    LabelSpec,
    MetGen,
    MetGenSpec,
    PatchGAN,
    Segmentor,
    UNetSpec,
    build,
)

UNET = UNetSpec((2, 2), (2, 2))
GENERATOR = MetGenSpec(UNET, LabelSpec(width=1, hidden=2))


class CountingMetGen(MetGen):
    """Counts its two calls."""

    def __init__(self, spec):
        super().__init__(spec)
        self.calls = Counter()

    def embed(self, label):
        self.calls["embed"] += 1
        return super().embed(label)

    def forward(self, image, features):
        self.calls["forward"] += 1
        return super().forward(image, features)


def play(*, cyclic=True, conditional=False, segmentor=True):
    discriminator = DiscriminatorSpec(width=2, layers=1, channels=3 if conditional else 1)
    back = BackwardNetworks(
        build(lambda: CountingMetGen(GENERATOR), 2), build(lambda: PatchGAN(discriminator), 3)
    )
    return GanNetworks(
        build(lambda: CountingMetGen(GENERATOR), 0),
        build(lambda: PatchGAN(discriminator), 1),
        back if cyclic else None,
        freeze(build(lambda: Segmentor(UNET), 4)) if segmentor else None,
        discriminators_see_input=conditional,
    )


def step_of(networks, seed=0):
    dice = torch.Generator().manual_seed(seed)
    anatomy, tumour, label = torch.rand(3, 1, 1, 64, 64, generator=dice) * 2 - 1
    return Translations(networks, anatomy, tumour, (label > 0.9).float())
