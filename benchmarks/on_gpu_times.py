"""Seconds and memory of training steps and of painting, at every preset: the first half of on_gpu.py."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from training_step import Step, StepSetup, metgan_step, segmentor_step

from metgan.methods import find_method
from metgan.networks import PresetName, build, make_generator
from metgan.training.engine import place

METGAN, SEGMENTOR = "training step of MetGAN", "training step of the segmentor"
Row = dict[str, Any]


@dataclass(frozen=True)
class Timing:
    """What is timed, and for how long: `presets` with batches of each size in `batches`.

    Each is repeated `repetitions` times after `warm_up` times, or less often where `seconds` are over, but
    twice at least.
    """

    presets: tuple[PresetName, ...]
    batches: tuple[int, ...]
    side: int
    warm_up: int
    repetitions: int
    seconds: float


def time_everything(timing: Timing, device: torch.device, bf16: bool) -> Iterator[Row]:
    """Yield a row for each network, preset and size of batch, as it is measured."""
    for batch in timing.batches:
        for preset in timing.presets:
            setup = StepSetup(preset, batch, timing.side, device, bf16)
            precision = "bf16" if bf16 else "fp32"
            for what, make, arithmetic in (
                (METGAN, metgan_step, precision),
                (SEGMENTOR, segmentor_step, precision),
                ("painting", _inpainter, "fp32"),  # as metgan.synthesis.Inpainter does
            ):
                row = {"what": what, "preset": preset, "batch": batch, "side": timing.side}
                yield {**row, "precision": arithmetic, **_measure(make, setup, timing)}
    if device.type == "cuda":  # last: nobody has run them on a card yet
        yield from _time_graphs(timing, device, bf16)


def _time_graphs(timing: Timing, device: torch.device, bf16: bool) -> Iterator[Row]:
    for batch, preset in product(timing.batches, timing.presets):
        setup = StepSetup(preset, batch, timing.side, device, bf16, cuda_graphs=True)
        for what, make in ((METGAN, metgan_step), (SEGMENTOR, segmentor_step)):
            row = {"what": f"{what}, CUDA graphs", "preset": preset, "batch": batch, "side": timing.side}
            yield {**row, "precision": "bf16" if bf16 else "fp32", **_measure(make, setup, timing)}


def _inpainter(setup: StepSetup) -> Step:
    name = find_method("metgan").generator
    generator = place(build(lambda: make_generator(name, setup.preset), 0), setup.device).eval()
    anatomy, _, label = setup.images()

    def paint() -> None:
        with torch.inference_mode():
            generator.generate(anatomy, label)

    return paint


def _measure(make: Callable[[StepSetup], Step], setup: StepSetup, timing: Timing) -> Row:
    """Time a step; where memory runs out, or CUDA refuses, say so."""
    on_cuda = setup.device.type == "cuda"
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(setup.device)
    try:
        seconds = _seconds(make(setup), setup.device, timing)
    except torch.OutOfMemoryError:
        return {"out_of_memory": True}
    except RuntimeError as error:  # cuDNN has words of its own for it
        return {"failed": str(error).splitlines()[0]}
    finally:  # the next network needs the room
        gc.collect()
        if on_cuda:
            torch.cuda.empty_cache()
    return {
        "median_s": statistics.median(seconds),
        "fastest_s": min(seconds),
        "slowest_s": max(seconds),
        "repetitions": len(seconds),
        "peak_gpu_memory_bytes": torch.cuda.max_memory_allocated(setup.device) if on_cuda else None,
    }


def _synchronise(device: torch.device) -> None:
    """Wait until a CUDA device has done all it was told to; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _seconds(step: Step, device: torch.device, timing: Timing) -> list[float]:
    for _ in range(timing.warm_up):
        step()
    _synchronise(device)
    seconds: list[float] = []
    while len(seconds) < timing.repetitions and (len(seconds) < 2 or sum(seconds) < timing.seconds):
        start = time.perf_counter()
        step()
        _synchronise(device)
        seconds.append(time.perf_counter() - start)
    return seconds
