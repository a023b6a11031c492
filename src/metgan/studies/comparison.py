"""Comparisons of methods: Table 1 and Figs. 3 and 6 of the paper, and of our own decisions.

Each is a few groups of methods that train under the same rules and are scored by one segmentor. A group has
its own data: as it is, with shuffled labels, in another normalisation. Comparisons on the same data share a
folder, and what has been trained for one is not trained again for another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import PairSet
from metgan.io import replacing
from metgan.methods import ABLATIONS, CATALOGUE, Method
from metgan.training import TrainingData, check_segmentor_config, train_segmentor

from .comparison_sections import comparison_section, save_markdown, statistics_sections
from .comparison_statistics import comparison_statistics, save_comparison_statistics
from .method_runs import MethodRuns, Result
from .report import Report, Section
from .shared_config import SharedConfig

REFERENCE = CATALOGUE["metgan"]
"""The method that others are tested against, where it takes part."""


@dataclass(frozen=True)
class Study:
    """What comparisons share: a folder, pairs, the data loaded from them, and the rules."""

    folder: Path
    pairs: PairSet
    data: TrainingData
    rules: SharedConfig

    @property
    def test(self) -> PairSet:
        """The test pairs."""
        return self.pairs.select(self.data.split.test)

    @property
    def independent_segmentor(self) -> Path:
        """Run folder of the independent segmentor."""
        return self.rules.independent_config(self.folder).folder

    def method_runs(self, name: str, data: TrainingData) -> MethodRuns:
        """Return a comparison on `data` in a folder of its own, scored in the units of the clean data."""
        units = self.data.normalisation
        return MethodRuns(self.folder / name, data, units, self.test, self.independent_segmentor, self.rules)


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

    def hold(self) -> list[Result]:
        """Train and score all, and call them by their names in the tables."""
        return [replace(r, method=self.named(r.method)) for r in self.method_runs.hold(self.methods)]


@dataclass(frozen=True)
class Comparison:
    """What is compared with what.

    Parameters
    ----------
    study : Study
    name, title : str
        Of the folder for what is found, and of the report.
    method_groups : sequence of MethodGroup
    against : dict
        Which method, by its name in the tables, is tested against which.
    """

    study: Study
    name: str
    title: str
    method_groups: Sequence[MethodGroup]
    against: Mapping[str, str]

    @property
    def out(self) -> Path:
        """Folder of scores, tables, grid and report."""
        return self.study.folder / self.name

    def check(self, *, anew: bool = False) -> None:
        """Refuse, before anything is written, what could not be trained.

        Parameters
        ----------
        anew : bool
            Whether what lies in the folder will be deleted first, and need not fit.
        """
        independent = self.study.rules.independent_config(self.study.folder)
        check_segmentor_config(replace(independent, resume=not anew), self.study.data)
        for method_group in self.method_groups:
            method_group.method_runs.check(method_group.methods, anew=anew)

    def hold(self, lead: str) -> list[Section]:
        """Train and score what is not yet, write scores, tables, grid and report, and return the sections."""
        train_segmentor(self.study.rules.independent_config(self.study.folder), self.study.data)
        results = [result for method_group in self.method_groups for result in method_group.hold()]
        table = comparison_statistics(results, self.against, self.study.rules.seed)
        save_comparison_statistics(table, results, self.out)
        sections = statistics_sections(table, results, self.against)
        save_markdown(sections, self.out / "tables.md")
        grid = comparison_section(results, self.study.test, self.study.data.normalisation)
        with replacing(self.out / "grid.png") as temporary:
            temporary.write_bytes(grid.figures[0].png)
        page = Report(self.title, lead, [sections[0], grid, *sections[1:]])
        page.save(self.out / "report.html")
        return sections


def compare_similarity(study: Study, methods: Sequence[Method]) -> Comparison:
    """Compare methods by the images they generate: Table 1, Table 3 and Fig. 3."""
    names = [method.name for method in methods]
    reference = REFERENCE.name if REFERENCE.name in names else names[0]
    against = {name: reference for name in names if name != reference}
    method_groups = [MethodGroup(study.method_runs("clean", study.data), methods)]
    return Comparison(study, "similarity", "Which method?", method_groups, against)


def compare_robustness(study: Study, methods: Sequence[Method], share: float) -> Comparison:
    """Compare methods trained with clean labels and with a share of shuffled ones: Fig. 6.

    All that is trained sees the shuffled labels, the segmentor in the loop too; the independent segmentor and
    the test part have clean ones.
    """
    shuffled = study.data.with_shuffled_labels(share, study.rules.seed)
    worse = MethodGroup(
        study.method_runs("shuffled", shuffled), methods, "-shuffled", f", {share:.0%} of labels shuffled"
    )
    method_groups = [MethodGroup(study.method_runs("clean", study.data), methods), worse]
    against = {worse.named(method).name: method.name for method in methods}
    return Comparison(study, "robustness", "What do wrong labels cost?", method_groups, against)


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
    return Comparison(study, "ablation", "What do our decisions do?", method_groups, against)
