"""What few labelled pairs are worth beside unlabelled ones: training sets on phantoms of twenty animals each.

One animal of 24 pairs is labelled, seven are not, two validate and ten are tested on, and the other way
round: two folds a phantom. What is finished is only read, so that a killed call goes on when it is repeated.
The table shows what there is, over the folds where all labels gain five points of Dice on few: the gain of
each training set on strong augmentation, and how much of the gap it has won back; then another laboratory.
With ``--table --sets`` it shows these alone, and the two that they are compared with; the gap is that of
``--ceiling``.

python benchmarks/few_labels.py OUT [--phantoms 0 1 ...] [--seeds 1] [--sets NAME,...] [--jobs 1]
    [--table] [--least-gap 0.05] [--ceiling NAME] [--by-fold]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from metgan.studies import TrainingSet

EXPERIMENT = Path(__file__).parents[1] / "experiments" / "few-labels.toml"
FEW, STRONG, ALL = "real-100", "real-100-strong", "real-100-true-labels-strong"
FIRST = (
    f"{ALL},real-100-teacher-strong,real-100-synthetic-5x-contrast-insert-unlabelled-balanced-teacher-strong"
)


def main() -> None:
    """Draw, train and score what is not there yet, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--phantoms", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--sets", help=f"default: {FIRST}")
    parser.add_argument("--ceiling", default=ALL)
    parser.add_argument("--by-fold", action="store_true", help="Dice of each fold, and no means")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--table", action="store_true", help="train nothing")
    parser.add_argument("--least-gap", type=float, default=0.05, help="in Dice; folds with less are left out")
    asked = parser.parse_args()
    if not asked.table:
        with ThreadPoolExecutor(asked.jobs) as pool:
            [*pool.map(lambda seed: hold(asked, seed), asked.phantoms)]
    scores = read_scores(asked.out)
    if asked.sets:
        scores = scores[scores["set"].isin([FEW, STRONG, *asked.sets.split(",")])]
    wide = wide_gaps(scores, asked.least_gap, asked.ceiling)
    for where in ("here", "elsewhere"):
        if asked.by_fold:
            dice = _dice(scores[scores["where"] == where]).loc[wide]
            dice.columns = [TrainingSet.parse(name).title for name in dice.columns]
            print(f"\n{where}\n\n{to_markdown(dice.reset_index())}")
            continue
        print(f"\n{where}\n\n{to_markdown(table_of(scores[scores['where'] == where], wide, asked.ceiling))}")


def hold(asked: argparse.Namespace, seed: int) -> None:
    """Draw a phantom and another laboratory, and hold the study on it."""
    pairs, others, out = (asked.out / f"{kind}-{seed}" for kind in ("phantom", "others", "study"))
    if not (pairs / "pairs.csv").is_file():
        call("phantom", pairs, "--size", 64, "--pairs", 480, "--animals", 20, "--seed", seed)
    if not (others / "pairs.csv").is_file():
        call("phantom", others, "--laboratory", "twelve-bit-noisy", "--pairs", 80, "--seed", seed)
    sets = ["--sets", asked.sets or FIRST, "--seeds", asked.seeds, "--config", EXPERIMENT]
    few = ["--training-pairs", 24, "--folds", 2, "--elsewhere", others]
    call("study", "downstream", pairs, *few, *sets, "--out", out, "--resume")


def call(*words: object) -> None:
    """Run metgan, and end with it where it fails."""
    subprocess.run([sys.executable, "-m", "metgan", *map(str, words)], check=True)


def read_scores(out: Path) -> pd.DataFrame:
    """Return Dice and false tumours of every finished cell: phantom, fold, training set, seed."""
    return pd.DataFrame([*_cells(out)])


def _cells(out: Path) -> Iterator[dict[str, object]]:
    for file in sorted(out.glob("study-*/fold-*/scores/**/known.json")):
        images = pd.read_csv(file.parent / "images.csv")
        is_here = file.parent.name != "elsewhere"
        cell = file.parent if is_here else file.parents[1]
        name, _, seed = cell.name.rpartition("-seed")
        hits, missed, wrong = (images[f"pixels_{kind}"].sum() for kind in ("found", "missed", "false"))
        found, lost = images["tumours_found"].sum(), images["tumours_missed"].sum()
        yield {
            "where": "here" if is_here else "elsewhere",
            "place": f"{cell.parts[-4]} {cell.parts[-3]}",
            "set": name,
            "seed": int(seed),
            "Dice": 2 * hits / (2 * hits + missed + wrong),
            "recall": found / (found + lost),
            "false": images["tumours_false"].sum(),
        }


def wide_gaps(scores: pd.DataFrame, least: float, ceiling: str = ALL) -> list[str]:
    """Return the folds where few labels and all labels were read, and lie apart."""
    dice = _dice(scores[scores["where"] == "here"])
    return [place for place, gap in (dice[ceiling] - dice[FEW]).items() if gap >= least]


def _dice(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.groupby(["place", "set"])["Dice"].mean().unstack("set")


def table_of(scores: pd.DataFrame, wide: list[str], ceiling: str = ALL) -> pd.DataFrame:
    """Return a row per training set, over these folds, seeds averaged first."""
    dice, rows = _dice(scores), []
    gap = dice[ceiling] - dice[FEW]
    for name in dict.fromkeys(scores["set"]):
        places = [place for place in wide if not np.isnan(dice.loc[place, name])]
        mine = scores[(scores["set"] == name) & scores["place"].isin(places)]
        gain, won = (dice[name] - dice[STRONG])[places], (dice[name] - dice[FEW])[places]
        rows.append(
            {
                "trained on": TrainingSet.parse(name).title,
                "folds": len(places),
                "seeds": mine["seed"].nunique(),
                "Dice": dice[name][places].mean(),
                "least": dice[name][places].min(),
                "most": dice[name][places].max(),
                "gain on strong": gain.mean(),
                "least gain": gain.min(),
                "of the gap": won.mean() / gap[places].mean(),
                "recall": mine["recall"].mean(),
                "false tumours": mine["false"].mean(),
            }
        )
    return pd.DataFrame(rows)


def to_markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with three decimals."""
    cells = [
        [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in table.to_numpy()
    ]
    lines = [[*map(str, table.columns)], ["---"] * len(table.columns), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
