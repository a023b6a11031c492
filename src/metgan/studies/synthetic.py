"""Further pairs painted by a fold's MetGAN, as a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from metgan.data import Pair
from metgan.errors import SettingError
from metgan.labels import LabelRecipe
from metgan.synthesis import PASSED, GateLimits, Generation, aim, generate
from metgan.training import Curriculum

from .fold import Fold
from .source import check_drafts, request_of

Look = Literal["", "grained", "matched", "aimed", "residue", "inlaid"]
"""What painted images are given beside what the painter paints."""
_GRAINED: Final = ("grained", "matched", "aimed")
_MATCHED: Final = ("matched", "residue", "inlaid")


@dataclass(frozen=True)
class Synthetic:
    """Pairs painted by the fold's MetGAN: real anatomies with foreign labels.

    Each anatomy comes once before any comes twice; aimed, those of weak organs come more often.

    Parameters
    ----------
    folder : str
        Where they lie in the fold's.
    recipe : LabelRecipe
    most : float
        How many pairs are made, as a factor of the real training pairs; arms may ask for less.
    gate : GateLimits or None
        Of the gate that pairs must pass; those that do not are left out. None lets all pass.
    look : {"", "grained", "matched", "aimed", "residue", "inlaid"}
        "grained" gives painted images the noise of the real training images. "matched" moreover brings
        tumours to the contrasts of real ones, and "aimed" asks for more of what the fold's segmentor misses,
        see `metgan.synthesis.aim`. "residue" matches contrasts and lays over what painting cannot know, see
        `metgan.synthesis.Residue`. "inlaid" matches contrasts and adds tumours to the real tumour channel,
        see `metgan.synthesis.inlay`. "" leaves all to the painter.
    """

    folder: str
    recipe: LabelRecipe
    most: float
    gate: GateLimits | None = None
    look: Look = ""

    def check(self, fold: Fold, *, anew: bool) -> None:
        """Refuse a fold whose painter or judge cannot be trained, or with too few labels for the recipe."""
        fold.check_painter(anew=anew)
        if self.gate:
            fold.check_judge(anew=anew)
        check_drafts(fold, self._sources(fold, len(fold.train_entries)))
        if self.look in _MATCHED:
            fold.contrasts  # noqa: B018  # refuses a training part without visible tumours
        if self.look == "aimed" and not any(pair.label.any() for pair in fold.data.val):
            raise SettingError(
                f"fold {fold.number}, whose validation part holds no tumour to be missed",
                "one or more",
                "Leave the arms with aimed pairs out, or ask for fewer folds",
            )

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> Curriculum:  # noqa: ARG002
        """Give the real pairs and the first so many painted ones."""
        return replace(fold.data, train=[*real, *self.pairs(fold, count)])

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Give the first so many pairs, trained for and generated where they are not there yet.

        Fewer where a gate has let fewer through.

        Raises
        ------
        SettingError
            When more are asked for than are made.
        LeakageError
            When one comes from a test group.
        """
        request = self._request(fold)
        if count > request.count:
            given = f"{count} synthetic pairs for {len(fold.split.train)} real ones"
            raise SettingError(given, f"at most {request.count}, {self.most} times as many", "Raise `most`")
        out = fold.folder / self.folder
        out.mkdir(parents=True, exist_ok=True)
        made = generate(fold.painter, request, out, fold.gate(self.gate) if self.gate else None)
        passed = [e.name for e in made if not self.gate or e.history["gate"] == PASSED]
        pairs = made.select(passed[:count]).read_all()
        fold.refuse_leaks(pairs)
        return pairs

    def _sources(self, fold: Fold, count: int) -> Generation:
        """Give what pairs are drawn from, without what is measured or aimed at."""
        request = request_of(fold, self.recipe, count)
        if self.look == "residue":
            return replace(request, grain=fold.grain, donors=fold.train_entries)
        return replace(request, inlaid=self.look == "inlaid")

    def _request(self, fold: Fold) -> Generation:
        request = self._sources(fold, round(self.most * len(fold.train_entries)))
        if self.look in _MATCHED:
            request = replace(request, contrasts=fold.contrasts)
        if self.look not in _GRAINED:
            return request
        request = replace(request, grain=fold.grain)
        return aim(request, fold.weak_spots) if self.look == "aimed" else request
