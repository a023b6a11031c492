"""Further pairs without any generator: real tumours pasted into other real images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from metgan.data import JoinedPairs, Pair, paste
from metgan.errors import SettingError
from metgan.objects import cut_tumours
from metgan.seeding import stream
from metgan.training import TrainingData

from .fold import Fold


@dataclass(frozen=True)
class Pasted:
    """Real tumours pasted into other real training images: `metgan.data.paste`.

    Never into their own: an image that alone has whole tumours gives to all others, and is given none.
    """

    def check(self, fold: Fold, count: int, *, anew: bool) -> None:  # noqa: ARG002  # nothing is trained
        """Refuse a training part without a whole tumour, or without another image to paste it into."""
        self._targets(fold, self._givers(fold))

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> TrainingData:  # noqa: ARG002
        """Return the real pairs and the first so many pasted ones."""
        return replace(fold.data, train=JoinedPairs(real, self.pairs(fold, count)))

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Return the first so many pairs; every target is used once before any is used twice."""
        givers, seed = self._givers(fold), fold.rules.seed
        targets = self._targets(fold, givers)
        pairs = []
        for number in range(count):
            epoch, place = divmod(number, len(targets))
            target = targets[int(stream(seed, "paste into", epoch).permutation(len(targets))[place])]
            rng = stream(seed, "paste", number)
            others = [g for g in givers if g.entry.name != target.entry.name]
            others = [g for g in others if g.entry.group != target.entry.group] or others
            units = fold.data.normalisation
            pair = paste(target, others[int(rng.integers(len(others)))], rng, units.fill)
            pair = replace(pair, tumour=units.bound(pair.tumour, "tumour"))
            pairs.append(replace(pair, entry=replace(pair.entry, name=f"pasted-{number:06d}")))
        fold.refuse_leaks(pairs)
        return pairs

    def _givers(self, fold: Fold) -> list[Pair]:
        givers = [pair for pair in fold.data.train if cut_tumours(pair.label)]
        if not givers:
            raise SettingError(
                f"fold {fold.number}, in whose training part every tumour is cut by an image's border",
                "one whole tumour or more, to paste",
                "Leave the training sets with pasted tumours out",
            )
        return givers

    def _targets(self, fold: Fold, givers: list[Pair]) -> list[Pair]:
        alone = givers[0].entry.name if len(givers) == 1 else None
        targets = [pair for pair in fold.data.train if pair.entry.name != alone]
        if not targets:
            raise SettingError(
                f"fold {fold.number}, whose training part is the single pair {alone}",
                "another pair, to paste its tumours into",
                "Leave the training sets with pasted tumours out",
            )
        return targets
