"""Where an arm's further pairs come from: painted by a fold's MetGAN, or pasted from its real tumours.

A source gives pairs in one fixed order, and an arm takes the first of them. All arms of a fold therefore
share one generation, and a larger set holds the smaller one, as lines over the number of samples suggest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from typing import Final, Protocol

from metgan.data import Entry, Pair, PairSet, paste
from metgan.errors import SettingError
from metgan.labels import LabelRecipe, Merged, Real, cut_tumours
from metgan.seeding import stream
from metgan.synthesis import Drafts, GateLimits, Generation, generate

from .fold import Fold


class Source(Protocol):
    """Makes training pairs from the training part of a fold."""

    def check(self, fold: Fold) -> None:
        """Refuse, before anything is written, a fold that no pairs can be made from."""
        ...  # a protocol has no body

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Give the first so many pairs."""
        ...  # a protocol has no body


@dataclass(frozen=True)
class Synthetic:
    """Pairs painted by the fold's MetGAN: real anatomies with foreign real labels, taken in turn by recipe.

    Parameters
    ----------
    recipes : dict of LabelRecipe
        By the name of the folder. The paper's, section 4: single real labels, and two merged.
    most : float
        How many pairs are made, as a factor of the real training pairs; arms may ask for less.
    gate : GateLimits or None
        Of the gate that pairs must pass; None lets all pass.
    """

    recipes: Mapping[str, LabelRecipe]
    most: float
    gate: GateLimits | None = None

    def check(self, fold: Fold) -> None:
        """Refuse a fold with too few labels for a recipe."""
        for name in self.recipes:
            drafts = Drafts(self._request(fold, name, len(fold.train_entries)))
            for number in range(len(fold.train_entries)):
                drafts.draw(number)

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Give the first so many pairs, trained for and generated where they are not there yet.

        Raises
        ------
        SettingError
            When more are asked for than are made.
        """
        made = round(self.most * len(fold.split.train))
        if count > made:
            given = f"{count} synthetic pairs for {len(fold.split.train)} real ones"
            raise SettingError(given, f"at most {made}, which are {self.most} times as many", "Raise `most`")
        each = -(-made // len(self.recipes))
        sets = [self._generate(fold, name, each) for name in self.recipes]
        turns = chain.from_iterable(zip_longest(*(s.entries for s in sets)))
        chosen = [*islice((entry for entry in turns if entry is not None), count)]
        return _read(fold, sets, chosen)

    def _generate(self, fold: Fold, name: str, count: int) -> PairSet:
        out = fold.folder / ("gated" if self.gate else "synthetic") / name
        out.mkdir(parents=True, exist_ok=True)
        gate = fold.gate(self.gate) if self.gate else None
        return generate(fold.painter, self._request(fold, name, count), out, gate)

    def _request(self, fold: Fold, name: str, count: int) -> Generation:
        sources = fold.train_entries
        return Generation(sources, sources, self.recipes[name], count, fold.rules.seed)


def _read(fold: Fold, sets: list[PairSet], chosen: list[Entry]) -> list[Pair]:
    """Read the chosen pairs, named after their sets, and refuse those of a test group."""
    names = {entry.paths["label"]: f"{made.root.name}-{entry.name}" for made in sets for entry in made}
    wanted = PairSet(fold.folder, tuple(chosen)).read_all()
    pairs = [replace(p, entry=replace(p.entry, name=names[p.entry.paths["label"]])) for p in wanted]
    fold.refuse_leaks(pairs)
    return pairs


@dataclass(frozen=True)
class Pasted:
    """Real tumours pasted into other real training images: `metgan.data.paste`."""

    def check(self, fold: Fold) -> None:
        """Refuse a training part without a whole tumour."""
        self._givers(fold)

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Give the first so many pairs; every image is used once before any is used twice."""
        targets, givers, seed = fold.data.train, self._givers(fold), fold.rules.seed
        pairs = []
        for number in range(count):
            lap, place = divmod(number, len(targets))
            target = targets[int(stream(seed, "paste into", lap).permutation(len(targets))[place])]
            rng = stream(seed, "paste", number)
            others = [g for g in givers if g.entry.group != target.entry.group] or givers
            pair = paste(target, others[int(rng.integers(len(others)))], rng)
            pairs.append(replace(pair, entry=replace(pair.entry, name=f"pasted-{number:06d}")))
        fold.refuse_leaks(pairs)
        return pairs

    def _givers(self, fold: Fold) -> list[Pair]:
        givers = [pair for pair in fold.data.train if cut_tumours(pair.label)]
        if not givers:
            raise SettingError(
                f"fold {fold.number}, in whose training part every tumour is cut by an image's border",
                "one whole tumour or more, to paste",
                "Leave the arms with pasted tumours out",
            )
        return givers


_PAPERS: Final[dict[str, LabelRecipe]] = {"real": Real(), "merged": Merged(2)}
SOURCES: Final[dict[str, Source]] = {
    "synthetic": Synthetic(_PAPERS, most=2.0),
    "gated": Synthetic(_PAPERS, most=1.0, gate=GateLimits()),
    "pasted": Pasted(),
}
"""Where further pairs come from, by the name that arms call it."""
