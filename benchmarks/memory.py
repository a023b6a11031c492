"""Peak memory of ``metgan`` on large images (generate, evaluate, prepare) and on many (info, train).

python benchmarks/memory.py FOLDER [--preset paper] [--sides 512 1024 4096] [--options ...] [--planes 8 16]
                                   [--pairs 2000 20000]

`generate` paints one pair of each side, and one of the largest side with each of the options that paint more
than once or measure real images; `evaluate` scores one test pair of each side, its independent segmentor's
training of two batches included; `prepare` cuts one row of crops; `info` and `train` (two steps each of the
segmentor and of MetGAN) look at so many pairs of 64 pixels. With ``--sides --planes`` and no numbers, these
alone are measured. Each call is a process of its own, and its
peak is what the operating system says of it (resident memory). Generator and independent segmentor have
weights that were drawn, not trained: they take the same memory, and as long. Images are phantom images,
repeated.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import tifffile
import torch
from torch import nn

from metgan.data import (
    SPLIT_FILE,
    Normalisation,
    Split,
    StoredPairs,
    fit_pairs,
    save_split,
    write_pair,
    write_table,
)
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import PRESETS, PresetName, Segmentor, build, make_generator
from metgan.phantom import PhantomSettings, write_phantom

CROP = 256
SIDE = 2048
FEW, MANY_SIDE = 20, 64
OPTIONS = (
    "--recipe bank",
    "--recipe grown",
    "--refine contrast",
    "--refine noise",
    "--refine background",
    "--refine insert",
    "--independent-segmentor JUDGE --attempts 1",
)
ON_CPU = ("--device", "cpu")
Row = list[object]


def peak_of(*words: object) -> tuple[float, float]:
    """Run a verb in a process of its own; return its peak memory in GB and its time in seconds."""
    call = [sys.executable, "-m", "metgan", *map(str, words)]
    start = time.monotonic()
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(call)}\n{said[-2000:]}")
    return usage.ru_maxrss / 1e6, time.monotonic() - start  # Linux tells kilobytes


def write_world(root: Path, preset: PresetName) -> None:
    """Write small phantom pairs, and on them the run of a generator, and that of an independent segmentor."""
    pairs = write_phantom(root / "phantom", 4, PhantomSettings(size=CROP), seed=0)
    units = fit_pairs(StoredPairs(pairs))
    generator = build(lambda: make_generator("metgen", preset), 0)
    noise = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        for _ in range(3):
            image = torch.rand(1, 1, 128, 128, generator=noise) * 2 - 1
            generator(image, generator.embed((image > 0.8).float()))
    write_run(root / "run", generator, ModelCard("generator", "metgan", "metgen", preset, *rest(units, 0)))
    names = [entry.name for entry in pairs]
    save_split(Split(tuple(names[:3]), tuple(names[3:]), ("large-0",)), root / "run" / SPLIT_FILE)
    independent = build(lambda: Segmentor(PRESETS[preset].segmentor), 1)
    write_run(
        root / "independent-segmentor",
        independent,
        ModelCard("segmentor", "segmentor", "", preset, *rest(units, 1)),
    )


def rest(units: Normalisation, seed: int) -> tuple[Normalisation, tuple[str, ...], str, int, int, int, str]:
    """Return what a card says of normalisation, groups, segmentor, steps, seed and version."""
    return units, ("none",), "", 1, 1, seed, "benchmark"


def write_run(folder: Path, network: nn.Module, card: ModelCard) -> None:
    """Write a network as the model of a finished run."""
    folder.mkdir()
    save_model(folder / MODEL_FILE, network.state_dict(), card)


def write_large_pairs(root: Path, side: int, small: bool = False) -> Path:
    """Write two pairs of this side, each a phantom pair that is repeated; or one beside the `small` ones."""
    out, tiles = root / f"{'tested' if small else 'pairs'}-{side}", -(-side // CROP)
    rows = []
    for number in range(1 if small else 2):
        images = [np.tile(image, (tiles, tiles))[:side, :side] for image in read_phantom(root, number)]
        rows.append(write_as(out, f"large-{number}", f"large-{number}", images))
    if small:
        names = [path.stem for path in sorted((root / "phantom" / "label").iterdir())]
        rows += [write_as(out, name, f"small-{k}", read_phantom(root, k)) for k, name in enumerate(names)]
    write_table(out, rows)
    return out


def read_phantom(root: Path, number: int) -> list[np.ndarray]:
    """Read anatomy, tumour and label of a phantom pair."""
    channels = ("anatomy", "tumour", "label")
    return [tifffile.imread(sorted((root / "phantom" / channel).iterdir())[number]) for channel in channels]


def write_as(out: Path, name: str, group: str, images: Sequence[np.ndarray]) -> dict[str, str]:
    """Write a pair; return its row of the table."""
    anatomy, tumour, label = images
    write_pair(out, name, anatomy, tumour, label > 0)
    return {"name": name, "group": group, "organ": "", "split": ""}


def write_scan(root: Path, planes: int, compression: str | None) -> list[Path]:
    """Write a scan of `planes` of 2048 x 2048 pixels, 16 bits, a page each: anatomy, tumour and mask."""
    rng = np.random.default_rng(0)
    block = rng.integers(100, 1000, (CROP, CROP), dtype=np.uint16)
    plane = np.tile(block, (SIDE // CROP, SIDE // CROP))
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[100:120, 100:120] = 255
    paths = []
    for name, image in (("anatomy", plane), ("tumour", plane // 2 + mask), ("mask", mask)):
        path = root / f"{name}-{planes}.tif"
        with tifffile.TiffWriter(path, bigtiff=True) as file:
            for number in range(planes):
                turned = np.roll(image, number, 0) if name != "mask" else image
                file.write(turned, photometric="minisblack", compression=compression, rowsperstrip=64)
        paths.append(path)
    return paths


def show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, each row as soon as it is measured."""
    for line in chain((columns, ["---"] * len(columns)), rows):
        print("| " + " | ".join(map(str, line)) + " |", flush=True)


