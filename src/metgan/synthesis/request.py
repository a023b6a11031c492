"""What is asked for: sources, recipe, number and seed, and how generated images shall look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metgan.data import Entry, HeldOut
from metgan.errors import SettingError
from metgan.io import refuse_lookalikes
from metgan.labels import LabelRecipe
from metgan.seeding import check_seed

from .contrasts import Contrasts
from .noise import NoiseModel

_SOURCES = "the set of anatomies and labels"
MOST_PAIRS = 1_000_000
"""Most pairs of a set: their names have six digits, and are in the order of their numbers."""
_WHOLE = {"anatomy", "tumour", "label"}


@dataclass(frozen=True)
class GenerationRequest:
    """A request for pairs: sources, recipe, number and seed.

    Parameters
    ----------
    anatomies : sequence of Entry
        With an image ``anatomy``.
    labels : sequence of Entry
        With an image ``label``; empty labels are not used. None is needed by a recipe that needs none.
    recipe : LabelRecipe
    count : int, 1 to 1000000
    seed : int, 0 to 2**53 - 1
    contrasts : Contrasts or None, default None
        Of the tumours; None leaves them to the generator.
    noise : NoiseModel or None, default None
        Noise of the camera that generated images are given; None leaves them smooth.
    donors : sequence of Entry, default ()
        Real pairs, each with its three images: generated images are given the background of one of them, on
        the scale of `noise`, instead of noise alone. See `metgan.synthesis.BackgroundResidual`.
    inserted : bool, default False
        Whether tumours are added to the anatomies' real tumour channel, beside its own tumours; then each
        of `anatomies` has an image ``tumour`` and a ``label`` too. See `metgan.synthesis.insert_tumours`.
    any_part : bool, default False
        Whether the sources may be of what the generator's run tests on: nothing will be tested on it then.

    Raises
    ------
    SettingError
        For less than one pair, no anatomy, sources whose groups differ only in case or blanks, an anatomy to
        insert tumours in or a donor that was generated or lacks an image, donors without noise, or noise for
        what has its camera's already.
    """

    anatomies: Sequence[Entry]
    labels: Sequence[Entry]
    recipe: LabelRecipe
    count: int
    seed: int
    contrasts: Contrasts | None = None
    noise: NoiseModel | None = None
    donors: Sequence[Entry] = ()
    inserted: bool = False
    any_part: bool = False

    def __str__(self) -> str:
        backgrounds = f"backgrounds of {len(self.donors)} images" if self.donors else None
        parts = (self.recipe, self.contrasts, self.noise, backgrounds, "inserted" if self.inserted else None)
        return ", ".join(str(part) for part in parts if part is not None)

    def __post_init__(self) -> None:
        SettingError.unless_within("count", self.count, 1, MOST_PAIRS)
        check_seed(self.seed)
        if not self.anatomies:
            raise SettingError("no anatomies to generate tumours in", "at least one image", "Give some")
        sources = (*self.anatomies, *self.labels, *self.donors)
        refuse_lookalikes([group for entry in sources for group in entry.made_of_groups], "groups", _SOURCES)
        _refuse_unreal(self.donors, "take backgrounds from")
        if self.donors and self.noise is None:
            given = f"{len(self.donors)} pairs to take backgrounds from, and no noise to scale them by"
            raise SettingError(given, "both", "Give NoiseModel.measured of these pairs")
        if not self.inserted:
            return
        _refuse_unreal(self.anatomies, "insert tumours in")
        if self.noise is not None:
            given = "noise for inserted tumours, whose background has its camera's"
            raise SettingError(given, "one of the two", "Leave the noise out")

    def refuse_held_out(self, held_out: HeldOut, further: Sequence[Entry] = ()) -> None:
        """Refuse sources, and further pairs beside them, that a run holds out; see `any_part`."""
        if not self.any_part:
            held_out.refuse(
                (*self.anatomies, *self.labels, *self.donors, *further), "generating training pairs"
            )


def _refuse_unreal(entries: Sequence[Entry], purpose: str) -> None:
    """Refuse generated pairs, and pairs that lack an image."""
    if generated := [entry.name for entry in entries if entry.is_generated]:
        given = f"generated images to {purpose}: {', '.join(generated[:5])}"
        raise SettingError(given, "real pairs", "Give the pair set that the generator was trained on")
    if bare := [entry.name for entry in entries if not entry.paths.keys() >= _WHOLE]:
        given = f"pairs that lack a channel or a label, to {purpose}: {', '.join(bare[:5])}"
        raise SettingError(given, "pairs of both channels and a label", "Give a pair set")
