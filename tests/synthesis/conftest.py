"""A generator to paint with. It is untrained: what is tested here does not depend on how well it paints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from metgan.data import ChannelScale, Normalisation
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import PRESETS, MetGen, build
from metgan.synthesis import Inpainter, load

UNITS = Normalisation(ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))

SaveRun = Callable[..., Path]


@pytest.fixture(scope="session")
def save_run(tmp_path_factory: pytest.TempPathFactory, settle: Callable[[MetGen], None]) -> SaveRun:
    """Write a run folder with an untrained generator of some seed and units; gives the folder."""

    def save(seed: int = 0, normalisation: Normalisation = UNITS) -> Path:
        folder = tmp_path_factory.mktemp("run")
        network = build(lambda: MetGen(PRESETS["small"].metgen), seed)
        settle(network)
        card = ModelCard(
            "generator", "metgan", "metgen", "small", normalisation, ("animal-train",), "", 1, 1, seed, "test"
        )
        save_model(folder / MODEL_FILE, network.state_dict(), card)
        return folder

    return save


@pytest.fixture(scope="session")
def painter(save_run: SaveRun) -> Inpainter:
    return load(save_run(), "cpu")
