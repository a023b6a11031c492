"""Seconds of one training step of MetGAN at `small`, and what each of two choices is worth.

Run it with nothing else on the machine: ``python benchmarks/step_time.py``. The variants take turns
within one run, so that a ratio means something on a noisy machine too.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import torch

from metgan.methods import Translations, build_players, find_method, trained_modules
from metgan.networks import PRESETS, Segmentor, build
from metgan.training import GAN_RECIPES
from metgan.training.history import History
from metgan.training.phases import gan_phases

BATCH, CROP = 4, 128


def stepper(*, bf16: bool, channels_last: bool) -> Callable[[], None]:
    """Give a function that makes one training step on random images."""
    method = find_method("metgan")
    segmentor = build(lambda: Segmentor(PRESETS["small"].segmentor), 0)
    players = build_players(method, "small", segmentor, 0)
    if channels_last:
        for network in (*trained_modules(players).values(), segmentor):
            network.to(memory_format=torch.channels_last)
    phases = gan_phases(method, players, GAN_RECIPES["small"], [History(50, 0, k) for k in range(2)])
    images = torch.rand(3, BATCH, 1, CROP, CROP) * 2 - 1
    label = (images[2] > 0.99).float()

    def step() -> None:
        translations = Translations(players, images[0], images[1], label)
        for phase in phases:
            for other in phases:
                for player in other.players.values():
                    player.requires_grad_(other is phase)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                losses = phase.losses(translations, 0)
            phase.optimiser.zero_grad(set_to_none=True)
            torch.stack([*losses.values()]).sum().backward()
            phase.optimiser.step()

    return step


def main() -> None:
    """Time the variants in turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    variants = {
        "fp32": stepper(bf16=False, channels_last=False),
        "fp32, channels last": stepper(bf16=False, channels_last=True),
        "bf16, channels last": stepper(bf16=True, channels_last=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(rounds + 1):
        for name, step in variants.items():
            start = time.perf_counter()
            step()
            if turn:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    first = statistics.median(seconds["fp32"])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:22s} {median:6.3f} s per step   {median / first:5.2f} of fp32")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{torch.get_num_threads()} threads, batch {BATCH} of {CROP} x {CROP}, peak memory {peak:.1f} GiB")


if __name__ == "__main__":
    main()
