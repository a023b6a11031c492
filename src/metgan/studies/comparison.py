"""Comparisons of methods: Table 1 and Figs. 3 and 6 of the paper, and of our own decisions.

Each is a few teams that train under the same rules and face the same referee. A team has its own data: as it
is, with shuffled labels, in another normalisation. Comparisons on the same data share a folder, and what has
been trained for one is not trained again for another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.data import PairSet
from metgan.io import replacing
from metgan.methods import ABLATIONS, CATALOGUE, Method
from metgan.training import Curriculum

from .contest import Contest, Result
from .referee import check_referee, train_referee
from .report import Report, Section
from .rules import Rules
from .standings import save_standings, standings
from .verdicts import comparison_chapter, save_markdown, standing_chapters

REFERENCE = CATALOGUE["metgan"]
"""The method that others are tested against, where it takes part."""


@dataclass(frozen=True)
class Study:
    """What comparisons share: a folder, pairs, the data loaded from them, and the rules."""

    folder: Path
    pairs: PairSet
    data: Curriculum
    rules: Rules

    @property
    def test(self) -> PairSet:
        """The test pairs."""
        return self.pairs.select(self.data.split.test)

    @property
    def referee(self) -> Path:
        """Run folder of the segmentor that judges."""
        return self.folder / "referee"

    def contest(self, name: str, data: Curriculum) -> Contest:
        """Give a contest on `data` in a folder of its own, scored in the units of the clean data."""
        units = self.data.normalisation
        return Contest(self.folder / name, data, units, self.test, self.referee, self.rules)


@dataclass(frozen=True)
class Team:
    """Methods that train on the same data.

    ``suffix`` and ``words`` are added to the methods' names and titles.
    """

    contest: Contest
    methods: Sequence[Method]
    suffix: str = ""
    words: str = ""

    def named(self, method: Method) -> Method:
        """Give the method as the tables call it."""
        return replace(method, name=method.name + self.suffix, title=method.title + self.words)

    def hold(self) -> list[Result]:
        """Train and score all, and call them by their names in the tables."""
        return [replace(r, method=self.named(r.method)) for r in self.contest.hold(self.methods)]


@dataclass(frozen=True)
class Comparison:
    """What is compared with what.

    Parameters
    ----------
    study : Study
    name, title : str
        Of the folder for what is found, and of the report.
    teams : sequence of Team
    against : dict
        Which method, by its name in the tables, is tested against which.
    """

    study: Study
    name: str
    title: str
    teams: Sequence[Team]
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
        check_referee(self.study.referee, self.study.data, self.study.rules, anew=anew)
        for team in self.teams:
            team.contest.check(team.methods, anew=anew)

    def hold(self, lead: str) -> list[Section]:
        """Train and score what is not yet, and write scores, tables, grid and report; gives the chapters."""
        train_referee(self.study.referee, self.study.data, self.study.rules)
        results = [result for team in self.teams for result in team.hold()]
        table = standings(results, self.against, self.study.rules.seed)
        save_standings(table, results, self.out)
        chapters = standing_chapters(table, results, self.against)
        save_markdown(chapters, self.out / "tables.md")
        grid = comparison_chapter(results, self.study.test, self.study.data.normalisation)
        with replacing(self.out / "grid.png") as temporary:
            temporary.write_bytes(grid.figures[0].png)
        page = Report(self.title, lead, [chapters[0], grid, *chapters[1:]])
        page.save(self.out / "report.html")
        return chapters


def compare_similarity(study: Study, methods: Sequence[Method]) -> Comparison:
    """Compare methods by what they paint: Table 1, Table 3 and Fig. 3."""
    names = [method.name for method in methods]
    reference = REFERENCE.name if REFERENCE.name in names else names[0]
    against = {name: reference for name in names if name != reference}
    teams = [Team(study.contest("clean", study.data), methods)]
    return Comparison(study, "similarity", "Which method?", teams, against)


def compare_robustness(study: Study, methods: Sequence[Method], share: float) -> Comparison:
    """Compare methods trained with clean labels and with a share of shuffled ones: Fig. 6.

    All that is trained sees the shuffled labels, the segmentor in the loop too; the referee and the test part
    have clean ones.
    """
    shuffled = study.data.with_shuffled_labels(share, study.rules.seed)
    worse = Team(
        study.contest("shuffled", shuffled), methods, "-shuffled", f", {share:.0%} of labels shuffled"
    )
    teams = [Team(study.contest("clean", study.data), methods), worse]
    against = {worse.named(method).name: method.name for method in methods}
    return Comparison(study, "robustness", "What do wrong labels cost?", teams, against)


def compare_ablation(study: Study) -> Comparison:
    """Compare MetGAN with itself, one decision at a time made as the release made it."""
    rows = [REFERENCE, *ABLATIONS]
    scaled = Team(
        study.contest("per-image", study.data.rescaled("per-image")),
        [REFERENCE],
        "-per-image",
        ", every image scaled by itself",
    )
    teams = [Team(study.contest("clean", study.data), rows), scaled]
    against = {row.name: REFERENCE.name for row in [*ABLATIONS, scaled.named(REFERENCE)]}
    return Comparison(study, "ablation", "What do our decisions do?", teams, against)
