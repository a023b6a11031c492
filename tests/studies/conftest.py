"""What the trainings of small studies share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metgan.studies import SharedConfig
from metgan.training import Engine, GanTrainConfig, TrainConfig

CONFIG = SharedConfig(
    preset="small",
    training=GanTrainConfig(steps=2, batch_size=2, crop=64, learning_rate=1e-3, validations=1),
    segmentor=TrainConfig(steps=2, batch_size=2, crop=64, learning_rate=1e-3, validations=1),
    engine=Engine(device="cpu", precision="fp32"),
)


def weights(folder: Path) -> Iterator[tuple[str, bytes, int]]:
    for path in sorted(folder.rglob("model.safetensors")):
        yield str(path.relative_to(folder)), path.read_bytes(), path.stat().st_mtime_ns
