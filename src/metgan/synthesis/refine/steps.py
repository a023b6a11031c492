"""The steps of refinement, and the order in which they are applied.

A step learns from real training pairs, once for a request (`measure`). What one pair gets of it is drawn
from a random stream of the pair's own (`draw`). Then it changes the images of the pair (`apply`).

Notes
-----
The decision a reader would question is that nothing is drawn when a step is applied. Which real pair lends
its background must be known before, since it is generated again in one batch with the pairs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

import numpy as np

from metgan.data import Entry, FillValues, Pair, entries_of
from metgan.errors import EmptyDrawError, SettingError, UnknownNameError
from metgan.labels import find_tissue
from metgan.objects import sizes
from metgan.types import Camera, Mask

from .background import BackgroundResidual, choose_donor
from .contrast import Contrasts, match_contrasts
from .insert import insert_tumours
from .noise import NoiseModel


@dataclass(frozen=True, eq=False)
class PairImages:
    """The images of one pair as a step finds them, and as it leaves them; all (Y, X).

    Parameters
    ----------
    name : str
        Of the anatomy, for messages.
    anatomy : Camera
    asked : Mask
        Where tumours were asked for, at least one.
    filled : Mask
        Where nothing was imaged, so that nothing is added.
    tumour : Camera
        The tumour channel so far.
    tumour_free : Camera or None
        The same without the tumours that were asked for; None where no step `needs_tumour_free`.
    real_tumour : Camera or None
        The anatomy's real tumour channel; None where nothing is inserted in it.
    residual : BackgroundResidual or None
        Of the donor; None where there is none.
    """

    name: str
    anatomy: Camera
    asked: Mask
    filled: Mask
    tumour: Camera
    tumour_free: Camera | None = None
    real_tumour: Camera | None = None
    residual: BackgroundResidual | None = None


class RefineStep(ABC):
    """One step of refinement.

    Attributes
    ----------
    name : str
        In options, tables and messages.
    purpose : str
        Of the random stream that it draws from: see `metgan.seeding.stream`.
    needs_tumour_free : bool
        Whether it needs the same tissue generated without tumours.
    is_measured : bool
        Whether it learns from real pairs.
    """

    name: ClassVar[str]
    purpose: ClassVar[str]
    needs_tumour_free: ClassVar[bool] = False
    is_measured: ClassVar[bool] = True

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:  # noqa: ARG003
        """Return the step with what it learns from real training pairs.

        Parameters
        ----------
        real : sequence of Pair
        fill : FillValues or None
            What the generator's training set was filled in with: see `metgan.data.Pair.filled`.

        Raises
        ------
        SettingError
            When there is nothing to learn it from.
        """
        return cls()

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with what is drawn for one pair, of its anatomy and label (Y, X).

        Raises
        ------
        SettingError
            When no other pair can lend its background.
        """
        return self

    @abstractmethod
    def apply(self, images: PairImages) -> PairImages:
        """Return the images of a pair as this step, drawn for the pair, leaves them."""


@dataclass(frozen=True)
class Insert(RefineStep):
    """Generated tumours are added to the anatomy's real tumour channel: see `insert_tumours`."""

    name = "insert"
    purpose = "insert"
    needs_tumour_free = True
    is_measured = False

    def __str__(self) -> str:
        return "insert"

    def apply(self, images: PairImages) -> PairImages:
        """Return the real channel with the tumours, and without them: that surrounds them from here on.

        Raises
        ------
        EmptyDrawError
            When they add no light to it; another label may.
        """
        real, tumour_free = images.real_tumour, images.tumour_free
        assert real is not None
        assert tumour_free is not None
        tumour = insert_tumours(real, images.tumour, tumour_free, images.asked)
        if np.array_equal(tumour, real):
            raise EmptyDrawError(
                f"the tumours generated in {images.name} are nowhere brighter than its tissue",
                "light to add to the real image",
                "Train the model longer, or leave this anatomy out",
            )
        return replace(images, tumour=tumour, tumour_free=real)


