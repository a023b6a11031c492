"""How long a step's data take, as they are and strongly augmented, and how long they took at a former commit.

git worktree add /tmp/before 76b3984
python benchmarks/augmentation_speed.py --before /tmp/before [--device cuda]

Two processes, one of each commit, take turns within one run, so that a ratio means something on a noisy
machine too. "data" is a batch, ready on the device; "step" is one of the segmentor's training with it, the
shortest that there is. Each row has the median over the rounds; each ratio is of neighbours in time, with the
range from its first to its third quartile.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from metgan.data import ChannelScale, Entry, Normalisation, Pair
from metgan.networks import PRESETS, Segmentor, build
from metgan.training.phases import segmentor_phases

Images = tuple[torch.Tensor, torch.Tensor]
HERE = Path(__file__).parents[1]
SEED = 0
WHOLE = 512
"""Side of the pairs in pixels: crops are cut from them."""


def main() -> None:
    """Time both commits in turns and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, help="checkout of the former commit")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--steps", type=int, default=8, help="timed together in each round")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--cpu-time", action="store_true", help="count processor time: on a machine in use")
    parser.add_argument("--rows", nargs="+", choices=("data", "step"), default=("data", "step"))
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given)
        return
    commits = {"after": HERE} | ({"before": given.before.resolve()} if given.before else {})
    timed = {name: start(root, given) for name, root in commits.items()}
    rows = [f"{what} {how}" for what in given.rows for how in ("plain", "strong")]
    seconds: dict[tuple[str, str], list[float]] = {(name, row): [] for row in rows for name in timed}
    for turn in range(given.rounds + 1):
        for (name, row), times in seconds.items():
            took = ask(timed[name], row)
            if turn:  # the first round warms up
                times.append(took)
    for process in timed.values():
        process.communicate()
    report(seconds, rows, [*timed])
    print(
        f"batch {given.batch} of {given.crop} x {given.crop} from {WHOLE} x {WHOLE}, {given.device}", end=", "
    )
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")


def report(seconds: dict[tuple[str, str], list[float]], rows: list[str], names: list[str]) -> None:
    """Print the milliseconds of each row, and what augmentation and the former commit cost beside it."""
    for row in rows:
        medians = "  ".join(f"{name} {1e3 * statistics.median(seconds[name, row]):7.2f} ms" for name in names)
        ratios = []
        if "before" in names:
            ratios.append(f"before / after {ratio(seconds['before', row], seconds['after', row])}")
        if row.endswith("strong"):
            plain = row.replace("strong", "plain")
            ratios += [f"strong / plain {n} {ratio(seconds[n, row], seconds[n, plain])}" for n in names]
        print(f"{row:12s} {medians}   {'  '.join(ratios)}")


def ratio(above: list[float], below: list[float]) -> str:
    """Return the median of the ratios round by round, and their quartiles."""
    low, middle, high = statistics.quantiles([a / b for a, b in zip(above, below, strict=True)], n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def start(root: Path, given: argparse.Namespace) -> subprocess.Popen[str]:
    """Start this script with the metgan of a checkout; it answers a row's name with seconds a step."""
    numbers = [f"--{name}={getattr(given, name)}" for name in ("device", "batch", "crop", "steps")]
    numbers += ["--cpu-time"] if given.cpu_time else []
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    command = [sys.executable, __file__, "--serve", *numbers]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def ask(process: subprocess.Popen[str], row: str) -> float:
    """Return the seconds a step of one row."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{row}\n")
    return float(process.stdout.readline())


def serve(given: argparse.Namespace) -> None:
    """Answer the names of rows with seconds a step."""
    device = torch.device(given.device)
    feeds = {how: feed_of(given, device, how == "strong") for how in ("plain", "strong")}
    learn = segmentor_step(device)
    clock = time.process_time if given.cpu_time else time.perf_counter
    for line in sys.stdin:
        what, how = line.split()
        begin = clock()
        for _ in range(given.steps):
            tumour, label = next(feeds[how])
            if what == "step":
                learn(tumour, label)
        if device.type == "cuda":
            torch.cuda.synchronize()
        print((clock() - begin) / given.steps, flush=True)


def feed_of(given: argparse.Namespace, device: torch.device, strong: bool) -> Iterator[Images]:
    """Yield tumour and label of the batches of whichever metgan there is, on the device."""
    pairs, units = make_pairs(), Normalisation(*[ChannelScale(100, 900, "uint16")] * 2)
    try:
        from metgan.data import STRONG  # the former commit's
    except ImportError:
        yield from feed_after(given, device, strong, pairs, units)
        return
    from metgan.training.batches import Batches

    batches = Batches(pairs, units, given.batch, given.crop, SEED, STRONG if strong else None)
    step = 0
    while True:
        batch = batches.at(step).to(device)
        yield batch.tumour, batch.label
        step += 1


def feed_after(
    given: argparse.Namespace, device: torch.device, strong: bool, pairs: list[Pair], units: Normalisation
) -> Iterator[Images]:
    """Yield tumour and label of this commit's batches, cut by as many workers as a training has."""
    from metgan.data import Patches
    from metgan.training import Engine
    from metgan.training.batches import Batches
    from metgan.transforms import STRONG

    patches = Patches(pairs, units, given.crop, SEED, STRONG if strong else None)
    workers = Engine(given.device).resolved().workers or 0
    with Batches(patches, given.batch, device, workers).since(0) as batches:
        for batch in batches:
            yield batch.tumour, batch.label


def make_pairs(count: int = 8) -> list[Pair]:
    """Return pairs of 16-bit noise with a few labelled squares."""
    rng = np.random.default_rng(SEED)
    label = np.zeros((WHOLE, WHOLE), bool)
    label[::64, ::64] = True
    images = [rng.integers(100, 1000, (2, WHOLE, WHOLE)).astype(np.uint16) for _ in range(count)]
    return [Pair(Entry(f"{k}", f"{k}", "", "", {}), *two, label) for k, two in enumerate(images)]


def segmentor_step(device: torch.device) -> Callable[[torch.Tensor, torch.Tensor], None]:
    """Return a function that trains a segmentor of preset `small` for one step."""
    segmentor = build(lambda: Segmentor(PRESETS["small"].segmentor), SEED).to(device)
    (phase,) = segmentor_phases(segmentor, 1e-3)
    stepper = None
    with suppress(ImportError):  # checkouts without CUDA graphs
        from metgan.training import Engine
        from metgan.training.stepper import stepper_on

        stepper = stepper_on(Engine(device.type, "fp32").fabric(), [phase], cuda_graphs=False)

    def learn(tumour: torch.Tensor, label: torch.Tensor) -> None:
        from metgan.training.batches import Batch

        batch = Batch(tumour, tumour, label)
        with suppress(ImportError):  # checkouts from before there were unlabelled pairs
            from metgan.training.consistency import SegmentorBatch

            batch = SegmentorBatch(batch)
        if stepper is not None:
            stepper.take(0, 1e-3, batch)
            return
        loss = phase.losses(batch, 0)["segmentation"]
        phase.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        phase.optimiser.step()

    return learn


if __name__ == "__main__":
    main()
