"""Where an arm's further pairs come from: painted by a fold's MetGAN, or pasted from its real tumours.

A source gives pairs in one fixed order, and an arm takes the first of them. All arms of a fold therefore
share one generation, and a larger set holds the smaller one, as lines over the number of samples suggest.
The streamed ones alone are made for one training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol, overload

from metgan.data import Pair, paste
from metgan.errors import SettingError
from metgan.labels import Bank, LabelRecipe, Merged, Mixed, Real, cut_tumours
from metgan.seeding import stream
from metgan.synthesis import PASSED, Drafts, GateLimits, Generation, Mix, PairStream, aim, generate
from metgan.training import Curriculum

from .fold import Fold

Look = Literal["", "grained", "matched", "aimed", "residue", "inlaid"]


class Source(Protocol):
    """Makes training pairs from the training part of a fold."""

    def check(self, fold: Fold, *, anew: bool) -> None:
        """Refuse, before anything is written, a fold that no pairs can be made from."""
        ...  # a protocol has no body

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> Curriculum:
        """Give what is trained on: real pairs, and so many further ones beside them.

        Parameters
        ----------
        fold : Fold
        real : sequence of Pair
            May be empty.
        count : int
            How many further pairs.
        draws : int
            How many pairs the training draws.
        """
        ...  # a protocol has no body


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
        "grained" gives painted images the noise of the real training images; "matched" moreover dims tumours
        to the contrasts of real ones, and "aimed" asks for more of what the fold's segmentor misses, see
        `metgan.synthesis.aim`. "residue" dims likewise, and lays over what painting cannot know, see
        `metgan.synthesis.Residue`. "inlaid" adds tumours, dimmed likewise, to the real tumour channel, see
        `metgan.synthesis.inlay`. "" leaves all to the painter.
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
        _check_drafts(fold, self._sources(fold, len(fold.train_entries)))
        if self.look in _DIMMED:
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
        request = _request(fold, self.recipe, count)
        if self.look == "residue":
            return replace(request, grain=fold.grain, donors=fold.train_entries)
        return replace(request, inlaid=self.look == "inlaid")

    def _request(self, fold: Fold) -> Generation:
        request = self._sources(fold, round(self.most * len(fold.train_entries)))
        if self.look in _DIMMED:
            request = replace(request, contrasts=fold.contrasts)
        if self.look not in _GRAINED:
            return request
        request = replace(request, grain=fold.grain)
        return aim(request, fold.weak_spots) if self.look == "aimed" else request


@dataclass(frozen=True)
class Streamed:
    """Pairs painted while the training goes on, none of them twice: `metgan.synthesis.PairStream`."""

    recipe: LabelRecipe

    def check(self, fold: Fold, *, anew: bool) -> None:
        """Refuse a fold whose painter cannot be trained, or with too few labels for the recipe."""
        fold.check_painter(anew=anew)
        _check_drafts(fold, _request(fold, self.recipe, len(fold.train_entries)))

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> Curriculum:
        """Give a stream with real and painted pairs in the ratio of those there would be of a set."""
        if not real:
            given = "streamed pairs without real ones beside them"
            raise SettingError(given, "a share of real pairs", "Give the arm some")
        mix = Mix(count / (len(real) + count), turned=False)
        pairs = PairStream(fold.painter, _request(fold, self.recipe, draws), [p.entry for p in real], mix)
        return replace(fold.data, train=real, fresh=Fresh(pairs, fold, draws))


@dataclass(frozen=True)
class Fresh(Sequence[Pair]):
    """As many pairs as a training draws, each made when it is asked for, whole and in camera units."""

    stream: PairStream
    fold: Fold
    draws: int

    def __str__(self) -> str:
        return f"{self.draws} of {self.stream}"

    def __len__(self) -> int:
        return self.draws

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | list[Pair]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(self.draws))]
        if not 0 <= index < self.draws:
            raise IndexError(index)
        pair = self.stream.whole(index)
        self.fold.refuse_leaks([pair])
        return pair


@dataclass(frozen=True)
class Pasted:
    """Real tumours pasted into other real training images: `metgan.data.paste`.

    Never into their own: an image that alone has whole tumours gives to all others, and is given none.
    """

    def check(self, fold: Fold, *, anew: bool) -> None:  # noqa: ARG002  # nothing is trained for it
        """Refuse a training part without a whole tumour, or without another image to paste it into."""
        self._targets(fold, self._givers(fold))

    def join(self, fold: Fold, real: Sequence[Pair], count: int, draws: int) -> Curriculum:  # noqa: ARG002
        """Give the real pairs and the first so many pasted ones."""
        return replace(fold.data, train=[*real, *self.pairs(fold, count)])

    def pairs(self, fold: Fold, count: int) -> list[Pair]:
        """Give the first so many pairs; every target is used once before any is used twice."""
        givers, seed = self._givers(fold), fold.rules.seed
        targets = self._targets(fold, givers)
        pairs = []
        for number in range(count):
            lap, place = divmod(number, len(targets))
            target = targets[int(stream(seed, "paste into", lap).permutation(len(targets))[place])]
            rng = stream(seed, "paste", number)
            others = [g for g in givers if g.entry.name != target.entry.name]
            others = [g for g in others if g.entry.group != target.entry.group] or others
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

    def _targets(self, fold: Fold, givers: list[Pair]) -> list[Pair]:
        alone = givers[0].entry.name if len(givers) == 1 else None
        targets = [pair for pair in fold.data.train if pair.entry.name != alone]
        if not targets:
            raise SettingError(
                f"fold {fold.number}, whose training part is the single pair {alone}",
                "another pair, to paste its tumours into",
                "Leave the arms with pasted tumours out",
            )
        return targets


def _request(fold: Fold, recipe: LabelRecipe, count: int) -> Generation:
    return Generation(fold.train_entries, fold.train_entries, recipe, count, fold.rules.seed)


def _check_drafts(fold: Fold, request: Generation) -> None:
    """Make a draft for every anatomy, or for the one with the fewest labels where drawing takes long."""
    lap: Sequence[int] = range(len(fold.train_entries))
    drafts = Drafts(request)
    if isinstance(request.recipe, Bank):
        lap = [min(lap, key=lambda number: len(drafts.foreign_to(drafts.source_of(number))))]
    for number in lap:
        drafts.draw(number)


_GRAINED: Final = ("grained", "matched", "aimed")
_DIMMED: Final = ("matched", "residue", "inlaid")
_PAPERS: Final = Mixed((Real(), Merged(2)))  # section 4: single real labels, or several merged
SOURCES: Final[dict[str, Source]] = {
    "synthetic": Synthetic("synthetic", _PAPERS, most=2.0),
    "gated": Synthetic("gated", _PAPERS, most=1.25, gate=GateLimits()),  # room for those that fail
    "streamed": Streamed(_PAPERS),
    "grained": Synthetic("grained", _PAPERS, most=1.0, look="grained"),
    "matched": Synthetic("matched", Bank(), most=1.0, look="matched"),
    "aimed": Synthetic("aimed", Bank(), most=1.0, look="aimed"),
    "residue": Synthetic("residue", Bank(), most=2.0, look="residue"),
    "inlaid": Synthetic("inlaid", Bank(counts=(1, 1)), most=2.0, look="inlaid"),  # beside the image's own
    "pasted": Pasted(),
}
"""Where further pairs come from, by the name that arms call it."""
