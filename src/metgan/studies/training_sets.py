"""What a segmentation network is trained on: so much real, so much further, made and refined how.

A training set is composed of values; lists of them, the paper's Table 2 among them, are in
`metgan.studies.set_lists`, and what makes its further pairs in `metgan.studies.sources`.

Deviates: the paper counts images, which fits its own data set; here all counts are shares of the real
training pairs, so that the table means the same on ten pairs and on a thousand. Its 500 synthetic images
beside 810 real ones are about 0.6 times, its 1500 about twice as many. Pinned by
``test_counts_are_shares_of_the_real_training_pairs``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, cast, get_args

from metgan.errors import SettingError, UnknownNameError
from metgan.synthesis import order_steps
from metgan.transforms import STRONG, Augmentation

Making = Literal["generated", "streamed", "pasted"]
"""How further pairs are made: by the fold's MetGAN as a set or during training, or of real tumours alone."""
Step = Literal["contrast", "noise", "background", "insert"]
"""What brings generated pairs closer to real ones."""
Strength = Literal["none", "strong"]
"""Augmentation beside crops and the eight symmetries, which every training set has."""
Unlabelled = Literal["none", "negatives", "pseudo-labels", "teacher", "true-labels"]
"""What a segmentor learns of a fold's unlabelled pairs."""
Order = Literal["mixed", "balanced", "first"]
"""How further pairs come beside real ones."""
Anatomies = Literal["labelled", "unlabelled"]
"""Where the anatomies of generated pairs come from, and the tumour channels that some are inserted in."""
STEPS: Final[tuple[Step, ...]] = get_args(Step)
"""The steps in the order of names; they are applied in that of `metgan.synthesis.REFINE_STEPS`."""
_AUGMENTATIONS: Final[dict[Strength, Augmentation | None]] = {"none": None, "strong": STRONG}
_WORDS: Final[dict[Making, str]] = {"generated": "synthetic", "streamed": "streamed", "pasted": "pasted"}
_UNLABELLED: Final = get_args(Unlabelled)[1:]
_CHOICES: Final = {
    "made": get_args(Making),
    "augment": get_args(Strength),
    "unlabelled": get_args(Unlabelled),
    "anatomies": get_args(Anatomies),
    "order": get_args(Order),
}
_MOST_TIMES: Final = 10
_DIGITS: Final = 4  # decimals that a name can hold
AS_PAIRS: Final = ("negatives", "pseudo-labels")
"""Uses of unlabelled pairs that make pairs of them, beside the real ones."""
_MOST = 100.0
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_NAME = re.compile(
    rf"(?=.)(?:real-(?P<real>{_NUMBER}))?"
    rf"(?:(?:^|-)(?P<made>{'|'.join(_WORDS.values())})-(?P<synthetic>{_NUMBER})x)?"
    rf"(?P<gated>-gated)?(?P<oversampled>-oversampled)?(?P<refine>(?:-(?:{'|'.join(STEPS)}))*)"
    rf"(?P<anatomies>-unlabelled)?(?P<order>-first|-balanced)?(?:-(?P<unlabelled>{'|'.join(_UNLABELLED)}))?"
    r"(?P<augment>-strong)?(?:-(?P<times>\d{1,2})x-steps)?"
)


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """One training set for a segmentor.

    Parameters
    ----------
    real : float, in [0, 1], default 0
        Share of the fold's real training pairs, with four decimals at most; smaller shares lie within larger
        ones.
    synthetic : float, 0 to 100, default 0
        Number of further pairs, as a factor of the number of all real training pairs of the fold, with four
        decimals at most.
    made : {"generated", "streamed", "pasted"}
        How further pairs are made. "generated": by the fold's MetGAN, as a set. "streamed": by it while the
        training goes on, none twice, as often beside the real ones as they would come of a set. "pasted":
        without it, of real tumours in other real images.
    gated : bool, default False
        Whether generated pairs must pass a gate.
    oversampled : bool, default False
        Whether generated pairs show more of what the fold's segmentor misses.
    refine : tuple of {"contrast", "noise", "background", "insert"}, default ()
        What brings generated pairs closer to real ones, named in this order.
    augment : {"none", "strong"}
        Augmentation beside crops and the eight symmetries.
    unlabelled : {"none", "negatives", "pseudo-labels", "teacher", "true-labels"}
        What is learned of the fold's unlabelled pairs. "negatives": those in which a segmentor of the
        labelled pairs finds nothing, as pairs without a tumour. "pseudo-labels": what a teacher is sure of.
        "teacher": weak-to-strong consistency, see `metgan.training`. "true-labels": their labels, where they
        were only set apart: what can be won at most.
    anatomies : {"labelled", "unlabelled"}
        Where those of generated pairs come from. "unlabelled": from the fold's unlabelled pairs, as a teacher
        has pseudo-labelled them; MetGAN has then learned from these too.
    order : {"mixed", "balanced", "first"}
        How further pairs come beside real ones. "mixed": each pair as often as any. "balanced": real ones are
        repeated until they are as many. "first": further ones alone for the first part of the steps, see
        `metgan.training.TrainingData`, then real ones alone.
    times : int, 1 to 10, default 1
        How often the steps of the study are trained for.

    Raises
    ------
    SettingError, UnknownNameError
        For a training set without pairs, a value out of range, what is said of further pairs where there are
        none, or of generated ones where they are pasted, a stream without real pairs beside it, and steps
        twice or in another order.

    Examples
    --------
    >>> mixed = TrainingSet(real=0.25, synthetic=1, refine=("contrast", "background"))
    >>> mixed.name, mixed.title
    ('real-25-synthetic-1x-contrast-background', 'real 25 % + synthetic 1x (contrast, background)')
    >>> TrainingSet.parse("real-25-synthetic-1x-contrast-background") == mixed
    True
    """

    real: float = 0.0
    synthetic: float = 0.0
    made: Making = "generated"
    gated: bool = False
    oversampled: bool = False
    refine: tuple[Step, ...] = ()
    augment: Strength = "none"
    unlabelled: Unlabelled = "none"
    anatomies: Anatomies = "labelled"
    order: Order = "mixed"
    times: int = 1

    def __post_init__(self) -> None:
        for name, most in (("real", 1.0), ("synthetic", _MOST)):
            value = getattr(self, name)
            SettingError.unless_within(name, value, 0.0, most)
            if round(value, _DIGITS) != value:
                given, advice = f"{name} is {value!r}", f"Round it, to {round(value, _DIGITS)}"
                raise SettingError(given, f"{_DIGITS} decimals at most, so that names are short", advice)
        for name, words in _CHOICES.items():
            UnknownNameError.unless_known(f"value of {name}", words, getattr(self, name))
        SettingError.unless_within("times", self.times, 1, _MOST_TIMES)
        for name in ("gated", "oversampled"):
            if not isinstance(getattr(self, name), bool):
                given = f"{name} is {getattr(self, name)!r}"
                raise SettingError(given, "true or false", "Correct this value")
        _check_steps(self.refine)
        self._check_pairs()

    @classmethod
    def parse(cls, name: str) -> TrainingSet:
        """Return the training set of a name: the inverse of `name`.

        Raises
        ------
        UnknownNameError, SettingError
            For what is no name of a training set, or the name of none that makes sense.
        """
        found = _NAME.fullmatch(name)
        made = {word: made for made, word in _WORDS.items()}
        training_set = found and cls(
            real=float(Decimal(found["real"] or 0).scaleb(-2)),
            synthetic=float(found["synthetic"] or 0),
            made=made[found["made"] or _WORDS["generated"]],
            gated=bool(found["gated"]),
            oversampled=bool(found["oversampled"]),
            refine=tuple(step for step in STEPS if f"-{step}-" in f"{found['refine']}-"),
            augment="strong" if found["augment"] else "none",
            unlabelled=cast(Unlabelled, found["unlabelled"] or "none"),
            anatomies="unlabelled" if found["anatomies"] else "labelled",
            order=cast(Order, found["order"][1:] if found["order"] else "mixed"),
            times=int(found["times"] or 1),
        )
        if not training_set or training_set.name != name:
            raise UnknownNameError(
                f"unknown training set {name!r}",
                "a name such as real-25, synthetic-1x-contrast-background or real-100-pasted-1x-strong",
                "Write the parts of a name in the order of docs/studies.md",
            )
        return training_set

    @property
    def name(self) -> str:
        """As in file names, tables of numbers and lists; `parse` is its inverse."""
        real = [f"real-{_written(self.real, 2)}"] if self.real else []
        further = [f"{_WORDS[self.made]}-{_written(self.synthetic)}x"] if self.synthetic else []
        rest = [
            *([self.order] if self.order != "mixed" else []),
            *([self.unlabelled] if self.unlabelled != "none" else []),
            *(["strong"] if self.augment == "strong" else []),
            *([f"{self.times}x-steps"] if self.times > 1 else []),
        ]
        return "-".join([*real, *further, *self._ways, *rest])

    @property
    def uses_unlabelled(self) -> bool:
        """Whether it takes unlabelled pairs."""
        return self.unlabelled != "none" or self.anatomies == "unlabelled"

    @property
    def title(self) -> str:
        """As in tables and pictures."""
        return self._worded(f"real {_written(self.real, 2)} %", f" {_written(self.synthetic)}x", " + ")

    @property
    def line(self) -> str:
        """Name of the line in Fig. 4 that the training set is a point of: its title without numbers."""
        return self._worded("real", "", " and ")

    @property
    def making(self) -> str:
        """How its further pairs are made, as in the name of the folder that they lie in; "" for none."""
        return "-".join([_WORDS[self.made], *self._ways]) if self.synthetic else ""

    @property
    def augmentation(self) -> Augmentation | None:
        """How far images are changed at random, beside crops and the eight symmetries."""
        return _AUGMENTATIONS[self.augment]

    @property
    def _ways(self) -> list[str]:
        ways = {"gated": self.gated, "oversampled": self.oversampled}
        where = ["unlabelled"] if self.anatomies == "unlabelled" else []
        return [*(way for way, is_so in ways.items() if is_so), *self.refine, *where]

    def _worded(self, real: str, number: str, between: str) -> str:
        ways = [way for way in self._ways if way not in (*STEPS, "unlabelled")]
        steps = f" ({', '.join(self.refine)})" if self.refine else ""
        where = " in unlabelled scans" if self.anatomies == "unlabelled" else ""
        further = " ".join([*ways, _WORDS[self.made]]) + number + where + steps
        words = [*([real] if self.real else []), *([further] if self.synthetic else [])]
        words += [self.unlabelled.replace("-", " ")] if self.unlabelled != "none" else []
        said = {
            "balanced": self.order == "balanced",
            "further ones first": self.order == "first",
            "strong augmentation": self.augment == "strong",
            f"{self.times}x the steps": self.times > 1,
        }
        return ", ".join([between.join(words), *(word for word, is_so in said.items() if is_so)])

    def _check_pairs(self) -> None:
        if not self.real and not self.synthetic:
            given = "a training set with real=0 and synthetic=0"
            raise SettingError(given, "pairs, so that one is above 0", "Choose another share or factor")
        words = [*([self.made] if self.made != "generated" else []), *self._ways]
        if not self.synthetic and words:
            given = f"a training set with synthetic=0 and {', '.join(words)}"
            raise SettingError(given, "further pairs that this is said of", "Give synthetic, or leave it out")
        if self.made == "pasted" and self._ways:
            given = f"a training set of pasted pairs that are {', '.join(self._ways)}"
            advice = "Leave it out: pasted pairs are not generated"
            raise SettingError(given, "generated or streamed pairs", advice)
        if self.made == "streamed" and not self.real:
            given = "a training set of streamed pairs without real ones beside them"
            raise SettingError(given, "a share of real pairs", "Give real, or generated pairs")
        if self.made == "streamed" and self.gated:
            given = "a training set of streamed pairs that are gated"
            expected = "one of them: a stream cannot leave out what fails at the gate"
            raise SettingError(given, expected, "Ask for gated pairs as a set, with generated for made")
        if self.oversampled and "contrast" not in self.refine:
            given = "a training set that is oversampled without the step contrast"
            expected = "both: tumours get the contrasts of missed ones"
            raise SettingError(given, expected, "Add contrast to refine")
        self._check_unlabelled()
        order_steps(self.refine)

    def _check_unlabelled(self) -> None:
        if self.order != "mixed" and not (self.real and (self.synthetic or self.unlabelled in AS_PAIRS)):
            given = f"a training set of one kind of pairs in the order {self.order}"
            raise SettingError(given, "real pairs and further ones", "Leave order out")
        if self.order != "mixed" and self.made == "streamed":
            given = f"a training set of streamed pairs in the order {self.order}"
            raise SettingError(given, "pairs as a set: a stream mixes its own", "Leave order out")
        if self.anatomies == "unlabelled" and self.made == "pasted":
            given = "a training set of pasted pairs with unlabelled anatomies"
            raise SettingError(given, "generated pairs", "Leave anatomies out")
        if self.unlabelled not in ("none", "true-labels") and not self.real:
            given = f"a training set with {self.unlabelled} and without real pairs"
            raise SettingError(given, "a share of real pairs", "Give real")


def _check_steps(refine: object) -> None:
    if not isinstance(refine, tuple):
        given = f"refine is {refine!r}"
        raise SettingError(given, f"a list or tuple of {', '.join(STEPS)}", "Put it in brackets")
    for step in refine:
        UnknownNameError.unless_known("value of refine", STEPS, step)
    ordered = [step for step in STEPS if step in refine]
    if list(refine) != ordered:
        given = f"refine is {', '.join(refine)}"
        raise SettingError(
            given, f"steps once each, in the order {', '.join(STEPS)}", f"Write {','.join(ordered)}"
        )


def _written(value: float, shift: int = 0) -> str:
    """Return a number with its decimal point moved to the right, without idle zeros."""
    text = f"{Decimal(repr(float(value))).scaleb(shift):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


BASELINES: Final = (TrainingSet(real=1.0), TrainingSet(real=1.0, augment="strong"))
"""What every training set is tested against: all real data, and the most that costs nothing."""
