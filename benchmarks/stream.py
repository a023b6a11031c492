"""Does the stream keep up with the training that it feeds? Pairs a second, beside those of a training step.

Run it on a finished run: ``python benchmarks/stream.py RUN DATA``. Everything runs on the CPU: the stream
without workers and with two, and the step of a small U-Net on the same crops. A ratio below 1 says that the
step waits for the stream. The time that workers take to start is not counted.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from metgan.data import SPLIT_FILE, PairSet, load_split, part_of
from metgan.labels import Merged
from metgan.losses import weighted_cross_entropy
from metgan.networks import PRESETS, UNet
from metgan.synthesis import GenerationRequest, Mix, PairStream, Sample, load

BATCH = 8


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--synthetic", type=float, default=0.5, help="share of painted pairs (0.5)")
    parser.add_argument("--crop", type=int, default=64, help="pixels (64)")
    parser.add_argument("--pairs", type=int, default=64, help="pairs that are timed (64)")
    given = parser.parse_args()
    real = part_of(PairSet.open(given.data).entries, "train", load_split(given.run / SPLIT_FILE))
    inpainter = load(given.run, "cpu")
    request = GenerationRequest(real, real, Merged(min(2, len(real) - 1)), given.pairs + 4 * BATCH, 0)
    batch, rates = None, {}
    for workers in (0, 2):
        stream = PairStream(inpainter, request, real, Mix(given.synthetic, given.crop))
        batches = iter(DataLoader(stream, BATCH, num_workers=workers))
        batch = next(batches)
        rates[workers] = rate_of(batches, given.pairs // BATCH)
    assert batch is not None
    step = step_rate(UNet(PRESETS["small"].segmentor), batch, given.pairs // BATCH)
    print(f"training step: {step:.1f} pairs/s, {torch.get_num_threads()} threads")
    for workers, rate in rates.items():
        print(f"stream, {workers} workers: {rate:.1f} pairs/s, {rate / step:.2f} of the step")


def rate_of(batches: Iterator[Sample], count: int) -> float:
    """Return the pairs a second of the next batches."""
    start = time.perf_counter()
    for _ in range(count):
        next(batches)
    return count * BATCH / (time.perf_counter() - start)


def step_rate(network: nn.Module, batch: Sample, count: int) -> float:
    """Return the pairs a second that a training step takes."""
    optimiser = torch.optim.Adam(network.parameters())
    start = time.perf_counter()
    for _ in range(count):
        optimiser.zero_grad()
        weighted_cross_entropy(network(batch["tumour"]), batch["label"]).backward()
        optimiser.step()
    return count * BATCH / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
