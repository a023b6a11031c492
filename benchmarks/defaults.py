"""Do the defaults work on the data of other laboratories? A table and a picture say.

For each laboratory of the phantom: its pairs, one segmentor and one independent segmentor, a training with no
option but its seed for each seed, and the scores. A finished cell is not run again, so a killed call goes on
when it is repeated. ``table.md`` and a picture of each run are written on the way.

python benchmarks/defaults.py OUT [NAME, SEED or PAIRS[:SEEDS] ...] [--jobs 2] [--source CHECKOUT]
    [--preset small]

NAME is a laboratory, a whole number the seed of one drawn at random, and PAIRS the folder of a pair set with
a split in its table; ``:3`` behind any asks for seeds 0 to 2.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metgan import load
from metgan.data import PairSet, StoredPairs, draw_split, evenly, load_split, read_table, write_table
from metgan.metrics import MIN_ANNOTATED_SIZE, measure_contrasts
from metgan.models import read_card
from metgan.objects import sizes
from metgan.panels import compare_images
from metgan.phantom import LABORATORIES, Laboratory, draw_laboratory
from metgan.pictures import COMPARISON, draw_grid
from metgan.seeding import stream
from metgan.studies.scores import RECALL_OF_WHOLE
from metgan.training.first_steps import FIRST_STEPS_FILE, read_first_steps
from metgan.types import Camera, Mask

EIGHT = (
    "cleared-mouse:3",
    "evenly-stained-large:3",
    "skull-stripped-small:3",
    "mosaic:3",
    "inverted",
    "twelve-bit-noisy",
    "clipped",
    "skull-stripped-large",
)
"""What is run where nothing is named."""
LIGHT_FILE = "light.json"
READS = (
    0.7  # share of the real tumours that an independent segmentor must find to be asked about generated ones
)
COLUMNS = (
    "laboratory",
    "seed",
    "weights of step",
    "recall, real",
    "recall",
    "contrast, real",
    "contrast",
    "light added, of real",
    "tissue correlates",
    "false objects, real",
    "false objects",
    "MAE, of the mean's",
    "first pulls",
    "holds",
)


@dataclass(frozen=True)
class Source:
    """Where the pairs of some cells come from: a laboratory that is drawn, or a folder that is given."""

    name: str
    laboratory: Laboratory | None
    pairs: Path | None = None

    @classmethod
    def of(cls, word: str) -> Source:
        """Return what a word of the command line stands for."""
        if Path(word, "pairs.csv").is_file():
            return cls(Path(word).resolve().name, None, Path(word).resolve())
        laboratory = draw_laboratory(int(word)) if word.isdigit() else LABORATORIES[word]
        return cls(laboratory.name, laboratory)

    @property
    def shows_light_alone(self) -> bool:
        """Whether the background was subtracted: a ratio of what is left, about zero, means nothing."""
        if self.laboratory is None:
            return False
        settings = self.laboratory.settings
        return settings.fill.kind == "clipped" or settings.pixel_format == "float32"


@dataclass
class RunResult:
    """One training on the pairs of one source, in a folder of its own."""

    source: Source
    seed: int
    root: Path

    def __post_init__(self) -> None:
        self.folder = self.root / self.source.name  # pairs, segmentor, independent segmentor and runs
        self.run = self.folder / f"run-{self.seed}"
        self.scores = self.folder / f"scores-{self.seed}"  # of ``metgan evaluate``


def cells_of(words: Iterable[str], root: Path) -> list[RunResult]:
    """Return the cells that words ask for, first seeds first."""
    asked = [(Source.of(name), int(seeds or 1)) for name, _, seeds in (w.partition(":") for w in words)]
    most = max(seeds for _, seeds in asked)
    return [RunResult(source, seed, root) for seed in range(most) for source, seeds in asked if seed < seeds]


def draw(cell: RunResult) -> None:
    """Write the pairs of a laboratory, with a split in their table that all trainings share."""
    pairs, done = cell.folder / "pairs", cell.folder / "drawn"
    if done.exists():
        return
    shutil.rmtree(cell.folder, ignore_errors=True)
    if cell.source.pairs is not None:
        cell.folder.mkdir(parents=True)
        pairs.symlink_to(cell.source.pairs, target_is_directory=True)
        done.touch()
        return
    name = cell.source.name
    which = ["--laboratory", name] if name in LABORATORIES else ["--laboratory-seed", name.rpartition("-")[2]]
    metgan("phantom", pairs, *which)
    entries = PairSet.open(pairs).entries
    with_tumour = {pair.entry.name: bool(pair.label.any()) for pair in StoredPairs(PairSet.open(pairs))}
    split = draw_split(entries, with_tumour, stream(0, "split"))
    parts = {n: part for part in ("train", "val", "test") for n in getattr(split, part)}
    write_table(pairs, [row | {"split": parts[row["name"]]} for row in read_table(pairs)])
    done.touch()


def metgan(verb: str, *words: object, source: Path | None = None) -> None:
    """Run a verb as a user would, in a process with one thread, and keep what it prints."""
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    if source is not None:
        environment["PYTHONPATH"] = str(source / "src")
    call = [sys.executable, "-m", "metgan", verb, *map(str, words)]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(call)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def train_readers(cell: RunResult, options: Sequence[str], source: Path | None) -> None:
    """Train the segmentor in the loop and the independent segmentor of a laboratory."""
    pairs = cell.folder / "pairs"
    for name, seed in (("segmentor", 0), ("independent-segmentor", 1000)):
        out = cell.folder / name
        if not (out / "report.html").exists():
            again = ["--resume"] if (out / "config.toml").exists() else []
            metgan("segmentor", pairs, "--out", out, "--seed", seed, *options, *again, source=source)


def train(cell: RunResult, options: Sequence[str], source: Path | None) -> None:
    """Train and score one cell."""
    pairs = cell.folder / "pairs"
    if (cell.scores / LIGHT_FILE).exists():  # the last that is written
        return
    given = ["--segmentor", cell.folder / "segmentor", "--seed", cell.seed, *options]
    again = ["--resume"] if (cell.run / "config.toml").exists() else []
    metgan("train", pairs, "--out", cell.run, *given, *again, source=source)
    independent_segmentor = ["--independent-segmentor", cell.folder / "independent-segmentor"]
    metgan("evaluate", cell.run, "--data", pairs, "--out", cell.scores, *independent_segmentor, "--overwrite")
    draw_picture(cell)


def light_added(image: Camera, label: Mask, fill: Mask) -> list[float]:
    """Return by how much each tumour of 10 pixels and more exceeds its surroundings, in camera units."""
    each = zip(sizes(label), measure_contrasts(label, image, fill), strict=True)
    return [by.light for area, by in each if area >= MIN_ANNOTATED_SIZE and by.pixels]


def draw_picture(cell: RunResult) -> None:
    """Draw test pairs beside what was generated, and note how much light generated and real tumours add."""
    inpainter = load(cell.run)
    units = inpainter.card.normalisation.as_shared()
    test = [
        *StoredPairs(PairSet.open(cell.folder / "pairs").select(load_split(cell.run / "splits.json").test))
    ]
    painted = [inpainter.inpaint(pair.anatomy, pair.label) for pair in test]
    added = [
        [
            value
            for image, pair in zip(images, test, strict=True)
            for value in light_added(image, pair.label, inpainter.filled(pair.anatomy))
        ]
        for images in (painted, [pair.tumour for pair in test])
    ]
    ratio = float(np.median(added[0]) / np.median(added[1]))
    shown = evenly([k for k, pair in enumerate(test) if pair.label.any()], 4)
    rows = [
        compare_images(
            units.apply(test[k].anatomy, "anatomy"),
            test[k].label,
            units.apply(painted[k], "tumour"),
            units.apply(test[k].tumour, "tumour"),
        )
        for k in shown
    ]
    (cell.root / f"{cell.source.name}-{cell.seed}.png").write_bytes(draw_grid(rows, COMPARISON))
    (cell.scores / LIGHT_FILE).write_text(json.dumps({"light added, of real": ratio}))


def first_pulls(cell: RunResult) -> list[float]:
    """Return how segmentor and pairs pulled tumours in the steps looked at: above 0 is brighter."""
    rows = read_first_steps(cell.run / FIRST_STEPS_FILE)
    looks = sorted({step for step, *_ in rows})  # none of an older checkout
    told = ("segmentation", "paired")
    return [sum(pull for step, term, pull in rows if step == look and term in told) for look in looks]


def row_of(cell: RunResult) -> tuple[str, ...]:
    """Return one row of the table; what fails stands in the last column."""
    summary: dict[str, Any] = json.loads((cell.scores / "summary.json").read_text())
    light = json.loads((cell.scores / LIGHT_FILE).read_text())["light added, of real"]
    fake, real = summary["generated"], summary["real"]
    error = summary["generated / training mean"]["mae"]
    recall, reads = fake[RECALL_OF_WHOLE], real[RECALL_OF_WHOLE]
    bright, truth = fake["median contrast"], real["median contrast"]
    judged = reads >= READS
    pulls = first_pulls(cell)
    factor = bright / truth if bright and truth and not cell.source.shows_light_alone else light
    failures = [
        name
        for name, fails in (
            ("recall", judged and recall < min(0.9, reads + 0.1)),
            ("light" if cell.source.shows_light_alone else "contrast", not 1 / 1.3 <= factor <= 1.3),
            ("false objects", judged and fake["false objects per image"] > real["false objects per image"]),
            ("MAE", error > 0.7),
            ("first pull", pulls != [] and pulls[0] <= 0),
        )
        if fails
    ]
    numbers = (reads, recall, truth, bright, light, fake["outside_correlation"])
    return (
        cell.source.name,
        str(cell.seed),
        str(read_card(cell.run).step),
        *("-" if number is None else f"{number:.2f}" for number in numbers),
        f"{real['false objects per image']:.2f}",
        f"{fake['false objects per image']:.2f}",
        f"{error:.2f}",
        " ".join(f"{pull:+.1f}" for pull in pulls),
        ", ".join(failures) + " not"
        if failures
        else "yes"
        if judged
        else "yes (independent segmentor reads too few)",
    )


def write_summary(cells: Sequence[RunResult], root: Path) -> None:
    """Write the table of all cells that are finished, and print it."""
    rows = [row_of(cell) for cell in cells if (cell.scores / LIGHT_FILE).exists()]
    lines = ["| " + " | ".join(line) + " |" for line in (COLUMNS, ["---"] * len(COLUMNS), *rows)]
    text = "\n".join(lines) + "\n"
    (root / "table.md").write_text(text)
    print(text)


def main() -> None:
    """Run what is asked for, laboratory by laboratory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("laboratories", nargs="*", default=EIGHT)
    parser.add_argument("--jobs", type=int, default=2, help="cells at a time, with one thread each")
    parser.add_argument(
        "--source", type=Path, help="a checkout whose trainings are tried instead of this one's"
    )
    parser.add_argument("--preset", help="default: what the machine gets")
    asked = parser.parse_args()
    options = ["--preset", asked.preset] if asked.preset else []
    cells = cells_of(asked.laboratories, asked.out)
    first = [cell for cell in cells if cell.seed == 0]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for stage in (draw, lambda cell: train_readers(cell, options, asked.source)):
            list(pool.map(stage, first))
        for _ in pool.map(lambda cell: train(cell, options, asked.source), cells):
            write_summary(cells, asked.out)


if __name__ == "__main__":
    main()
