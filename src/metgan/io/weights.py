"""Weights and run states on disk, read without executing any code.

Finished models are safetensors: tensors plus one JSON text. The state of a running training also
holds numbers and nested dictionaries, so it goes through ``torch.save`` and comes back with
``weights_only``.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from metgan.errors import DivergedError, StorageError

from .atomic import replacing
from .contents import has_file

_METADATA = "metgan"
_AGAIN = "Train again, or copy the file again from its source"


def save_weights(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write tensors and JSON-able `metadata` as safetensors, all or nothing.

    Raises
    ------
    DivergedError
        When a weight is NaN or infinite: such a network gives nothing, and is not saved.
    """
    refuse_infinite(path, tensors)
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = save(contiguous, {_METADATA: json.dumps(dict(metadata))})
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def refuse_infinite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse to write NaN or infinite weights to `path`; raises a `DivergedError` that names the first."""
    if bad := not_finite(tensors):
        raise DivergedError(
            f"the weights {bad[0]} for {path} are not finite ({len(bad)} of {len(tensors)} tensors)",
            "finite weights",
            "Start anew with --overwrite and a lower --learning-rate, or with --precision fp32",
        )


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    """Return the names of the tensors that hold a NaN or an infinite number.

    Examples
    --------
    >>> not_finite({"whole": torch.tensor([1]), "broken": torch.tensor([0.0, torch.nan])})
    ['broken']
    """
    return [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_weights` wrote: tensors and metadata.

    Raises
    ------
    StorageError
        When the file is missing, damaged, has no metgan metadata, or holds weights that are not finite.
    """
    metadata = read_metadata(path)
    tensors = load_file(path)
    if bad := not_finite(tensors):
        raise StorageError(
            f"{path} holds weights that are not finite ({bad[0]})",
            "finite weights",
            "Train again with a lower --learning-rate",
        )
    return tensors, metadata


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata alone, without the tensors."""
    _check_there(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_METADATA)
        content: dict[str, Any] | None = None if text is None else json.loads(text)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        what = "Give the run folder of a training; if this is a file of one, copy it again, or train again"
        raise _unreadable(path, error, what) from error
    if content is None:
        raise StorageError(
            f"{path} has no metgan metadata", "a model that metgan wrote", "Give a run folder of metgan train"
        )
    return content


def fingerprint(path: Path) -> str:
    """Return the first 16 hexadecimal digits of the file's SHA-256: the model's name in provenance."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write a training's state, all or nothing."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        try:
            torch.save(dict(state), file)
        except RuntimeError as error:
            if isinstance(error.__context__, OSError):  # a full disk, which torch hides
                raise error.__context__ from error
            raise


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote; a file that would execute code is refused."""
    _check_there(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(state, dict):
        raise _unreadable(path, TypeError(f"it holds a {type(state).__name__}"))
    return state


def _check_there(path: Path) -> None:
    if not has_file(path):
        raise StorageError(f"there is no file {path}", "a model or checkpoint", "Check the path")


def _unreadable(path: Path, error: Exception, remedy: str = _AGAIN) -> StorageError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StorageError(f"{path} cannot be read ({reason})", "a complete model or checkpoint file", remedy)
