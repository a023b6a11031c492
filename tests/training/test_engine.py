"""Where and how exactly a training computes: CPU or CUDA, fp32 or bf16, reproducibly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from metgan.data import PairSet
from metgan.errors import SettingError
from metgan.io import load_state
from metgan.models import MODEL_FILE
from metgan.training import (
    Engine,
    RunConfig,
    TrainConfig,
    TrainingData,
    load_training_data,
    split_pairs,
    train_segmentor,
)

RECIPE = TrainConfig(steps=2, batch_size=2, crop=48, learning_rate=2e-3, validations=2)


@pytest.fixture(scope="module")
def data(small_pairs: PairSet) -> TrainingData:
    return load_training_data(small_pairs, split_pairs(small_pairs, seed=0))


def trained(folder: Path, data: TrainingData, engine: Engine) -> bytes:
    folder.mkdir(exist_ok=True)
    train_segmentor(RunConfig("segmentor", "small", RECIPE, engine, 0, folder), data)
    return (folder / MODEL_FILE).read_bytes()


@pytest.mark.slow
def test_bf16_trains_to_the_same_bytes_twice_and_to_others_than_fp32(
    data: TrainingData, tmp_path: Path
) -> None:
    half = Engine("cpu", "bf16")
    first = trained(tmp_path / "first", data, half)
    assert trained(tmp_path / "again", data, half) == first
    assert trained(tmp_path / "exact", data, Engine("cpu", "fp32")) != first


@pytest.mark.slow
def test_weights_stay_in_fp32_when_the_arithmetic_is_bf16(data: TrainingData, tmp_path: Path) -> None:
    trained(tmp_path, data, Engine("cpu", "bf16"))
    weights = load_state(tmp_path / "last.ckpt")["modules"]["segmentor"]
    assert {w.dtype for w in weights.values() if w.is_floating_point()} == {torch.float32}


def test_auto_means_something_definite_on_every_machine() -> None:
    chosen = Engine().resolved()
    assert chosen.device == ("cuda" if torch.cuda.is_available() else "cpu")
    assert chosen.precision in ("fp32", "bf16")
    assert Engine("cpu", "fp32").resolved() == Engine("cpu", "fp32", workers=0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_cuda_is_refused_where_there_is_none(data: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="without CUDA"):
        trained(tmp_path, data, Engine("cuda"))


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_segmentor_trains_on_cuda(data: TrainingData, tmp_path: Path, precision: str) -> None:
    engine = replace(Engine("cuda"), precision=precision)  # type: ignore[arg-type]  # one of the two
    assert trained(tmp_path, data, engine)


@pytest.mark.gpu
def test_a_deterministic_run_on_cuda_gives_the_same_bytes_twice(data: TrainingData, tmp_path: Path) -> None:
    engine = Engine("cuda", "fp32", deterministic=True)
    assert trained(tmp_path / "first", data, engine) == trained(tmp_path / "again", data, engine)
