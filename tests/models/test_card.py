"""What a model says of itself survives the file, and guards the test part."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from metgan.data import ChannelScale, Normalisation
from metgan.errors import LeakageError, StorageError
from metgan.models import LEAST_DICE, ModelCard

CARD = ModelCard(
    kind="generator",
    method="metgan",
    generator="metgen",
    preset="small",
    normalisation=Normalisation(ChannelScale(90, 1234.5, "uint16"), ChannelScale(0, 1, "float32")),
    groups_seen=("mouse-1", "mouse-2"),
    segmentor="0123456789abcdef",
    step=700,
    steps=900,
    seed=3,
    metgan="0.1.0",
)


def test_a_card_comes_back_through_json() -> None:
    assert ModelCard.from_dict(json.loads(json.dumps(asdict(CARD)))) == CARD


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "huge"},
        {"preset": ["small"]},
        {"generator": "transformer"},
        {"generator": ""},
        {"kind": "segmentor"},
        {"normalisation": {}},
        {"normalisation": None},
        {"normalisation": {"anatomy": {"low": 2, "high": 1, "dtype": "uint8"}, "tumour": {}}},
        {"groups_seen": None},
        {"a later version's field": 1},
    ],
)
def test_a_card_of_another_version_is_refused(change: dict) -> None:
    with pytest.raises(StorageError, match="this version of metgan"):
        ModelCard.from_dict(asdict(CARD) | change)


@pytest.mark.parametrize("field", ["kind", "normalisation", "step"])
def test_a_card_that_lacks_a_field_is_refused(field: str) -> None:
    content = asdict(CARD)
    del content[field]
    with pytest.raises(StorageError, match="cannot be read"):
        ModelCard.from_dict(content)


def test_a_model_must_not_be_tested_on_a_group_it_has_seen() -> None:
    with pytest.raises(LeakageError, match=r"generator for testing has seen 1 test groups \(mouse-2\)"):
        CARD.refuse_to_have_seen(["mouse-3", "mouse-2", "mouse-2"], "testing")
    with pytest.raises(LeakageError, match=r"has seen 1 test groups \(Mouse-2\)"):
        CARD.refuse_to_have_seen(["Mouse-2"], "testing")
    CARD.refuse_to_have_seen(["mouse-3", "mouse-12"], "testing")
    CARD.refuse_to_have_seen([], "testing")


def test_a_card_from_before_the_validation_dice_was_noted_is_read_and_gives_no_doubt() -> None:
    content = asdict(CARD)
    del content["val_dice"]
    card = ModelCard.from_dict(content)
    assert card.val_dice is None
    assert card.warning == ""


@pytest.mark.parametrize(
    ("kind", "words"),
    [("generator", "has not learned to place tumours"), ("segmentor", "finds hardly any tumour")],
)
def test_a_network_that_has_hardly_learned_anything_is_doubted(kind: str, words: str) -> None:
    card = replace(CARD, kind=kind, val_dice=LEAST_DICE - 0.01)
    assert words in card.warning
    assert "0.19" in card.warning
    assert replace(card, val_dice=LEAST_DICE).warning == ""


def test_a_generator_further_from_real_images_than_a_flat_image_is_warned_of_with_both_errors() -> None:
    worse = replace(CARD, val_dice=0.8, val_mae=0.312, val_flat_mae=0.254)
    assert "0.3120" in worse.warning
    assert "0.2540" in worse.warning
    assert "train it longer" in worse.warning
    assert ModelCard.from_dict(json.loads(json.dumps(asdict(worse)))) == worse
    assert replace(worse, val_mae=0.254).warning == ""
    assert replace(worse, val_mae=None, val_flat_mae=None).warning == ""
    both = replace(worse, val_dice=0.01).warning
    assert "has not learned to place tumours" in both
    assert "0.2540" in both
