"""Weights and states come back as they were, and nothing in a file is executed."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from metgan.errors import StorageError
from metgan.io import fingerprint, load_state, load_weights, read_metadata, save_state, save_weights


class Bomb:
    """A pickle that leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_weights(path, {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor([1, 2])}, {"step": 7})
    return path


def test_weights_and_metadata_come_back(model: Path) -> None:
    tensors, metadata = load_weights(model)
    assert metadata == {"step": 7} == read_metadata(model)
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        "a": [[0, 1, 2], [3, 4, 5]],
        "b": [1, 2],
    }
    assert tensors["b"].dtype == torch.int64


def test_weights_in_another_memory_layout_come_back_the_same(tmp_path: Path) -> None:
    weight = torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    save_weights(tmp_path / "a", {"weight": weight}, {})
    assert torch.equal(load_weights(tmp_path / "a")[0]["weight"], weight)


def test_colleagues_may_read_a_model_where_the_umask_lets_them(model: Path) -> None:
    plain = model.with_name("plain")
    plain.write_text("")
    assert stat.S_IMODE(model.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("kept", [0, 4, 8, 60, -1])
def test_a_truncated_model_is_refused(model: Path, kept: int) -> None:
    model.write_bytes(model.read_bytes()[:kept])
    with pytest.raises(StorageError, match="cannot be read"):
        load_weights(model)


def test_weights_of_another_program_are_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "a")
    with pytest.raises(StorageError, match="no metgan metadata"):
        read_metadata(tmp_path / "a")


def test_metadata_that_is_no_json_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "a", {"metgan": "{half"})
    with pytest.raises(StorageError, match="cannot be read"):
        read_metadata(tmp_path / "a")


@pytest.mark.parametrize("read", [load_weights, read_metadata, load_state])
def test_a_missing_file_is_named(tmp_path: Path, read) -> None:
    with pytest.raises(StorageError, match=r"there is no file .*gone"):
        read(tmp_path / "gone")


def test_the_fingerprint_names_the_bytes(model: Path) -> None:
    before = fingerprint(model)
    assert before == fingerprint(model)
    assert len(before) == 16
    save_weights(model, {"a": torch.zeros(2)}, {"step": 7})
    assert fingerprint(model) != before


def test_a_state_comes_back(tmp_path: Path) -> None:
    state = {"step": 3, "modules": {"a": {"weight": torch.eye(2)}}, "best": float("-inf"), "pool": [1, 2]}
    save_state(tmp_path / "last.ckpt", state)
    back = load_state(tmp_path / "last.ckpt")
    assert torch.equal(back["modules"].pop("a")["weight"], torch.eye(2))
    assert back == {"step": 3, "modules": {}, "best": float("-inf"), "pool": [1, 2]}


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_a_state_that_would_execute_code_is_refused(tmp_path: Path, how: str) -> None:
    trace, path = tmp_path / "trace", tmp_path / "last.ckpt"
    if how == "pickle":
        path.write_bytes(pickle.dumps({"step": Bomb(trace)}, protocol=2))
    else:
        torch.save({"step": Bomb(trace)}, path)
    with pytest.raises(StorageError, match="cannot be read"):
        load_state(path)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Bomb(trace)))  # it is a bomb indeed
    assert trace.exists()


@pytest.mark.parametrize("kept", [0, 10, 300, -30])
def test_a_truncated_state_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "last.ckpt"
    save_state(path, {"a": torch.rand(30)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StorageError, match="cannot be read"):
        load_state(path)


def test_a_state_that_is_no_table_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "last.ckpt")
    with pytest.raises(StorageError, match="holds a list"):
        load_state(tmp_path / "last.ckpt")
