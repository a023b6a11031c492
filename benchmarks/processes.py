"""The verbs that write, on a tiny phantom, each call a process of its own: what two benchmarks share.

Processes are forked from one that has imported metgan and computed nothing. So they begin within a
millisecond of each other, where new interpreters would be seconds apart, and a round takes a second or two.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from torch import Tensor

from metgan.cli import main, verbs
from metgan.data import TABLE, write_table
from metgan.io import load_state, load_weights
from metgan.io.atomic import is_temporary
from metgan.phantom import PhantomSettings, write_phantom

FORK = multiprocessing.get_context("fork")
VERBS = ("train", "generate", "prepare", "evaluate", "export", "study")
PARTS = ("train",) * 5 + ("val",) * 2 + ("test",) * 3
SHORT = (
    *("--preset", "small", "--device", "cpu", "--precision", "fp32", "--batch-size", "2", "--crop", "64"),
    *("--steps", "2", "--segmentor-steps", "2"),
)
METHOD = "pix2pixseg"
"""The quickest that has a segmentor in the loop: a run within a run."""
IMPORTED = (verbs,)
"""The command line imports a verb when it is called; here they are there before the first call."""
CLOCKS = ("journal.csv", "report.html", "tables.md")
"""Files that hold times or paths, which differ from call to call; a study's tables are in CSVs, too."""
PATIENCE = 600.0
Words = tuple[str | Path, ...]


@dataclass
class Call:
    """A command in a process of its own; what it says goes to two files."""

    words: Words
    said: Path

    def __post_init__(self) -> None:
        self.process = FORK.Process(target=_run, args=(self.words, self.said))
        self.process.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self.process.pid or 0

    def kill_after(self, seconds: float) -> bool:
        """Kill it with SIGKILL after some time; False where it has ended before."""
        self.process.join(seconds)
        was_alive = self.process.is_alive()
        self.process.kill()
        self.process.join()
        return was_alive and self.process.exitcode == -9

    def end(self) -> tuple[int, str]:
        """Wait; return the status, and the last line: where the result is, or why there is none."""
        self.process.join(PATIENCE)
        self.process.kill()
        self.process.join()
        status = self.process.exitcode
        lines = self.said.with_suffix(".err" if status else ".out").read_text().splitlines() or ["nothing"]
        return -9 if status is None else status, lines[-1]

    @property
    def broke(self) -> bool:
        """Whether a traceback was printed."""
        return "Traceback" in self.said.with_suffix(".err").read_text()


def _run(words: Words, said: Path) -> None:
    for stream, suffix in ((1, ".out"), (2, ".err")):
        handle = os.open(said.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, stream)
    sys.argv = ["metgan", *map(str, words)]
    main()


@dataclass(frozen=True)
class World:
    """Ten phantom pairs, a scan, and a run of two steps on the pairs; and the verbs' words for them."""

    root: Path

    @property
    def pairs(self) -> Path:
        """The pair set."""
        return self.root / "pairs"

    def build(self) -> None:
        """Draw and train what the verbs read, in a process that ends before the first call begins."""
        process = FORK.Process(target=self._build)
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit("the world of the calls could not be made")

    def _build(self) -> None:
        settings = PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3)
        drawn = write_phantom(self.pairs, len(PARTS), settings, seed=0)
        named = [(entry.name, part) for entry, part in zip(drawn, PARTS, strict=True)]
        write_table(
            self.pairs,
            [{"name": name, "group": f"animal-{part}", "organ": "", "split": part} for name, part in named],
        )
        image = np.random.default_rng(0).integers(100, 200, (2, 192, 192)).astype(np.uint16)
        tifffile.imwrite(self.root / "scan.tif", image, imagej=True, metadata={"axes": "CYX"})
        tifffile.imwrite(self.root / "mask.tif", np.kron(np.eye(6), np.ones((32, 32))).astype(np.uint8))
        _run(self.words("train", self.root / "run"), self.root / "run-said")

    def words(self, verb: str, out: Path, rows: str = "0:192") -> Words:
        """Return a command that writes to `out`."""
        run, mask = self.root / "run", self.root / "mask.tif"
        return {
            "train": ("train", self.pairs, "--method", METHOD, *SHORT),
            "generate": ("generate", run, "--anatomy", self.pairs, "--labels", self.pairs, "--count", "8"),
            "prepare": (
                *("prepare", self.root / "scan.tif", "--labels", mask),
                *("--crop", "16", "--block", "96", "--rows", rows),
            ),
            "evaluate": ("evaluate", run, "--data", self.pairs, "--independent-segmentor-steps", "2"),
            "study": ("study", "similarity", self.pairs, "--methods", f"pix2pix,{METHOD}", *SHORT),
            "export": ("export", self.pairs, "--format", "stardist"),
        }[verb] + (*(("--device", "cpu") if verb in ("generate", "evaluate") else ()), "--out", out)

    def do_alone(self, verb: str) -> float:
        """Call a verb to its end, and keep what it wrote in ``whole``; return how many seconds that took.

        It writes where the others will, as what it tells of itself may hold its path.
        """
        began, out = time.monotonic(), self.root / "out" / verb
        status, line = Call(self.words(verb, out), self.root / "said").end()
        if status:
            raise SystemExit(f"{verb} alone ended with status {status}: {line}")
        seconds = time.monotonic() - began
        (self.root / "whole").mkdir(exist_ok=True)
        out.rename(self.root / "whole" / verb)
        return seconds


