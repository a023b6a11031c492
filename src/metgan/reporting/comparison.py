"""What a comparison of methods has found: its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from metgan.methods import Method
from metgan.pictures import draw_grid
from metgan.studies import LIGHT, POOLED, REGIONS, SIMILARITY, ComparisonResult, Examples, Result

from .evaluation import warning_sections
from .report import Figure, Report, Section, Table

_TITLES = {
    "similarity": "Which method?",
    "robustness": "What do wrong labels cost?",
    "ablation": "What do our decisions do?",
}


def comparison_report(found: ComparisonResult, data: Path) -> Report:
    """Return the page of a comparison, with its picture as ``grid.png``; `data` names the pair set."""
    config, grid = found.config, _side_by_side(found.examples)
    seeds = "one seed" if config.seeds == 1 else f"{config.seeds} seeds"
    lead = (
        f"Every method was trained with {seeds} on the training part of {data} for {found.steps} "
        f"steps, preset {config.preset}, and scored on its test part."
    )
    first, *others = _sections(found)
    sections = [first, grid, *others]
    return Report(_TITLES[found.name], lead, sections, files={"grid.png": grid.figures[0]})


def _sections(found: ComparisonResult) -> list[Section]:
    """Tell similarity, tests, similarity on and off the tumours, faithfulness, and what it cost."""
    table, results = found.statistics, found.results
    methods = {result.method.name: result.method for result in results}
    images = results[0].summary["images"]
    seeds = [str(seed) for seed in sorted({result.seed for result in results})]
    basis = f"{images} test images, {len(seeds)} seed{'s' if len(seeds) > 1 else ''} ({', '.join(seeds)})"
    return [
        *warning_sections(_warnings(results)),
        Section("Similarity to the real images", table=_similarity(table, methods, basis)),
        Section("What the tests say", table=_tests(table, methods, found.against)),
        Section("On the tumours, and off them", table=_regions(table, methods)),
        Section("Are the tumours where they were asked for?", table=_faithful(table, results, methods)),
        Section("What it costs", table=_costs(results, methods)),
    ]


def _warnings(results: Sequence[Result]) -> list[str]:
    """Return what speaks against the scores, each warning once with the runs that it is about."""
    runs: dict[str, list[str]] = {}
    for result in results:
        for text in result.summary.get("warnings", []):
            runs.setdefault(text, []).append(f"{result.method.title}, seed {result.seed}")
    return [
        f"{text} ({'all runs' if len(about) == len(results) else '; '.join(about)})"
        for text, about in runs.items()
    ]


def _side_by_side(examples: Examples) -> Section:
    """Show Fig. 3: test images, and what the first seed of every method made of them."""
    picture = draw_grid(examples.rows, ("anatomy", "label", "real", *examples.methods))
    caption = "Test images, evenly chosen, in one grey scale per row. Orange: the outline of the label."
    return Section("Side by side", figures=[Figure(picture, caption)])


def _similarity(table: pd.DataFrame, methods: Mapping[str, Method], basis: str) -> Table:
    rows = [
        [method.title, *(_with_interval(_row(table, name, score)) for score in SIMILARITY)]
        for name, method in methods.items()
    ]
    seeds = "" if table["seed_sd"].isna().all() else "; ± standard deviation between seeds"
    caption = (
        f"Means over {basis}, on [-1, 1]; in brackets the standard deviation between images, and the 95 % "
        f"interval by resampling groups of images{seeds}. Flat images have no correlation, and are left "
        "out of its mean. SSIM: Gaussian window, sigma 1.5, population covariance, data range 2."
    )
    return Table(("method", *SIMILARITY.values()), rows, caption)


def _tests(table: pd.DataFrame, methods: Mapping[str, Method], against: Mapping[str, str]) -> Table:
    rows = []
    for name, other in against.items():
        cells = [methods[name].title, methods[other].title]
        for score in SIMILARITY:
            row = _row(table, name, score)
            cells.append(difference_cell(row["difference"], (row["t_test"], row["wilcoxon"]), 4))
        rows.append(cells)
    caption = (
        "The first method minus the second, paired by test image; in brackets the p-values of the paired "
        "t-test and of Wilcoxon's signed ranks, corrected by Holm's rule over the rows. Images of one group "
        "resemble each other, so the p-values are too small; the intervals above take it into account."
    )
    return Table(("method", "minus", *SIMILARITY.values()), rows, caption)


def _regions(table: pd.DataFrame, methods: Mapping[str, Method]) -> Table:
    scores = {**REGIONS, "spectrum": "spectrum, dB"}
    rows = [
        [method.title, *(_figure(_row(table, name, score)["mean"], score) for score in scores)]
        for name, method in methods.items()
    ]
    caption = (
        "Means on the pixels of the label (inside) and on all others (outside), over the images that have "
        "such pixels. Spectrum: mean distance of the radial power spectra of generated and real image; "
        "stripes and missing noise raise it."
    )
    return Table(("method", *scores.values()), rows, caption)


def _faithful(table: pd.DataFrame, results: Sequence[Result], methods: Mapping[str, Method]) -> Table:
    rows = [
        [method.title, *(_with_spread(_row(table, name, score), score) for score in POOLED)]
        for name, method in methods.items()
    ]
    real = results[0].summary["real"]
    rows.append(["real images", *(_figure(real[score], score) for score in POOLED)])
    caption = (
        "Read by the independent segmentor, which no method has trained with; mean over the seeds, and their "
        "standard deviation. The real images are the reference: what the independent segmentor finds in them."
    )
    return Table(("method", *POOLED.values()), rows, caption)


def _costs(results: Sequence[Result], methods: Mapping[str, Method]) -> Table:
    rows = []
    for name, method in methods.items():
        mine = [result for result in results if result.method.name == name]
        seconds = float(np.mean([result.seconds for result in mine]))
        kept = ", ".join(map(str, sorted({int(result.summary["step"]) for result in mine})))
        rows.append([method.title, f"{mine[0].parameters:,}", f"{seconds:.0f}", kept, method.source])
    header = ("method", "parameters", "seconds", "weights of step", "described in")
    return Table(
        header,
        rows,
        "Parameters of the generator of the tumour channel; mean seconds, without the segmentor's.",
    )


def _row(table: pd.DataFrame, method: str, score: str) -> Mapping[str, float]:
    (row,) = table[(table["method"] == method) & (table["score"] == score)].to_dict("records")
    return {str(name): value for name, value in row.items()}


def _with_interval(row: Mapping[str, float]) -> str:
    interval = "" if np.isnan(row["low"]) else f" [{row['low']:.4f}, {row['high']:.4f}]"
    text = f"{row['mean']:.4f} ({row['sd']:.4f}){interval}"
    return text if np.isnan(row["seed_sd"]) else f"{text} ± {row['seed_sd']:.4f}"


def _with_spread(row: Mapping[str, float], score: str) -> str:
    text = _figure(row["mean"], score)
    return text if np.isnan(row["seed_sd"]) else f"{text} ± {_figure(row['seed_sd'], score)}"


def _figure(value: float | None, score: str) -> str:
    digits = {"false area": 5, "spectrum": 2, "false objects per image": 2, "median contrast": 2, LIGHT: 4}
    return "–" if value is None or np.isnan(value) else f"{value:.{digits.get(score, 3)}f}"


def difference_cell(difference: float, p_values: Sequence[float], digits: int) -> str:
    """Return a difference with its p-values as text; dashes for what is undefined.

    Examples
    --------
    >>> difference_cell(0.5, (0.02, 0.0), 3), difference_cell(-0.5, (float("nan"), 1), 1)
    ('+0.500 (0.0200 / < 0.0001)', '-0.5 (– / 1.0000)')
    >>> difference_cell(float("nan"), (0.5, 0.5), 3), difference_cell(-1e-9, (0.5, 0.5), 1)
    ('–', '+0.0 (0.5000 / 0.5000)')
    """
    if np.isnan(difference):
        return "–"
    return f"{round(difference, digits) + 0.0:+.{digits}f} ({' / '.join(map(_p_value, p_values))})"


def _p_value(value: float) -> str:
    if np.isnan(value):
        return "–"
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"
