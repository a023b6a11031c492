"""Comparisons of methods: Table 1 and Figs. 3 and 6 of the paper, and of our own decisions.

Each is a few groups of methods that train under the same rules and are scored by one segmentor. A group has
its own data: as it is, with shuffled labels, in another normalisation. Comparisons on the same data share a
folder, and what has been trained for one is not trained again for another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from metgan.data import Normalisation, PairSet, evenly, has_tumour, read_pair
from metgan.methods import ABLATIONS, CATALOGUE, Method
from metgan.panels import Panel, window
from metgan.synthesis import load
from metgan.training import TrainingData, check_segmentor_config, train_segmentor

from .comparison_statistics import comparison_statistics, save_comparison_statistics
from .method_runs import MethodRuns, Result
from .shared_config import SharedConfig

REFERENCE = CATALOGUE["metgan"]
"""The method that others are tested against, where it takes part."""
_SHOWN = 5


@dataclass(frozen=True)
class Study:
    """What comparisons share: a folder, pairs, the data loaded from them, and the settings."""

    folder: Path
    pairs: PairSet
    data: TrainingData
    config: SharedConfig

    @property
    def test(self) -> PairSet:
        """The test pairs."""
        return self.pairs.select(self.data.split.test)

    @property
    def independent_segmentor(self) -> Path:
        """Run folder of the independent segmentor."""
        return self.config.independent_config(self.folder).folder

    def method_runs(self, name: str, data: TrainingData) -> MethodRuns:
        """Return a comparison on `data` in a folder of its own, scored in the units of the clean data."""
        units = self.data.normalisation
        return MethodRuns(self.folder / name, data, units, self.test, self.independent_segmentor, self.config)


@dataclass(frozen=True)
class MethodGroup:
    """Methods that train on the same data.

    ``suffix`` and ``words`` are added to the methods' names and titles.
    """

    method_runs: MethodRuns
    methods: Sequence[Method]
    suffix: str = ""
    words: str = ""

    def named(self, method: Method) -> Method:
        """Return the method as the tables call it."""
        return replace(method, name=method.name + self.suffix, title=method.title + self.words)

    def run(self) -> list[Result]:
        """Train and score all, and call them by their names in the tables."""
        return [replace(r, method=self.named(r.method)) for r in self.method_runs.run(self.methods)]


@dataclass(frozen=True)
class Examples:
    """Test images side by side with what was generated for them.

    Attributes
    ----------
    methods : sequence of str
        Their titles.
    rows : sequence of sequence of Panel
        Of one test image each: anatomy, label, real, and that of each method; real and generated in one grey
        scale.
    """

    methods: Sequence[str]
    rows: Sequence[Sequence[Panel]]


@dataclass(frozen=True)
class ComparisonResult:
    """What a comparison has found.

    Attributes
    ----------
    name : str
        Of the comparison.
    config : SharedConfig
    steps : int
        Of the training of each method.
    results : sequence of Result
        One per method and seed, by the methods' names in the tables.
    statistics : DataFrame
        As `comparison_statistics` returns it.
    against : dict
        Which method is tested against which.
    examples : Examples
    """

    name: str
    config: SharedConfig
    steps: int
    results: Sequence[Result]
    statistics: pd.DataFrame
    against: Mapping[str, str]
    examples: Examples


@dataclass(frozen=True)
class Comparison:
    """What is compared with what.

    Parameters
    ----------
    study : Study
    name : str
        Of the folder for what is found.
    method_groups : sequence of MethodGroup
    against : dict
        Which method, by its name in the tables, is tested against which.
    """

    study: Study
    name: str
    method_groups: Sequence[MethodGroup]
    against: Mapping[str, str]

    @property
    def out(self) -> Path:
        """Folder of what is found."""
        return self.study.folder / self.name

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained.

        Parameters
        ----------
        anew : bool
            Whether what lies in the folder will be deleted first, and need not fit.
        """
        independent = self.study.config.independent_config(self.study.folder)
        check_segmentor_config(replace(independent, resume=not anew), self.study.data)
        for method_group in self.method_groups:
            method_group.method_runs.check(method_group.methods, anew=anew)

    def run(self) -> ComparisonResult:
        """Train and score what is not yet, write the scores, and return what was found."""
        data, config = self.study.data, self.study.config
        train_segmentor(config.independent_config(self.study.folder), data)
        results = [result for method_group in self.method_groups for result in method_group.run()]
        table = comparison_statistics(results, self.against, config.seed)
        save_comparison_statistics(table, results, self.out)
        steps = config.training.length(len(data.train))
        examples = _examples(results, self.study.test, data.normalisation)
        return ComparisonResult(self.name, config, steps, results, table, self.against, examples)


def compare_similarity(study: Study, methods: Sequence[Method]) -> Comparison:
    """Compare methods by the images they generate: Table 1, Table 3 and Fig. 3."""
    names = [method.name for method in methods]
    reference = REFERENCE.name if REFERENCE.name in names else names[0]
    against = {name: reference for name in names if name != reference}
    method_groups = [MethodGroup(study.method_runs("clean", study.data), methods)]
    return Comparison(study, "similarity", method_groups, against)


def compare_robustness(study: Study, methods: Sequence[Method], share: float) -> Comparison:
    """Compare methods trained with clean labels and with a share of shuffled ones: Fig. 6.

    All that is trained sees the shuffled labels, the segmentor in the loop too; the independent segmentor and
    the test part have clean ones.
    """
    shuffled = study.data.with_shuffled_labels(share, study.config.seed)
    words = f", {100 * share:g}% of labels shuffled"
    worse = MethodGroup(study.method_runs("shuffled", shuffled), methods, "-shuffled", words)
    method_groups = [MethodGroup(study.method_runs("clean", study.data), methods), worse]
    against = {worse.named(method).name: method.name for method in methods}
    return Comparison(study, "robustness", method_groups, against)


def compare_ablation(study: Study) -> Comparison:
    """Compare MetGAN with itself, one decision at a time made as the release made it."""
    rows = [REFERENCE, *ABLATIONS]
    scaled = MethodGroup(
        study.method_runs("per-image", study.data.rescaled("per-image")),
        [REFERENCE],
        "-per-image",
        ", every image scaled by itself",
    )
    method_groups = [MethodGroup(study.method_runs("clean", study.data), rows), scaled]
    against = {row.name: REFERENCE.name for row in [*ABLATIONS, scaled.named(REFERENCE)]}
    return Comparison(study, "ablation", method_groups, against)


def _examples(results: Sequence[Result], test: PairSet, units: Normalisation) -> Examples:
    """Generate some test images, evenly chosen, with the first seed of every method: Fig. 3 of the paper.

    Parameters
    ----------
    results : sequence of Result
    test : PairSet
    units : Normalisation
        The [-1, 1] that all are shown on.
    """
    first = min(result.seed for result in results)
    inpainters = {r.method.title: load(r.run) for r in results if r.seed == first}
    with_tumours = [entry for entry in test if has_tumour(entry)]
    rows = []
    for pair in map(read_pair, evenly(with_tumours or test.entries, _SHOWN)):
        anatomy, real = units.apply(pair.anatomy, "anatomy"), units.apply(pair.tumour, "tumour")
        generated = [
            units.apply(inpainter.inpaint(pair.anatomy, pair.label), "tumour")
            for inpainter in inpainters.values()
        ]
        low, high = window(real)
        shown = [Panel(image, low, high, outline=pair.label) for image in (real, *generated)]
        rows.append([Panel(anatomy, *window(anatomy)), Panel(pair.label, 0, 1, colours="mask"), *shown])
    return Examples([*inpainters], rows)