def results(out: Path) -> dict[str, bytes]:
    """Return the files that must not depend on who else called, or on an interruption."""
    files = {
        str(path.relative_to(out)): _content(path)
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in CLOCKS and path.name[0] != "." and "events" not in path.parts
    }
    if TABLE in files:  # two halves come in either order
        files[TABLE] = b"\n".join(sorted(files[TABLE].splitlines()))
    return files


def _content(path: Path) -> bytes:
    """Return the bytes of a file; of a checkpoint those of its values, by name.

    How a pickle refers to a value that it holds twice depends on whether it was loaded before.
    """
    if path.suffix != ".ckpt":
        return path.read_bytes()
    return b"\n".join(f"{name} ".encode() + value for name, value in _values(load_state(path)))


def _values(state: object, name: str = "") -> Iterator[tuple[str, bytes]]:
    if isinstance(state, Tensor):
        yield name, f"{state.dtype} {tuple(state.shape)} ".encode() + state.numpy().tobytes()
    elif isinstance(state, dict | list | tuple):
        named = state.items() if isinstance(state, dict) else enumerate(state)
        for key, value in named:
            yield from _values(value, f"{name}/{key}")
    else:
        yield name, repr(state).encode()


def differences(found: dict[str, bytes], expected: dict[str, bytes]) -> list[str]:
    """Name the files that are missing, that are too many, and that hold something else."""
    names = sorted(found.keys() | expected.keys())
    return [name for name in names if found.get(name) != expected.get(name)]


def leftovers(out: Path) -> list[str]:
    """Name the temporary files in a folder in which nobody writes any more."""
    return [str(path.relative_to(out)) for path in sorted(out.rglob("*")) if is_temporary(path.name)]


def broken(out: Path) -> list[str]:
    """Name the files in `out` that stand under their final name and cannot be read to their end."""
    faults = []
    readers = {".tif": tifffile.imread, ".safetensors": load_weights, ".ckpt": load_state}
    for path in sorted(out.rglob("*")) if out.is_dir() else []:
        reader = readers.get(path.suffix)
        if reader is not None and path.name[0] != ".":
            try:
                reader(path)
            except Exception as error:
                faults.append(f"{path.relative_to(out)}: {error}")
    return faults


def make_parser(
    description: str | None, counted: str, most: int, verbs: Sequence[str] = VERBS
) -> argparse.ArgumentParser:
    """Return what reads a folder, how many rounds or kills, and some of `verbs` from the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(f"--{counted}", type=int, default=most)
    parser.add_argument("--verbs", nargs="+", default=verbs, choices=verbs)
    return parser


def open_world(folder: Path, columns: Sequence[str]) -> World:
    """Make the world that the verbs work in, and print the head of the table."""
    world = World(folder)
    world.root.mkdir(parents=True)
    world.build()
    print_row(columns)
    print(f"|{'---|' * len(columns)}", flush=True)
    return world


def print_row(cells: Sequence[object]) -> None:
    """Print a row of the table at once, as rounds take long."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


@contextmanager
def counted(total: int) -> Iterator[list[str]]:
    """Collect faults and, at the end, print them and set the status: 0 only where there is none."""
    faults: list[str] = []
    yield faults
    print(f"\n{total - len(faults)} of {total} without a fault")
    for fault in faults:
        print(fault)
    if faults:
        raise SystemExit(1)
