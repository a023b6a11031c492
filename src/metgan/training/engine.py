"""Device, precision and randomness of a run: all that is not science."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import torch
from torch import nn

from metgan.device import Device, choose_device
from metgan.errors import SettingError
from metgan.networks import channels_last

from .config import Precision

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Network = TypeVar("Network", bound=nn.Module)
CUDA_WORKERS: Final = 4
"""Processes that cut training patches while a CUDA device trains: a CPU's cores train themselves."""
MOST_WORKERS: Final = 1024


@dataclass(frozen=True)
class Engine:
    """Where and how exactly to compute.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        "auto" takes CUDA where there is one.
    precision : {"auto", "fp32", "bf16"}
        "auto" takes bfloat16 where the hardware multiplies it faster (CUDA, or a CPU with AMX).
    deterministic : bool
        Refuse operations without a deterministic form; needed on CUDA alone.
    workers : int or None, 0 to 1024
        Processes that cut training patches beside the one that trains. They change no result, and generate no
        pairs: those that a training asks for while it goes on, it makes itself. None for none on a CPU, and
        on CUDA `CUDA_WORKERS` or as many as there are cores, if that is less.
    cuda_graphs : bool
        Let a CUDA device capture a step as CUDA graphs and replay it, so that it need not wait for the CPU to
        launch each kernel; of no effect on a CPU. **Not yet run on a card**: ``gpu`` tests compare them.

    Raises
    ------
    SettingError
        For a number of workers out of range.
    """

    device: Device = "auto"
    precision: Precision = "auto"
    deterministic: bool = False
    workers: int | None = None
    cuda_graphs: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None:
            SettingError.unless_within("workers", self.workers, 0, MOST_WORKERS)

    def fabric(self) -> Fabric:
        """Return the Fabric for this engine.

        Raises
        ------
        SettingError
            When CUDA is asked for and there is none.
        """
        from lightning_fabric import Fabric  # a second and more: not for verbs that do not train

        chosen = self.resolved()
        with _quietly():
            return Fabric(
                accelerator=chosen.device,
                devices=1,
                precision="bf16-mixed" if chosen.precision == "bf16" else "32-true",
            )

    def resolved(self) -> Engine:
        """Return what "auto" means on this machine.

        Raises
        ------
        SettingError
            When CUDA is asked for and there is none.
        """
        device: Device = "cuda" if choose_device(self.device).type == "cuda" else "cpu"
        precision = self.precision
        if precision == "auto":
            precision = "bf16" if _is_bf16_fast(device) else "fp32"
        workers = self.workers
        if workers is None:
            workers = 0 if device == "cpu" else min(CUDA_WORKERS, _count_cores())
        return Engine(device, precision, self.deterministic, workers, self.cuda_graphs)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep Fabric's advice on other devices, and its note on precision, from the terminal."""
    logger = logging.getLogger("lightning_fabric")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def seeded(engine: Engine, seed: int) -> Iterator[None]:
    """Seed torch within the block and leave its state and settings as they were."""
    was = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(engine.deterministic or was)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(was)


def _count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_bf16_fast(accelerator: str) -> bool:
    """Tell whether to take bfloat16.

    AVX512-BF16 alone is not enough: on a Xeon with AMX, a training step took half as long as in fp32, and
    1.25 times as long with oneDNN held to AVX512-BF16 (``ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16 python
    benchmarks/step_time.py``, torch 2.13.0, one thread).
    """
    if accelerator == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported())


def place(network: Network, device: torch.device) -> Network:
    """Move to the device, in the memory layout that convolutions are fastest in."""
    return channels_last(network.to(device=device))
