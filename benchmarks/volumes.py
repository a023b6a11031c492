"""How fast OME-Zarr is written and read, and that memory does not grow with the volume.

python benchmarks/volumes.py FOLDER [--planes 256 1024] [--side 1024] [--version 0.5]

A made-up volume of noise, 16 bit, is written block by block with its coarser levels, and read again block by
block. Each size is a process of its own; its peak is what the operating system says (resident memory). The
time it takes to make the noise up is not counted, that for `fsync` is.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from metgan.images import OmeZarrLayout, open_image, writing_ome_zarr

MEGABYTE = 1e6


def measure(out: Path, planes: int, side: int, version: str) -> str:
    """Return a row: megabytes, and megabytes a second of each step, and the peak of this process."""
    layout = OmeZarrLayout(
        shape=(planes, side, side), dtype="uint16", voxel_size_um=(1.0, 1.0, 1.0), version=version
    )
    size = 2 * planes * side**2 / MEGABYTE
    noise = np.random.default_rng(0).integers(0, 400, layout.block_shape(), dtype=np.uint16)
    seconds = []
    with writing_ome_zarr(out, layout, "benchmark", overwrite=True) as writer:
        seconds.append(-time.perf_counter())
        for block in writer.missing():
            writer.write(block, noise[tuple(slice(b.stop - b.start) for b in block)])
        seconds[-1] += time.perf_counter()
        seconds.append(-time.perf_counter())
        writer.finish()
        seconds[-1] += time.perf_counter()
    seconds.append(-time.perf_counter())
    image = open_image(out)
    for block in layout.all_blocks():
        image.read(block)
    seconds[-1] += time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    return f"{size:>10.0f}" + "".join(f"{size / s:>10.0f}" for s in seconds) + f"{peak:>12.0f}"


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--planes", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--version", choices=("0.4", "0.5"), default="0.5")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(words)
    if asked.alone:
        print(measure(asked.folder, asked.planes[0], asked.side, asked.version))
        return
    print(f"{'MB':>10}{'write':>10}{'levels':>10}{'read':>10}{'peak, MB':>12}   (MB/s)", flush=True)
    for planes in asked.planes:
        out = asked.folder / f"volume-{planes}.zarr"
        options = ["--planes", str(planes), "--side", str(asked.side), "--version", asked.version]
        subprocess.run([sys.executable, __file__, str(out), "--alone", *options], check=True)
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
