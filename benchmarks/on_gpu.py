"""What a GPU makes of metgan: seconds per step at every preset, and a few minutes of training at `paper`.

``bash benchmarks/on_gpu.sh OUT`` takes at most nine minutes on one card and writes ``OUT/on_gpu.json`` and
``OUT/grid.png``. With ``--tiny`` the same path runs on a CPU in seconds; its figures mean nothing.

The file is written anew after each measurement and each stage, so that a run that is killed leaves what it
has measured. Trainings are as long as the time that is left allows: their lengths follow from the steps that
were timed, and a stage that is late all the same is stopped, so that the later ones have their share.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from on_gpu_times import Timing, time_everything
from on_gpu_training import TINY_TRAINING, TRAINING, draw, evaluate, plan, train

from metgan.errors import MetganError
from metgan.io import write_json
from metgan.training import Engine

BUDGET = 500  # seconds; start and end of the process come on top
TIMED_BY, DRAWN_BY, TRAINED_BY = 0.4, 0.5, 0.85  # shares of the budget after which a stage must be over
TIMING = Timing(("paper", "released", "small"), (1, 16), side=256, warm_up=5, repetitions=20, seconds=3)
TINY_TIMING = Timing(("small",), (1,), side=64, warm_up=0, repetitions=2, seconds=1)


class LateError(Exception):
    """The time of a stage was over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise LateError in the block once so many seconds are over."""

    def late(*_: object) -> None:
        raise LateError

    former = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, max(1.0, seconds))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


class Report:
    """``on_gpu.json``, written anew with each thing that is added."""

    def __init__(self, out: Path, content: dict[str, Any]) -> None:
        self.path = out / "on_gpu.json"
        self.content: dict[str, Any] = {**content, "stages": {}}
        self.start = time.monotonic()
        self.save()

    def save(self) -> None:
        """Write the file."""
        write_json(self.path, self.content)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    @contextmanager
    def stage(self, name: str, until: float) -> Iterator[dict[str, Any]]:
        """Run a stage until so many seconds after the start; errors are noted, and the next stage begins.

        Gives the stage's part of the report, to be filled.
        """
        begin = self.seconds
        result = self.content["stages"][name] = {"outcome": "begun"}
        try:
            with time_limit(until - begin):
                yield result
            result["outcome"] = "done"
        except LateError:
            result["outcome"] = "stopped, because its time was over"
        except (MetganError, RuntimeError) as error:
            result["outcome"] = f"failed: {type(error).__name__}: {error}"
        finally:
            result["stage_seconds"] = round(self.seconds - begin, 1)
            self.save()
            print(f"{name}: {result['outcome']}, {result['stage_seconds']} s", flush=True)


def main() -> int:
    """Measure, train, evaluate; exit status 1 where a stage failed or came too late."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="a new folder, or one of this script's to overwrite")
    parser.add_argument(
        "--tiny", action="store_true", help="the same in seconds, on a CPU; figures mean nothing"
    )
    given = parser.parse_args()
    if not given.tiny and not torch.cuda.is_available():
        print("there is no CUDA device; expected one. --tiny tries the script on a CPU", file=sys.stderr)
        return 2
    lengths = TINY_TRAINING if given.tiny else TRAINING
    engine = Engine(lengths.device).resolved()
    device = torch.device(engine.device)
    report = Report(given.out, {"machine": machine(device), "tiny": given.tiny, "budget_s": BUDGET})
    print(*(f"{name}: {value}" for name, value in report.content["machine"].items()), sep="\n", flush=True)
    timing = TINY_TIMING if given.tiny else TIMING
    with report.stage("times", until=BUDGET * TIMED_BY) as times:
        times["rows"] = []
        for row in time_everything(timing, device, engine.precision == "bf16"):
            times["rows"].append(row)
            report.save()
            print(*(f"{name} {value}" for name, value in row.items()), sep=", ", flush=True)
    with report.stage("phantom", until=BUDGET * DRAWN_BY) as drawn:
        drawn["command"] = draw(given.out, lengths)
    with report.stage("training", until=BUDGET * TRAINED_BY) as training:
        lengths = plan(given.out, lengths, times["rows"], BUDGET * TRAINED_BY - report.seconds)
        train(given.out, lengths, training)
    with report.stage("evaluation", until=BUDGET) as scores:
        evaluate(given.out, lengths, scores)
    print(f"{report.seconds:.0f} s altogether. Written: {report.path}")
    return int(any(stage["outcome"] != "done" for stage in report.content["stages"].values()))


def machine(device: torch.device) -> dict[str, Any]:
    """Return what a figure must be told with: card, software, date and commit."""
    card: dict[str, Any] = {"device": device.type}
    if device.type == "cuda":
        found = torch.cuda.get_device_properties(device)
        card |= {"card": found.name, "card_memory_bytes": found.total_memory}
        card |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return {
        **card,
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit(),
    }


def commit() -> str:
    """Return the commit that is measured, with "-dirty" where files differ from it; "" outside of git."""
    words = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
