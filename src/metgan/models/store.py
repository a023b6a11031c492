"""Trained networks to safetensors and back.

This folder stands between the methods and the engines because training writes what synthesis reads,
and neither engine may import the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from torch import Tensor, nn

from metgan.errors import StorageError
from metgan.images import is_zarr
from metgan.io import has_file, has_folder, kind_of_folder, load_weights, read_metadata, save_weights
from metgan.networks import PRESETS, Generator, Segmentor, blank, make_generator

from .card import Kind, ModelCard

MODEL_FILE = "model.safetensors"
"""Name of the weights in a run folder."""
Network = TypeVar("Network", bound=nn.Module)


def model_path(run: Path | str) -> Path:
    """Return the model file of a run folder, or the path itself when it is a file.

    Raises
    ------
    StorageError
        When there is no folder, or no finished model in it.
    """
    run = Path(run)
    path = run / MODEL_FILE if run.is_dir() else run
    if not has_file(path):
        if path == run:
            raise StorageError(f"there is no {run}", "a run folder", "Check the path, or run metgan train")
        if (held := kind_of_folder(run) or _held_by(run)) not in ("", "a run"):
            given = f"{run} holds {held}"
            raise StorageError(given, "a run folder of metgan train", "Give that as RUN, the first argument")
        raise StorageError(
            f"{run} holds no {MODEL_FILE}",
            "the folder of a training that has saved a model",
            "Finish it with metgan train ... --resume",
        )
    return path


def _held_by(folder: Path) -> str:
    """Return what a folder without a mark of metgan's holds that is easily taken for a run; else ""."""
    if is_zarr(folder):
        return "an OME-Zarr"
    return "a pair set" if has_folder(folder / "anatomy") else ""


def save_model(path: Path, weights: Mapping[str, Tensor], card: ModelCard) -> None:
    """Write weights and card, all or nothing."""
    save_weights(path, weights, asdict(card))


def read_card(run: Path | str) -> ModelCard:
    """Read the card of a run or model file, without the weights."""
    return ModelCard.from_dict(read_metadata(model_path(run)))


def load_generator(run: Path | str) -> tuple[Generator, ModelCard]:
    """Load a trained generator in eval mode, with its card.

    Raises
    ------
    StorageError
        When the run holds no generator, or the weights are of another architecture than its card names.
    """
    card = _card_of_kind(run, "generator")
    assert card.generator  # or the card would have been refused
    generator, preset = card.generator, card.preset
    return _with_weights(blank(lambda: make_generator(generator, preset)), run), card


def load_segmentor(run: Path | str) -> tuple[Segmentor, ModelCard]:
    """Load a trained segmentor in eval mode, with its card."""
    card = _card_of_kind(run, "segmentor")
    return _with_weights(blank(lambda: Segmentor(PRESETS[card.preset].segmentor)), run), card


def _card_of_kind(run: Path | str, kind: Kind) -> ModelCard:
    card = read_card(run)
    if card.kind != kind:
        raise StorageError(
            f"{run} holds a {card.kind} ({card.method})", f"a {kind}", f"Give the run folder of a {kind}"
        )
    return card


def _with_weights(network: Network, run: Path | str) -> Network:
    weights, _ = load_weights(model_path(run))
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise StorageError(
            f"the weights of {run} do not fit its card ({str(error).splitlines()[0]})",
            "weights of the network that the card names",
            "Train it again with this version of metgan",
        ) from error
    return network.eval()
