"""Further pairs painted by a fold's MetGAN, as a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from metgan.data import JoinedPairs, Pair, StoredPairs
from metgan.errors import SettingError
from metgan.labels import LabelRecipe
from metgan.synthesis import PASSED, GateLimits, GenerationRequest, generate, oversample_errors
from metgan.training import TrainingData

from .fold import Fold
from .source import check_plans, request_of

Look = Literal["", "noisy", "matched", "aimed", "background", "inserted"]
"""What painted images are given beside what the generator paints."""
_NOISY: Final = ("noisy", "matched", "aimed")
_MATCHED: Final = ("matched", "background", "inserted")


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
        How many pairs are made, as a factor of the real training pairs; training sets may ask for less.
    gate : GateLimits or None
        Of the gate that pairs must pass; those that do not are left out. None lets all pass.
    look : {"", "noisy", "matched", "aimed", "background", "inserted"}
        "noisy" gives painted images the noise of the real training images. "matched" moreover brings
        tumours to the contrasts of real ones, and "aimed" asks for more of what the fold's segmentor misses,
        see `metgan.synthesis.oversample_errors`. "background" matches contrasts and lays over what no
        painting can know, see `metgan.synthesis.BackgroundResidual`. "inserted" matches contrasts and adds
        tumours to the real tumour channel, see `metgan.synthesis.insert_tumours`. "" leaves all to the
        generator.
    """

    folder: str
    recipe: LabelRecipe
    most: float
    gate: GateLimits | None = None
    look: Look = ""

    def check(self, fold: Fold, *, anew: bool) -> None:
        """Refuse a fold whose networks cannot be trained, or with too few labels for the recipe."""
        fold.check_inpainter(anew=anew)
        if self.gate:
            fold.check_independent_segmentor(anew=anew)
        check_plans(fold, self._sources(fold, len(fold.train_entries)))
        if self.look in _MATCHED:
            fold.contrasts  # noqa: B018  # refuses a training part without visible tumours
        if self.look == "aimed" and not any(pair.label.any() for pair in fold.data.val):
            raise SettingError(
                f"fold {fold.number}, whose validation part holds no tumour to be missed",
                "one or more",
                "Leave the training sets with aimed pairs out, or ask for fewer folds",
            )

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> TrainingData:  # noqa: ARG002
        """Return the real pairs and the first so many painted ones."""
        return replace(fold.data, train=JoinedPairs(real, self.pairs(fold, count)))

    def pairs(self, fold: Fold, count: int) -> StoredPairs:
        """Return the first so many pairs, trained for and generated where they are not there yet.

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
        made = generate(fold.inpainter, request, out, fold.gate(self.gate) if self.gate else None)
        passed = [e.name for e in made if not self.gate or e.provenance["gate"] == PASSED]
        pairs = StoredPairs(made.select(passed[:count]))
        fold.refuse_leaks(pairs)
        return pairs

    def _sources(self, fold: Fold, count: int) -> GenerationRequest:
        """Return what pairs are drawn from, without what is measured or aimed at."""
        request = request_of(fold, self.recipe, count)
        if self.look == "background":
            return replace(request, noise=fold.noise, donors=fold.train_entries)
        return replace(request, inserted=self.look == "inserted")

    def _request(self, fold: Fold) -> GenerationRequest:
        request = self._sources(fold, round(self.most * len(fold.train_entries)))
        if self.look in _MATCHED:
            request = replace(request, contrasts=fold.contrasts)
        if self.look not in _NOISY:
            return request
        request = replace(request, noise=fold.noise)
        return oversample_errors(request, fold.error_analysis) if self.look == "aimed" else request
