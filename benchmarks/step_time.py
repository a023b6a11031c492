"""Seconds of one training step of MetGAN at `small`, and what each of two choices is worth.

Run it with nothing else on the machine: ``python benchmarks/step_time.py``. The variants take turns
within one run, so that a ratio means something on a noisy machine too.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import torch
from training_step import Step, StepSetup, metgan_step

BATCH, CROP = 4, 128


def stepper(*, bf16: bool, channels_last: bool) -> Step:
    """Return a function that makes one training step on random images."""
    return metgan_step(StepSetup("small", BATCH, CROP, torch.device("cpu"), bf16, channels_last))


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
