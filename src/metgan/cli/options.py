"""Options that mean the same on every verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token, validators


def whole(_: object, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is none, and is not rounded to one."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is not a whole number in digits") from None


# What is more than this, or less, each setting says itself, in one place for option, file and Python.
MOST = 2**31 - 1
Seed = Annotated[int, Parameter(converter=whole)]
Whole = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=MOST), converter=whole)]
Positive = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=MOST), converter=whole)]


@Parameter(name="*")
@dataclass(frozen=True)
class OutputPolicy:
    """What may happen to an output folder that is not empty.

    Parameters
    ----------
    resume
        Go on where a stopped call left off.
    overwrite
        Delete what an earlier call wrote there, and start again.
    """

    resume: Annotated[bool, Parameter(negative="")] = False
    overwrite: Annotated[bool, Parameter(negative="")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class Training:
    """How to train; what is not given comes from --config, then from the preset.

    Parameters
    ----------
    preset
        Size and recipe: "paper" (40 M parameters, 200 epochs: a GPU), "released" (the released layout),
        "small" (3 M parameters: two CPU cores, minutes). Default: paper on a CUDA device, small on a CPU.
    seed
        0 to 2**53 - 1; the same seed gives the same bytes on the same CPU with as many threads
        (OMP_NUM_THREADS): sums are taken in another order with more or fewer. Default: 0.
    steps
        Fixed length in batches, 1 or more; with --resume, a longer one for what is trained. Default: for
        metgan train as long as validation improves, within the preset's bounds; else the preset's length.
    epochs
        Fixed length in passes over the data, 1 or more; instead of --steps.
    batch_size
        Pairs per step, 1 to 4096. Default: the preset's.
    crop
        Side in pixels of the training crops, at most: the smallest image decides. Default: the preset's.
    learning_rate
        Of Adam, 1e-12 to 1. Default: the preset's.
    device
        "auto" takes a CUDA device where there is one. Default: auto.
    precision
        "auto" takes bf16 where the hardware is faster with it (CUDA, CPUs with AMX). Default: auto.
    deterministic
        Refuse operations without a deterministic form (matters on CUDA).
    config
        Experiment file (TOML); options given here override it.
    """

    preset: Literal["paper", "released", "small"] | None = None
    seed: Seed | None = None
    steps: Positive | None = None
    epochs: Positive | None = None
    batch_size: Positive | None = None
    crop: Positive | None = None
    learning_rate: float | None = None
    device: Literal["auto", "cpu", "cuda"] | None = None
    precision: Literal["auto", "fp32", "bf16"] | None = None
    deterministic: Annotated[bool, Parameter(negative="")] = False
    config: Path | None = None

    def layer(self, section: str) -> dict[str, Any]:
        """Return the options as tables for `metgan.experiment.resolve`; the recipe goes into `section`."""
        recipe = {name: getattr(self, name) for name in _CONFIG}
        engine: dict[str, Any] = {"device": self.device, "precision": self.precision}
        if self.deterministic:
            engine["deterministic"] = True
        given = {section: recipe, "engine": engine, "preset": self.preset, "seed": self.seed}
        return {key: value for key, value in given.items() if value is not None}


_CONFIG = ("steps", "epochs", "batch_size", "crop", "learning_rate")

NEW_FOLDER = OutputPolicy()
PRESET = Training()
