"""Peak memory of ``metgan generate`` over the side of an image, and of ``metgan prepare`` over a scan's size.

python benchmarks/memory.py FOLDER [--preset paper] [--sides 512 1024 2048 4096] [--planes 8 16 32]

Each call is a process of its own, and its peak is what the operating system says of it (resident memory). The
generator has weights that were drawn, not trained: it takes the same memory, and as long. Images are phantom
images, repeated.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tifffile
import torch
from torch import nn

from metgan.data import PhantomSettings, fit_normalisation, write_pair, write_phantom, write_table
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import PresetName, build, make_generator

CROP = 256
SIDE = 2048


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
    """Write small phantom pairs, and the run of a generator with statistics of noise."""
    pairs = write_phantom(root / "phantom", 4, PhantomSettings(size=256), seed=0).read_all()
    units = fit_normalisation([pair.anatomy for pair in pairs], [pair.tumour for pair in pairs])
    generator = build(lambda: make_generator("metgen", preset), 0)
    noise = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in generator.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        for _ in range(3):
            image = torch.rand(1, 1, 128, 128, generator=noise) * 2 - 1
            generator(image, generator.embed((image > 0.8).float()))
    card = ModelCard("generator", "metgan", "metgen", preset, units, ("none",), "", 1, 1, 0, "benchmark")
    (root / "run").mkdir()
    save_model(root / "run" / MODEL_FILE, generator.state_dict(), card)


def write_large_pairs(root: Path, side: int) -> Path:
    """Write two pairs of this side, each a phantom pair that is repeated."""
    out, tiles = root / f"pairs-{side}", -(-side // 256)
    rows = []
    for number in range(2):
        name = f"large-{number}"
        images = [
            np.tile(
                tifffile.imread(sorted((root / "phantom" / channel).iterdir())[number]),
                (tiles, tiles),
            )
            for channel in ("anatomy", "tumour", "label")
        ]
        anatomy, tumour, label = (image[:side, :side] for image in images)
        write_pair(out, name, anatomy, tumour, label > 0)
        rows.append({"name": name, "group": name, "organ": "", "split": ""})
    write_table(out, rows)
    return out


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


def show(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table."""
    for line in (columns, ["---"] * len(columns), *rows):
        print("| " + " | ".join(map(str, line)) + " |", flush=True)


def main() -> None:
    """Measure and print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--preset", default="small", choices=("small", "paper"))
    parser.add_argument("--sides", type=int, nargs="*", default=[512, 1024, 2048, 4096])
    parser.add_argument("--planes", type=int, nargs="*", default=[8, 16, 32, 64])
    parser.add_argument("--more", nargs="*", default=[], help="options of generate, without dashes")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True)
    write_world(asked.out, asked.preset)
    rows = []
    for side in asked.sides:
        pairs = write_large_pairs(asked.out, side)
        call = [
            "generate",
            asked.out / "run",
            "--anatomy",
            pairs,
            "--labels",
            pairs,
            "--part",
            "all",
            "--count",
            1,
        ]
        more = [f"--{word}" for word in asked.more]
        peak, seconds = peak_of(*call, *more, "--device", "cpu", "--out", asked.out / f"new-{side}")
        rows.append([f"{side} x {side}", f"{peak:.2f}", f"{seconds:.0f}"])
    show(("generate, one pair", f"peak, GB ({asked.preset})", "seconds"), rows)
    rows = []
    for planes in asked.planes:
        anatomy, tumour, mask = write_scan(asked.out, planes, None)
        size = sum(path.stat().st_size for path in (anatomy, tumour, mask)) / 1e9
        call = ["prepare", anatomy, tumour, "--labels", mask, "--crop", CROP, "--rows", f"0:{CROP}"]
        peak, seconds = peak_of(*call, "--every", planes // 8, "--out", asked.out / f"crops-{planes}")
        rows.append([f"{planes} x {SIDE} x {SIDE}", f"{size:.2f}", f"{peak:.2f}", f"{seconds:.0f}"])
    show(("prepare, one row of crops", "files, GB", "peak, GB", "seconds"), rows)


if __name__ == "__main__":
    main()