def generate(root: Path, side: int, options: str = "") -> Row:
    """Measure the painting of one pair."""
    pairs, out = root / f"pairs-{side}", root / "new"
    if not pairs.exists():
        write_large_pairs(root, side)
    words = [str(root / "independent-segmentor") if word == "JUDGE" else word for word in options.split()]
    call = ["generate", root / "run", "--anatomy", pairs, "--labels", pairs, "--part", "all", "--count", 1]
    peak, seconds = peak_of(*call, *words, *ON_CPU, "--overwrite", "--out", out)
    return [f"{side} x {side}", options or "none", f"{peak:.2f}", f"{seconds:.0f}"]


def evaluate(root: Path, side: int) -> Row:
    """Measure the scoring of one test pair, with the training of an independent segmentor on small ones."""
    call = ["evaluate", root / "run", "--data", write_large_pairs(root, side, small=True)]
    peak, seconds = peak_of(
        *call, "--independent-segmentor-steps", 2, *ON_CPU, "--out", root / f"scores-{side}"
    )
    return [f"{side} x {side}", f"{peak:.2f}", f"{seconds:.0f}"]


def prepare(root: Path, planes: int) -> Row:
    """Measure the cutting of one row of crops, in eight planes."""
    anatomy, tumour, mask = write_scan(root, planes, None)
    size = sum(path.stat().st_size for path in (anatomy, tumour, mask)) / 1e9
    call = ["prepare", anatomy, tumour, "--labels", mask, "--crop", CROP, "--rows", f"0:{CROP}"]
    peak, seconds = peak_of(*call, "--every", planes // 8, "--out", root / f"crops-{planes}")
    return [f"{planes} x {SIDE} x {SIDE}", f"{size:.2f}", f"{peak:.2f}", f"{seconds:.0f}"]


def write_many_pairs(root: Path, count: int) -> Path:
    """Write pairs of 64 pixels, a few phantom pairs under many names, in three animals that are the parts."""
    out, few = root / f"many-{count}", root / "few"
    if not few.exists():
        write_phantom(few, FEW, PhantomSettings(size=MANY_SIDE, empty_fraction=0), seed=0)
    rows = []
    for channel in ("anatomy", "tumour", "label"):
        (out / channel).mkdir(parents=True)
        for k, path in enumerate(sorted((few / channel).iterdir())):
            first = out / channel / f"pair-{k:06d}.tif"
            tifffile.imwrite(first, tifffile.imread(path), photometric="minisblack", metadata=None)
            for number in range(k + FEW, count, FEW):
                shutil.copyfile(first, out / channel / f"pair-{number:06d}.tif")
    for number in range(count):
        part = "test" if number % 10 > 7 else "val" if number % 10 > 6 else "train"
        rows.append({"name": f"pair-{number:06d}", "group": f"animal-{part}", "organ": "", "split": part})
    write_table(out, rows)
    return out


def look_at_many(root: Path, count: int) -> Row:
    """Measure what is told of many pairs, and two steps of training on them."""
    pairs = write_many_pairs(root, count)
    small = (
        "--preset",
        "small",
        "--batch-size",
        2,
        "--crop",
        MANY_SIDE,
        "--steps",
        2,
        "--segmentor-steps",
        2,
    )
    told, train = (
        peak_of("info", pairs),
        peak_of("train", pairs, "--out", root / f"run-{count}", *small, *ON_CPU),
    )
    return [count, f"{told[0]:.2f}", f"{told[1]:.0f}", f"{train[0]:.2f}", f"{train[1]:.0f}"]


def main() -> None:
    """Measure and print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", default="small", choices=("small", "paper"))
    parser.add_argument("--sides", type=int, nargs="*", default=[512, 1024, 2048, 4096])
    parser.add_argument("--planes", type=int, nargs="*", default=[8, 16, 32, 64])
    parser.add_argument("--pairs", type=int, nargs="*", default=[2000, 20000])
    parser.add_argument("--options", nargs="*", default=OPTIONS, help="of generate, each one argument")
    asked = parser.parse_args()
    root = asked.out
    root.mkdir(parents=True)
    if asked.sides:
        write_world(root, asked.preset)
    plain = ((side, "") for side in asked.sides)
    with_options = ((max(asked.sides), options) for options in asked.options if asked.sides)
    rows = (generate(root, *one) for one in chain(plain, with_options))
    show(("generate, one pair", "options", f"peak, GB ({asked.preset})", "seconds"), rows)
    rows = (evaluate(root, side) for side in asked.sides)
    show(("evaluate, one test pair", f"peak, GB ({asked.preset})", "seconds"), rows)
    rows = (prepare(root, planes) for planes in asked.planes)
    show(("prepare, one row of crops", "files, GB", "peak, GB", "seconds"), rows)
    rows = (look_at_many(root, count) for count in asked.pairs)
    show(("pairs of 64 x 64", "info, peak, GB", "seconds", "two steps of train, peak, GB", "seconds"), rows)


if __name__ == "__main__":
    main()
