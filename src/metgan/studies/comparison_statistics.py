"""What a comparison has shown: means, intervals, spread between seeds, and tests against one method.

The unit of a test is the image: scores are averaged over the seeds first, so that more seeds make a mean
steadier and do not make more evidence than there are images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from metgan.metrics import bootstrap_interval, holm, paired_test
from metgan.seeding import stream

from .method_runs import Result
from .scores import LIGHT, RECALL_OF_WHOLE, save_table

SIMILARITY: Final = {"mae": "MAE", "msd": "MSD", "ssim": "SSIM", "correlation": "correlation"}
"""Scores of similarity and how they are headed."""
REGIONS: Final = {
    f"{region}_{name}": f"{SIMILARITY[name]} {region}"
    for region in ("inside", "outside")
    for name in SIMILARITY
}
"""The same on the labels and off them."""
PER_IMAGE: Final = {**SIMILARITY, **REGIONS, "spectrum": "spectrum, dB"}
"""Every score that each image has, so that it can be tested."""
POOLED: Final = {
    "tumour recall": "tumour recall",
    RECALL_OF_WHOLE: RECALL_OF_WHOLE,
    "false objects per image": "false objects per image",
    "false area": "false area",
    "pooled Dice": "pooled Dice",
    "median contrast": "median contrast",
    LIGHT: LIGHT,
}
"""Scores that are pooled over all images of a cell."""


def comparison_statistics(
    results: Sequence[Result], against: Mapping[str, str], seed: int = 0
) -> pd.DataFrame:
    """Return a row per method and score.

    Parameters
    ----------
    results : sequence of Result
        Every method with the same seeds, on the same images.
    against : dict
        Which method is tested against which.
    seed : int
        Of the resampling.

    Returns
    -------
    DataFrame
        ``method, score, mean, sd, low, high, seed_sd, difference, t_test, wilcoxon``. ``sd`` is that between
        images, ``low`` and ``high`` the 95 % interval by resampling groups of images, ``seed_sd`` that of the
        seeds' means. ``difference`` is to the method that a method is tested against; p-values are
        corrected by Holm's rule over all tests of a score. Pooled scores have a mean and a spread over seeds
        alone. What is undefined is nan.
    """
    scored = pd.concat(
        [result.scores.assign(method=result.method.name, seed=result.seed) for result in results]
    )
    names = list(dict.fromkeys(result.method.name for result in results))
    rows = []
    for score in PER_IMAGE:
        images = scored.pivot_table(index=["name", "group"], columns="method", values=score, dropna=False)
        seeds = scored.groupby(["method", "seed"])[score].mean()
        rows += _tested(images, seeds, names, against, score, seed)
    return pd.DataFrame(rows + _pooled(results, names))


def _tested(
    images: pd.DataFrame,
    seeds: pd.Series,
    names: Sequence[str],
    against: Mapping[str, str],
    score: str,
    seed: int,
) -> list[dict[str, object]]:
    tests = {name: paired_test(images[other], images[name]) for name, other in against.items()}
    rivals = [*tests]
    t_tests = dict(zip(rivals, holm([tests[name].t_test for name in rivals]), strict=True))
    wilcoxons = dict(zip(rivals, holm([tests[name].wilcoxon for name in rivals]), strict=True))
    groups = [str(group) for group in images.index.get_level_values("group")]
    rows: list[dict[str, object]] = []
    for name in names:
        low, high = bootstrap_interval(images[name], groups, stream(seed, f"interval {score}"))
        rows.append(
            {
                "method": name,
                "score": score,
                "mean": float(images[name].mean()),
                "sd": float(images[name].std()),
                "low": low,
                "high": high,
                "seed_sd": float(seeds[name].std()),
                "difference": tests[name].difference if name in tests else float("nan"),
                "t_test": t_tests.get(name, float("nan")),
                "wilcoxon": wilcoxons.get(name, float("nan")),
            }
        )
    return rows


def _pooled(results: Sequence[Result], names: Sequence[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for score in POOLED:
        for name in names:
            figures = [
                result.summary["generated"].get(score) for result in results if result.method.name == name
            ]
            values = np.array([np.nan if figure is None else figure for figure in figures], float)
            spread = float(np.std(values, ddof=1)) if values.size > 1 else float("nan")
            rows.append({"method": name, "score": score, "mean": float(values.mean()), "seed_sd": spread})
    return rows


def save_comparison_statistics(table: pd.DataFrame, results: Sequence[Result], out: Path) -> None:
    """Write ``scores.csv`` (a row per image, method and seed) and ``statistics.csv``."""
    scored = [result.scores.assign(method=result.method.name, seed=result.seed) for result in results]
    save_table(pd.concat(scored), out / "scores.csv")
    save_table(table, out / "statistics.csv")
