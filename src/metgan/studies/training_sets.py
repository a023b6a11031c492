"""What a segmentation network is trained on: the rows of Table 2 of the paper, and fair rivals, as data.

A training set is a row of one table. A new kind of further pairs needs a row here and a source in
`metgan.studies.sources`.

Deviates: the paper counts images, which fits its own data set; here all counts are shares of the real
training pairs, so that the table means the same on ten pairs and on a thousand. Its 500 synthetic images
beside 810 real ones are about 0.6 times, its 1500 about twice as many. Pinned by
``test_counts_are_shares_of_the_real_training_pairs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from metgan.errors import SettingError, UnknownNameError
from metgan.transforms import STRONG, Augmentation

SourceName = Literal[
    "", "synthetic", "gated", "streamed", "noisy", "matched", "aimed", "background", "inserted", "pasted"
]
"""Where further pairs come from; "" for none."""


@dataclass(frozen=True)
class TrainingSet:
    """One training set for a segmentor.

    Parameters
    ----------
    name, title : str
        As in file names and options, and as in tables.
    real : float, in [0, 1]
        Share of the fold's real training pairs; smaller shares lie within larger ones.
    extra : float, 0 or more
        Number of further pairs, as a factor of the number of all real training pairs of the fold.
    source : str
        Row of `metgan.studies.sources.SOURCES` that makes the further pairs; "" for none.
    augmentation : Augmentation or None
        Beside crops and the eight symmetries, which every training set has.

    Raises
    ------
    SettingError
        For a training set without pairs, or with further pairs and no source, or the other way round.
    """

    name: str
    title: str
    real: float = 0.0
    extra: float = 0.0
    source: SourceName = ""
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.real <= 1 or self.extra < 0 or self.real + self.extra == 0:
            given = f"training set {self.name!r} with real={self.real} and extra={self.extra}"
            raise SettingError(given, "a share in [0, 1] and a factor from 0, not both 0", "Correct the row")
        if bool(self.source) != (self.extra > 0):
            given = f"training set {self.name!r} with extra={self.extra} from source {self.source!r}"
            raise SettingError(given, "a source exactly where there are further pairs", "Correct the row")

    @property
    def line(self) -> str:
        """Name of the line in Fig. 4 that the training set is a point of."""
        words = ["real"] if self.real else []
        if self.source:
            words = ["mixed"] if self.real and self.source == "synthetic" else [*words, self.source]
        return " and ".join(words) + (", strong augmentation" if self.augmentation else "")


_ROWS: Final = (
    TrainingSet("real-25", "real, 25 %", real=0.25),
    TrainingSet("real-35", "real, 35 %", real=0.35),
    TrainingSet("real-50", "real, 50 %", real=0.5),
    TrainingSet("real-100", "real, 100 %", real=1.0),
    TrainingSet("synthetic-0.5x", "synthetic, half as many", extra=0.5, source="synthetic"),
    TrainingSet("synthetic-1x", "synthetic, as many", extra=1.0, source="synthetic"),
    TrainingSet("synthetic-2x", "synthetic, twice as many", extra=2.0, source="synthetic"),
    TrainingSet("mixed-25-1x", "real 25 % + synthetic 1x", real=0.25, extra=1.0, source="synthetic"),
    TrainingSet("mixed-50-1x", "real 50 % + synthetic 1x", real=0.5, extra=1.0, source="synthetic"),
    TrainingSet("mixed-100-1x", "real 100 % + synthetic 1x", real=1.0, extra=1.0, source="synthetic"),
    TrainingSet("mixed-100-2x", "real 100 % + synthetic 2x", real=1.0, extra=2.0, source="synthetic"),
    TrainingSet("gated-100-1x", "real 100 % + gated synthetic 1x", real=1.0, extra=1.0, source="gated"),
    TrainingSet(
        "streamed-100-1x", "real 100 % + streamed synthetic 1x", real=1.0, extra=1.0, source="streamed"
    ),
    TrainingSet("noisy-1x", "synthetic with noise, as many", extra=1.0, source="noisy"),
    TrainingSet("noisy-100-1x", "real 100 % + synthetic with noise 1x", real=1.0, extra=1.0, source="noisy"),
    TrainingSet("matched-100-1x", "real 100 % + matched synthetic 1x", real=1.0, extra=1.0, source="matched"),
    TrainingSet("aimed-100-1x", "real 100 % + aimed synthetic 1x", real=1.0, extra=1.0, source="aimed"),
    TrainingSet("background-1x", "synthetic with real backgrounds, as many", extra=1.0, source="background"),
    TrainingSet(
        "background-2x", "synthetic with real backgrounds, twice as many", extra=2.0, source="background"
    ),
    TrainingSet(
        "background-100-1x",
        "real 100 % + synthetic with backgrounds 1x",
        real=1.0,
        extra=1.0,
        source="background",
    ),
    TrainingSet(
        "background-100-2x",
        "real 100 % + synthetic with backgrounds 2x",
        real=1.0,
        extra=2.0,
        source="background",
    ),
    TrainingSet("inserted-1x", "real images with an inserted tumour, as many", extra=1.0, source="inserted"),
    TrainingSet("inserted-100-1x", "real 100 % + inserted 1x", real=1.0, extra=1.0, source="inserted"),
    TrainingSet("inserted-100-2x", "real 100 % + inserted 2x", real=1.0, extra=2.0, source="inserted"),
    TrainingSet("real-100-strong", "real 100 %, strong augmentation", real=1.0, augmentation=STRONG),
    TrainingSet("pasted-100-1x", "real 100 % + pasted 1x", real=1.0, extra=1.0, source="pasted"),
    TrainingSet(
        "mixed-100-1x-strong",
        "real 100 % + synthetic 1x, strong augmentation",
        real=1.0,
        extra=1.0,
        source="synthetic",
        augmentation=STRONG,
    ),
    TrainingSet(
        "inserted-100-1x-strong",
        "real 100 % + inserted 1x, strong augmentation",
        real=1.0,
        extra=1.0,
        source="inserted",
        augmentation=STRONG,
    ),
)
TRAINING_SETS: Final[dict[str, TrainingSet]] = {row.name: row for row in _ROWS}
"""The training sets by name: the paper's Table 2, and from ``gated-100-1x`` on what it did not ask."""
NAMED_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "all": tuple(TRAINING_SETS),
    "quick-set": (
        "real-25",
        "real-100",
        "synthetic-1x",
        "background-1x",
        "background-100-1x",
        "real-100-strong",
    ),
}
"""Training sets that are asked together, by the name of the set."""
BASELINES: Final = ("real-100", "real-100-strong")
"""What every training set is tested against: all real data, and the most that costs nothing."""


def find_training_sets(names: str) -> list[TrainingSet]:
    """Return the training sets of a set, or of names with commas between them.

    Examples
    --------
    >>> [training_set.title for training_set in find_training_sets("real-100,synthetic-1x")]
    ['real, 100 %', 'synthetic, as many']
    >>> len(find_training_sets("all"))
    28
    """
    if names in NAMED_LISTS:
        return [TRAINING_SETS[name] for name in NAMED_LISTS[names]]
    given = dict.fromkeys(name.strip() for name in names.split(","))
    for name in given:
        if name not in TRAINING_SETS:
            raise UnknownNameError.listing("training set", name, [*NAMED_LISTS, *TRAINING_SETS])
    return [TRAINING_SETS[name] for name in given]
