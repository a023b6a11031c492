"""The steps of refinement by name, and the order in which they are applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from metgan.data import FillValues, Pair
from metgan.errors import SettingError, UnknownNameError

from .background import Background
from .contrast import Contrast
from .insert import Insert
from .noise import Noise
from .step import RefineStep

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
    if isinstance(names, str):
        raise SettingError(f"refine is {names!r}", "a tuple of names of steps", f"Write ({names!r},)")
    given = f"refine {','.join(names)}"
    for name in names:
        UnknownNameError.unless_known("refine step", REFINE_STEPS, name)
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
