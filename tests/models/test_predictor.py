"""A segmentor that reads images in camera units, and never those of groups it must not have seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from metgan.data import ChannelScale, Normalisation
from metgan.errors import LeakageError
from metgan.io import fingerprint
from metgan.models import (
    DEFAULT_THRESHOLD,
    MODEL_FILE,
    ModelCard,
    SegmentorPredictor,
    load_independent_segmentor,
    load_segmentor,
    save_model,
)
from metgan.networks import PRESETS, Segmentor, build

UNITS = Normalisation(ChannelScale(100, 900, "uint16"), ChannelScale(50, 650, "uint16"))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A segmentor that has learned nothing."""
    folder = tmp_path_factory.mktemp("segmentor")
    network = build(lambda: Segmentor(PRESETS["small"].segmentor), 0)
    card = ModelCard("segmentor", "segmentor", "", "small", UNITS, ("mouse 1",), "", 1, 1, 0, "test")
    save_model(folder / MODEL_FILE, network.state_dict(), card)
    return folder


def test_a_reading_is_where_the_probability_is_above_one_half(run: Path) -> None:
    tumour = np.random.default_rng(0).integers(50, 650, (64, 48)).astype(np.uint16)
    network, _ = load_segmentor(run)
    scaled = torch.from_numpy((tumour.astype(np.float32) - 50) / 600 * 2 - 1)[None, None]
    with torch.no_grad():
        expected = torch.sigmoid(network(scaled))[0, 0].numpy() > DEFAULT_THRESHOLD
    reading = SegmentorPredictor(run, torch.device("cpu")).predict(tumour)
    assert reading.dtype == np.bool_
    assert np.array_equal(reading, expected)


def test_a_reader_is_named_by_its_weights_and_refuses_groups_it_was_trained_on(run: Path) -> None:
    reader = SegmentorPredictor(run, torch.device("cpu"))
    assert reader.fingerprint == fingerprint(run / MODEL_FILE)
    card = replace(reader.card, kind="generator", generator="metgen", seed=5)
    load_independent_segmentor(run, card, {"mouse 2"}, torch.device("cpu"))
    with pytest.raises(LeakageError, match=r"segmentor for judging has seen 1 test groups \(mouse 1\)"):
        load_independent_segmentor(run, card, {"mouse 1", "mouse 2"}, torch.device("cpu"))