@dataclass(frozen=True)
class Contrast(RefineStep):
    """Each tumour is brought to the contrast of a real one: see `match_contrasts`.

    Parameters
    ----------
    contrasts : Contrasts
        To draw from.
    asked : tuple of float
        What was drawn for one pair, one for each of its tumours.
    """

    name = "contrast"
    purpose = "contrast"
    needs_tumour_free = True

    contrasts: Contrasts
    asked: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"contrast: {self.contrasts}"

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:
        """Return the step with the contrasts of real tumours, each as likely."""
        return cls(Contrasts.measured((pair.label, pair.tumour, pair.filled(fill)) for pair in real))

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with a contrast for each tumour."""
        return replace(self, asked=tuple(self.contrasts.draw(rng) for _ in sizes(asked)))

    def apply(self, images: PairImages) -> PairImages:
        """Return the images with tumours of less light or more."""
        assert images.tumour_free is not None
        measure = self.contrasts.measure
        tumour = match_contrasts(
            images.tumour, images.tumour_free, images.asked, self.asked, images.filled, measure
        )
        return replace(images, tumour=tumour)


@dataclass(frozen=True)
class Noise(RefineStep):
    """The noise of the camera is added, which generators leave out.

    Parameters
    ----------
    model : NoiseModel
    seed : int
        What was drawn for one pair: it decides the noise.
    """

    name = "noise"
    purpose = "grain"

    model: NoiseModel
    seed: int = 0

    def __str__(self) -> str:
        return str(self.model)

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:
        """Return the step with the noise of real images away from tumours."""
        return cls(NoiseModel.measured((pair.label | pair.filled(fill), pair.tumour) for pair in real))

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with a seed of its own."""
        return replace(self, seed=int(rng.integers(2**63)))

    def apply(self, images: PairImages) -> PairImages:
        """Return the images with the noise that they lack."""
        rng = np.random.default_rng(self.seed)
        return replace(images, tumour=self.model.add(images.tumour, rng, images.filled))


@dataclass(frozen=True)
class Background(RefineStep):
    """The threads, dust and noise of a real image are laid over: see `BackgroundResidual`.

    Parameters
    ----------
    model : NoiseModel
        Of the real images.
    donors : sequence of Entry
        Real pairs, each with its three images, that lend their background; at least one.
    donor : Entry or None
        The one that was drawn for one pair.
    seed : int
        Likewise drawn: it decides how the background is mirrored and shifted.

    Raises
    ------
    SettingError
        Without donors.
    """

    name = "background"
    purpose = "grain"

    model: NoiseModel
    donors: Sequence[Entry]
    donor: Entry | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.donors:
            raise SettingError("no real pairs to take backgrounds from", "some", "Give their entries")

    def __str__(self) -> str:
        return f"background: {len(self.donors)} images, {self.model}"

    @classmethod
    def measure(cls, real: Sequence[Pair], fill: FillValues | None = None) -> Self:
        """Return the step with the noise of real images, each of which lends its background."""
        return cls(Noise.measure(real, fill).model, tuple(entries_of(real)))

    def draw(self, source: Entry, asked: Mask, rng: np.random.Generator) -> Self:  # noqa: ARG002
        """Return the step with a donor for the pair, and a seed of its own."""
        seed = int(rng.integers(2**63))
        return replace(self, donor=choose_donor(self.donors, source, rng), seed=seed)

    def apply(self, images: PairImages) -> PairImages:
        """Return the images with the background of the donor."""
        assert images.residual is not None
        tissue, rng = find_tissue(images.anatomy), np.random.default_rng(self.seed)
        return replace(images, tumour=images.residual.lay_over(images.tumour, tissue, rng, images.filled))


REFINE_STEPS: Final[Mapping[str, type[RefineStep]]] = {
    step.name: step for step in (Insert, Contrast, Noise, Background)
}
"""The steps by name, in the order in which they are applied.

A contrast is that to what surrounds a tumour in the end, so tumours are inserted before; and light that is
multiplied must not take the noise with it, so noise and background come last.
"""
_NEEDLESS: Final = (
    ("noise", "background", "a real background brings its own noise"),
    ("noise", "insert", "the background of inserted tumours is real already"),
    ("background", "insert", "the background of inserted tumours is real already"),
)


def order_steps(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of steps in the order in which they are applied, see `REFINE_STEPS`.

    Raises
    ------
    UnknownNameError
        For a name that no step has.
    SettingError
        For a step that is named twice, or that has nothing to add to another.

    Examples
    --------
    >>> order_steps(["background", "contrast"])
    ('contrast', 'background')
    """
    given = f"refine {','.join(names)}"
    for name in names:
        if name not in REFINE_STEPS:
            raise UnknownNameError.listing("refine step", name, REFINE_STEPS)
        if names.count(name) > 1:
            raise SettingError(given, f"{name} once", f"Leave one {name} out")
    for needless, other, why in _NEEDLESS:
        if needless in names and other in names:
            raise SettingError(given, f"one of {needless} and {other}: {why}", f"Leave {needless} out")
    return tuple(name for name in REFINE_STEPS if name in names)


def measure_steps(
    names: Sequence[str], real: Sequence[Pair], fill: FillValues | None = None
) -> tuple[RefineStep, ...]:
    """Return steps by their names, in order, with what they learn from real training pairs.

    Raises
    ------
    UnknownNameError, SettingError
        As for `order_steps`, and when there is nothing to learn a step from.
    """
    return tuple(REFINE_STEPS[name].measure(real, fill) for name in order_steps(names))
