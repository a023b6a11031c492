"""A few minutes of training by the defaults of a preset, and its scores: the second half of on_gpu.py.

All is done by the command line's own verbs, and the report holds their words, so that anyone can repeat it.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from on_gpu_times import METGAN, SEGMENTOR, Row

from metgan.cli.app import app
from metgan.data import PairSet
from metgan.networks import PresetName
from metgan.studies.scores import RECALL_OF_WHOLE
from metgan.training import GAN_CONFIGS, LOG_FILE, SEGMENTOR_CONFIGS, read_log, split_pairs

LOOK = 3.0  # seconds of a validation: painting, scores, a picture, a checkpoint
SLOWER = 1.3  # than a step on one batch that lies ready is a step of a training
FOR_SEGMENTOR, FOR_STEPS = 0.12, 0.7  # shares of the training's time; the rest is reserve
VALIDATION = ("val_mae", "val_ssim", "val_dice")
IN_SHORT = ("tumour recall", RECALL_OF_WHOLE, "median contrast", "false objects per image", "pooled Dice")


@dataclass(frozen=True)
class Lengths:
    """What is trained, and at most how long, on `pairs` images of `size` x `size` pixels.

    ``segmentor_steps`` is for the segmentor in the loop and for the independent segmentor; None for the
    preset's length.
    """

    device: Literal["cpu", "cuda"]
    preset: PresetName
    pairs: int
    size: int
    steps: int
    segmentor_steps: int | None


TRAINING = Lengths("cuda", "paper", pairs=160, size=256, steps=2000, segmentor_steps=None)
TINY_TRAINING = Lengths("cpu", "small", pairs=24, size=64, steps=1, segmentor_steps=1)


def draw(out: Path, lengths: Lengths) -> str:
    """Draw the phantom into OUT/pairs; returns the command."""
    return _call("phantom", out / "pairs", "--pairs", lengths.pairs, "--size", lengths.size, "--overwrite")


def plan(out: Path, lengths: Lengths, times: Sequence[Row], seconds: float) -> Lengths:
    """Return lengths that fit into so many `seconds`, by the steps that were timed."""
    training_pairs = len(split_pairs(PairSet.open(out / "pairs"), 0).train)
    of_preset = SEGMENTOR_CONFIGS[lengths.preset].length(training_pairs)
    looks = GAN_CONFIGS[lengths.preset].validations
    steps = _fitting(lengths.preset, times, METGAN, FOR_STEPS * seconds - LOOK * looks)
    segmentor_steps = _fitting(lengths.preset, times, SEGMENTOR, FOR_SEGMENTOR * seconds)
    return replace(
        lengths,
        steps=min(lengths.steps, steps),
        segmentor_steps=min(lengths.segmentor_steps or of_preset, segmentor_steps),
    )


def _fitting(preset: PresetName, times: Sequence[Row], what: str, seconds: float) -> int:
    """Return how many steps fit into so many seconds, 1 at least.

    Steps of one image were timed, the paper's batch; a batch of more takes as many times as long at most.
    """
    images = (GAN_CONFIGS if what == METGAN else SEGMENTOR_CONFIGS)[preset].batch_size
    for row in times:
        if (row["what"], row["preset"], row["batch"]) == (what, preset, 1) and "median_s" in row:
            return max(1, int(seconds / (SLOWER * images * row["median_s"])))
    raise RuntimeError(f"no {what} at {preset} was timed")


def train(out: Path, planned: Lengths, result: Row) -> None:
    """Train into OUT/run; what is known of it is put into `result`, also of a training that is stopped."""
    result |= {"steps": planned.steps, "segmentor_steps": planned.segmentor_steps}
    on_cuda = planned.device == "cuda"
    if on_cuda:
        torch.cuda.reset_peak_memory_stats()
    run = out / "run"
    lengths = ("--steps", planned.steps, "--segmentor-steps", planned.segmentor_steps)
    words = ("train", out / "pairs", "--out", run, "--preset", planned.preset, *lengths)
    try:
        result["command"] = _call(*words, "--device", planned.device, "--overwrite")
    finally:
        result["peak_gpu_memory_bytes"] = torch.cuda.max_memory_allocated() if on_cuda else None
        rows = read_log(run / LOG_FILE)
        result["last_step"] = int(rows[-1]["step"]) if rows else 0
        result["seconds"] = float(rows[-1]["seconds"]) if rows else 0.0  # of the method alone
        result["looks"] = [_look(row) for row in rows if row["val_mae"]]
        pictures = sorted((run / "samples").glob("*.png"))
        if pictures:
            shutil.copy(pictures[-1], out / "grid.png")


def _look(row: Row) -> Row:
    figures = {name: float(row[name]) for name in ("seconds", *VALIDATION) if row[name]}
    return {"step": int(row["step"]), **figures}


def evaluate(out: Path, planned: Lengths, result: Row) -> None:
    """Score the run with an independent segmentor into OUT/scores; the scores are put into `result`."""
    words = ("evaluate", out / "run", "--data", out / "pairs", "--out", out / "scores")
    independent_segmentor = ("--independent-segmentor-steps", planned.segmentor_steps)
    result["command"] = _call(*words, *independent_segmentor, "--device", planned.device, "--overwrite")
    summary = json.loads((out / "scores" / "summary.json").read_text(encoding="utf-8"))
    relative = summary["generated / training mean"]["mae"]
    result["in_short"] = {"MAE relative to painting the mean": relative}
    for name in IN_SHORT:
        result["in_short"][name] = {whose: summary[whose][name] for whose in ("generated", "real")}
    result["summary"] = summary
    shutil.copy(out / "scores" / "grid.png", out / "grid.png")


def _call(*words: object) -> str:
    """Run a verb of the command line in this process; returns it as one would type it."""
    tokens = [str(word) for word in words]
    app(tokens, exit_on_error=False)
    return shlex.join(["metgan", *tokens])
