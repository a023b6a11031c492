"""Trained networks come back with the same weights, and only as what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from metgan.data import ChannelScale, Normalisation
from metgan.errors import StorageError
from metgan.models import (
    MODEL_FILE,
    ModelCard,
    load_generator,
    load_segmentor,
    model_path,
    read_card,
    save_model,
)
from metgan.networks import PRESETS, GeneratorName, MetGen, Segmentor, build, make_generator

SCALE = ChannelScale(0, 255, "uint8")
CARD = ModelCard(
    "generator", "metgan", "metgen", "small", Normalisation(SCALE, SCALE), ("mouse",), "", 1, 1, 0, "0.1.0"
)
SEGMENTOR = replace(CARD, kind="segmentor", method="segmentor", generator="")


@pytest.fixture(scope="module")
def generator() -> MetGen:
    return build(lambda: MetGen(PRESETS["small"].metgen), 0)


@pytest.fixture(scope="module")
def segmentor() -> Segmentor:
    return build(lambda: Segmentor(PRESETS["small"].segmentor), 0)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_generator_comes_back_in_eval_mode_with_its_card(tmp_path: Path, generator: MetGen) -> None:
    save_model(tmp_path / MODEL_FILE, generator.state_dict(), CARD)
    for place in (tmp_path, str(tmp_path), tmp_path / MODEL_FILE):
        back, card = load_generator(place)
        assert card == CARD == read_card(place)
        assert same_weights(back, generator)
        assert not back.training
    other = build(lambda: MetGen(PRESETS["small"].metgen), 1)
    assert not same_weights(other, generator)


@pytest.mark.parametrize("name", ["pix2pix", "resnet", "metgen-six", "metgen-nearest"])
def test_every_architecture_comes_back_by_its_card(tmp_path: Path, name: GeneratorName) -> None:
    network = make_generator(name, "small")
    save_model(tmp_path / MODEL_FILE, network.state_dict(), replace(CARD, generator=name))
    back, _ = load_generator(tmp_path)
    assert type(back) is type(network)
    assert same_weights(back, network)


def test_a_segmentor_comes_back_in_eval_mode_with_its_card(tmp_path: Path, segmentor: Segmentor) -> None:
    save_model(tmp_path / MODEL_FILE, segmentor.state_dict(), SEGMENTOR)
    back, card = load_segmentor(tmp_path)
    assert card == SEGMENTOR
    assert same_weights(back, segmentor)
    assert not back.training


@pytest.mark.parametrize(
    ("card", "load", "wanted"),
    [(CARD, load_segmentor, "a segmentor"), (SEGMENTOR, load_generator, "a generator")],
)
def test_a_model_of_the_other_kind_is_refused(
    tmp_path: Path, card: ModelCard, load: Callable[[Path], object], wanted: str
) -> None:
    save_model(tmp_path / MODEL_FILE, {"weight": torch.zeros(1)}, card)
    with pytest.raises(StorageError, match=f"holds a {card.kind}.*; expected {wanted}"):
        load(tmp_path)


def test_weights_that_do_not_fit_the_card_are_refused(tmp_path: Path, segmentor: Segmentor) -> None:
    weights = segmentor.state_dict()
    first = next(iter(weights))
    for wrong in (
        {"other": torch.zeros(1)},
        {**weights, "more": torch.zeros(1)},
        {**weights, first: torch.zeros(1)},
    ):
        save_model(tmp_path / MODEL_FILE, wrong, SEGMENTOR)
        with pytest.raises(StorageError, match="do not fit its card"):
            load_segmentor(tmp_path)
    save_model(tmp_path / MODEL_FILE, weights, replace(SEGMENTOR, preset="paper"))
    with pytest.raises(StorageError, match="do not fit its card"):
        load_segmentor(tmp_path)


def test_a_missing_run_and_an_unfinished_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"there is no .*nowhere"):
        model_path(tmp_path / "nowhere")
    with pytest.raises(StorageError, match=r"holds no model\.safetensors.*--resume"):
        model_path(tmp_path)
