"""What a segmentation network is trained on: the rows of Table 2 of the paper, and fair rivals, as data.

An arm is a row of one table. A new kind of further pairs needs a row here and a source in
`metgan.studies.sources`.

Deviates: the paper counts images, which fits its own data set; here all counts are shares of the real
training pairs, so that the table means the same on ten pairs and on a thousand. Its 500 synthetic images
beside 810 real ones are about 0.6 times, its 1500 about twice as many. Pinned by
``test_counts_are_shares_of_the_real_training_pairs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from metgan.data import STRONG, Augmentation
from metgan.errors import SettingError, UnknownNameError

SourceName = Literal[
    "", "synthetic", "gated", "streamed", "grained", "matched", "aimed", "residue", "inlaid", "pasted"
]
"""Where further pairs come from; "" for none."""


@dataclass(frozen=True)
class Arm:
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
        Beside crops and the eight symmetries, which every arm has.

    Raises
    ------
    SettingError
        For an arm without pairs, or with further pairs and no source, or the other way round.
    """

    name: str
    title: str
    real: float = 0.0
    extra: float = 0.0
    source: SourceName = ""
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.real <= 1 or self.extra < 0 or self.real + self.extra == 0:
            given = f"arm {self.name!r} with real={self.real} and extra={self.extra}"
            raise SettingError(given, "a share in [0, 1] and a factor from 0, not both 0", "Correct the row")
        if bool(self.source) != (self.extra > 0):
            given = f"arm {self.name!r} with extra={self.extra} from source {self.source!r}"
            raise SettingError(given, "a source exactly where there are further pairs", "Correct the row")

    @property
    def line(self) -> str:
        """Name of the line in Fig. 4 that the arm is a point of."""
        words = ["real"] if self.real else []
        if self.source:
            words = ["mixed"] if self.real and self.source == "synthetic" else [*words, self.source]
        return " and ".join(words) + (", strong augmentation" if self.augmentation else "")


_ROWS: Final = (
    Arm("real-25", "real, 25 %", real=0.25),
    Arm("real-35", "real, 35 %", real=0.35),
    Arm("real-50", "real, 50 %", real=0.5),
    Arm("real-100", "real, 100 %", real=1.0),
    Arm("synthetic-0.5x", "synthetic, half as many", extra=0.5, source="synthetic"),
    Arm("synthetic-1x", "synthetic, as many", extra=1.0, source="synthetic"),
    Arm("synthetic-2x", "synthetic, twice as many", extra=2.0, source="synthetic"),
    Arm("mixed-25-1x", "real 25 % + synthetic 1x", real=0.25, extra=1.0, source="synthetic"),
    Arm("mixed-50-1x", "real 50 % + synthetic 1x", real=0.5, extra=1.0, source="synthetic"),
    Arm("mixed-100-1x", "real 100 % + synthetic 1x", real=1.0, extra=1.0, source="synthetic"),
    Arm("mixed-100-2x", "real 100 % + synthetic 2x", real=1.0, extra=2.0, source="synthetic"),
    Arm("gated-100-1x", "real 100 % + gated synthetic 1x", real=1.0, extra=1.0, source="gated"),
    Arm("streamed-100-1x", "real 100 % + streamed synthetic 1x", real=1.0, extra=1.0, source="streamed"),
    Arm("grained-1x", "synthetic with grain, as many", extra=1.0, source="grained"),
    Arm("grained-100-1x", "real 100 % + synthetic with grain 1x", real=1.0, extra=1.0, source="grained"),
    Arm("matched-100-1x", "real 100 % + matched synthetic 1x", real=1.0, extra=1.0, source="matched"),
    Arm("aimed-100-1x", "real 100 % + aimed synthetic 1x", real=1.0, extra=1.0, source="aimed"),
    Arm("residue-1x", "synthetic with real residues, as many", extra=1.0, source="residue"),
    Arm("residue-2x", "synthetic with real residues, twice as many", extra=2.0, source="residue"),
    Arm("residue-100-1x", "real 100 % + synthetic with residues 1x", real=1.0, extra=1.0, source="residue"),
    Arm("residue-100-2x", "real 100 % + synthetic with residues 2x", real=1.0, extra=2.0, source="residue"),
    Arm("inlaid-1x", "real images with an inlaid tumour, as many", extra=1.0, source="inlaid"),
    Arm("inlaid-100-1x", "real 100 % + inlaid 1x", real=1.0, extra=1.0, source="inlaid"),
    Arm("inlaid-100-2x", "real 100 % + inlaid 2x", real=1.0, extra=2.0, source="inlaid"),
    Arm("real-100-strong", "real 100 %, strong augmentation", real=1.0, augmentation=STRONG),
    Arm("pasted-100-1x", "real 100 % + pasted 1x", real=1.0, extra=1.0, source="pasted"),
    Arm(
        "mixed-100-1x-strong",
        "real 100 % + synthetic 1x, strong augmentation",
        real=1.0,
        extra=1.0,
        source="synthetic",
        augmentation=STRONG,
    ),
    Arm(
        "inlaid-100-1x-strong",
        "real 100 % + inlaid 1x, strong augmentation",
        real=1.0,
        extra=1.0,
        source="inlaid",
        augmentation=STRONG,
    ),
)
ARMS: Final[dict[str, Arm]] = {row.name: row for row in _ROWS}
"""The arms by name: Table 2 of the paper, and from ``gated-100-1x`` on what the paper did not ask."""
ARM_SETS: Final[dict[str, tuple[str, ...]]] = {
    "all": tuple(ARMS),
    "quick-set": (
        "real-25",
        "real-100",
        "synthetic-1x",
        "residue-1x",
        "residue-100-1x",
        "real-100-strong",
    ),
}
"""Arms that are asked together, by the name of the set."""
YARDSTICKS: Final = ("real-100", "real-100-strong")
"""What every arm is tested against: all real data, and the most that costs nothing."""


def find_arms(names: str) -> list[Arm]:
    """Give the arms of a set, or of names with commas between them.

    Examples
    --------
    >>> [arm.title for arm in find_arms("real-100,synthetic-1x")]
    ['real, 100 %', 'synthetic, as many']
    >>> len(find_arms("all"))
    28
    """
    if names in ARM_SETS:
        return [ARMS[name] for name in ARM_SETS[names]]
    given = dict.fromkeys(name.strip() for name in names.split(","))
    for name in given:
        if name not in ARMS:
            raise UnknownNameError.listing("arm", name, [*ARM_SETS, *ARMS])
    return [ARMS[name] for name in given]
