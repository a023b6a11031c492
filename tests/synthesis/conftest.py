"""A generator to paint with. It is untrained: what is tested here does not depend on how well it paints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from metgan.data import ChannelScale, Normalisation
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import PRESETS, MetGen, build
from metgan.synthesis import Inpainter, load

UNITS = Normalisation(ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))

SaveRun = Callable[..., Path]


def settle(network: MetGen) -> None:
    """Give the normalisation layers statistics of noise: without any, activations fade to nothing."""
    noise = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        for _ in range(3):
            image = torch.rand(1, 1, 64, 64, generator=noise) * 2 - 1
            network(image, network.embed((image > 0.8).float()))


@pytest.fixture(scope="session")
def save_run(tmp_path_factory: pytest.TempPathFactory) -> SaveRun:
    """Write a run folder with an untrained generator of some seed and units; gives the folder."""

    def save(seed: int = 0, normalisation: Normalisation = UNITS) -> Path:
        folder = tmp_path_factory.mktemp("run")
        network = build(lambda: MetGen(PRESETS["small"].generator), seed)
        settle(network)
        card = ModelCard(
            "generator", "metgan", "small", normalisation, ("animal-train",), "", 1, seed, "test"
        )
        save_model(folder / MODEL_FILE, network.state_dict(), card)
        return folder

    return save


@pytest.fixture(scope="session")
def painter(save_run: SaveRun) -> Inpainter:
    return load(save_run(), "cpu")
