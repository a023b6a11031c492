"""How many times as fast as another checkout `metgan generate` is, side by side in one run.

python benchmarks/generate_speed.py CHECKOUT_BEFORE [--pairs 60] [--side 96] [--rounds 3]

Makes phantom pairs, a generator and an independent segmentor of a few training steps, then generates with
both checkouts in turn, three ways: with the plain recipe; with --recipe bank and the
refinement contrast,background; and with a gate. Printed are the seconds of a pair, those of a set of one
pair taken off (they are the start of Python and of torch), of wall time and of the processors' time, and
their ratio with its range over the rounds. The number of threads is that of OMP_NUM_THREADS, or of the
processor's cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
SIZES = ("--preset", "small", "--device", "cpu", "--batch-size", "2", "--crop", "64")
WAYS = {
    "plain": (),
    "bank, contrast, background": ("--recipe", "bank", "--refine", "contrast,background"),
    "gate": ("--independent-segmentor", "reference"),
}


def run(checkout: Path, folder: Path, *words: str) -> tuple[float, float]:
    """Call metgan of a checkout; returns seconds of wall time and of the processors' time."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    command = [sys.executable, "-m", "metgan", *words]
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{checkout}: {done.stderr}")
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make_world(checkout: Path, folder: Path, side: int) -> None:
    """Make pairs, a generator and an independent segmentor; of a former checkout, later ones read them."""
    run(checkout, folder, "phantom", "pairs", "--pairs", "40", "--size", str(side), "--seed", "0")
    run(checkout, folder, "segmentor", "pairs", "--out", "segmentor", *SIZES, "--steps", "20")
    run(
        checkout, folder, "train", "pairs", "--out", "run", *SIZES, "--steps", "8", "--segmentor", "segmentor"
    )
    split = ("--split", "run/splits.json", "--seed", "1000")
    run(checkout, folder, "segmentor", "pairs", "--out", "reference", *SIZES, "--steps", "20", *split)


def seconds_per_pair(checkout: Path, folder: Path, way: str, pairs: int) -> tuple[float, float]:
    """Return seconds of wall time and of the processors' time that one pair more takes."""
    both = []
    for count in (1, pairs):
        sources = ("--anatomy", "pairs", "--labels", "pairs", "--device", "cpu")
        place = ("--out", "made", "--count", str(count))
        shutil.rmtree(folder / "made", ignore_errors=True)  # another checkout may refuse to overwrite it
        both.append(run(checkout, folder, "generate", "run", *sources, *place, *WAYS[way]))
    (first_wall, first_cpu), (wall, cpu) = both
    return (wall - first_wall) / (pairs - 1), (cpu - first_cpu) / (pairs - 1)


def main() -> None:
    """Print a line for each way."""
    formatted = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatted)
    parser.add_argument("before", type=Path, help="a checkout to compare with")
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_world(asked.before.resolve(), folder, asked.side)
        for way in asked.ways:
            rounds = []
            for _ in range(asked.rounds):
                old, new = (
                    seconds_per_pair(checkout.resolve(), folder, way, asked.pairs)
                    for checkout in (asked.before, HERE)
                )
                rounds.append((old, new))
            for k, kind in enumerate(("wall", "cpu")):
                ratios = sorted(old[k] / new[k] for old, new in rounds)
                before, now = (statistics.median(one[which][k] for one in rounds) for which in (0, 1))
                print(
                    f"{way:28s} {kind:4s} {1e3 * before:6.1f} ms a pair before, {1e3 * now:6.1f} now, "
                    f"{statistics.median(ratios):4.2f} times as fast ({ratios[0]:.2f} to {ratios[-1]:.2f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
