"""The run of a generator that was never trained, for what asks of one no more than that it generates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from metgan.data import ChannelScale, FillValues, Normalisation
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import MetGen, build, make_generator

UNITS = Normalisation(
    ChannelScale(100.0, 4000.0, "uint16"),
    ChannelScale(50.0, 3000.0, "uint16", ceiling=4095.0),
    FillValues(0.0, 0.0, 900.0, 300.0),
)


def save_generator(folder: Path, network: nn.Module, **card: object) -> Path:
    """Write a run folder that holds nothing but a model; `card` is what differs on its card."""
    about = ModelCard("generator", "metgan", "metgen", "small", UNITS, (), "", 1, 1, 0, "test")
    save_model(folder / MODEL_FILE, network.state_dict(), replace(about, **card))  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, settle: Callable[[MetGen], None]) -> Path:
    """Return the run folder of a small MetGAN generator whose weights were drawn."""
    network = build(lambda: make_generator("metgen", "small"), 1)
    settle(network)
    return save_generator(tmp_path_factory.mktemp("run"), network)
