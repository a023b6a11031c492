"""The options of label recipes, and the recipe that they ask for.

An option that the recipe does not use is refused: someone who gives it expects it to do something.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

from metgan.checked import Checked
from metgan.errors import SettingError
from metgan.labels import (
    LARGEST_AREA,
    MOST_MERGED,
    MOST_TUMOURS,
    Bank,
    File,
    Grown,
    LabelRecipe,
    Merged,
    Real,
    SizeDistribution,
    Spacing,
    Variation,
)

from .ranges import ABOVE_ZERO, SHARE, check_ranges

_SPREAD = 0.5


@dataclass(frozen=True)
class RecipeChoice(Checked):
    """How labels are made; options that the chosen recipe does not use are refused.

    Parameters
    ----------
    recipe : {"real", "merged", "bank", "grown", "file"} or None
        "real": one real label. "merged": several, merged into one. "bank": single tumours out of real labels,
        varied and placed elsewhere inside tissue. "grown": simulated tumours inside tissue. "file": your own
        masks as they are, each of its anatomy's size. Default: real, or merged with --merge above 1.
    merge : int or None
        merged: how many labels become one, 1 or more. Default: 2.
    turn : bool or None
        real, merged, bank, file: turn and mirror at random. Default: yes; no for file.
    scale : tuple of float, or None
        bank: smallest and largest factor of a tumour's diameter, above 0. Default: 0.8 1.25.
    elastic : float or None
        bank: root mean square shift in pixels by which a tumour is bent, 0 or more. Default: 1.
    areas : tuple of float, or None
        grown: smallest, median and largest area in pixels, 1 or more. Default: fitted to the labels.
    diameters_um : tuple of float, or None
        grown: smallest, median and largest diameter in micrometres, instead of --areas.
    pixel_size_um : float or None
        grown: edge of a pixel in micrometres, for --diameters-um.
    size_spread : float or None
        grown: standard deviation of the natural logarithm of the diameter, 0 or more, with --areas or
        --diameters-um. Default: 0.5.
    infiltration : tuple of float, or None
        grown: most compact and most ragged tumour, in [0, 1]. Default: 0 0.4.
    tumours : tuple of int, or None
        bank, grown: fewest and most tumours of an image. Default: as many as in real labels.
    margin : int or None
        bank, grown: pixels along the border that stay free, 0 or more. Default: 1.
    gap : int or None
        bank, grown: free pixels between two tumours; 0 lets them touch. Default: 1.
    """

    recipe: Literal["real", "merged", "bank", "grown", "file"] | None = None
    merge: int | None = None
    turn: bool | None = None
    scale: tuple[float, float] | None = None
    elastic: float | None = None
    areas: tuple[float, float, float] | None = None
    diameters_um: tuple[float, float, float] | None = None
    pixel_size_um: float | None = None
    size_spread: float | None = None
    infiltration: tuple[float, float] | None = None
    tumours: tuple[int, int] | None = None
    margin: int | None = None
    gap: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(
            self,
            merge=(1, MOST_MERGED),
            scale=(0.01, 100.0),
            areas=(1.0, float(LARGEST_AREA)),
            diameters_um=ABOVE_ZERO,
            pixel_size_um=ABOVE_ZERO,
            size_spread=(0.0, 50.0),
            infiltration=SHARE,
            tumours=(1, MOST_TUMOURS),
        )

    def make(self) -> LabelRecipe:
        """Return the recipe.

        Raises
        ------
        SettingError
            When an option is given that the recipe does not use, or a value is out of range.
        """
        name = self.recipe or ("merged" if (self.merge or 1) > 1 else "real")
        used, build = _RECIPES[name]
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        is_default = self.recipe is None and self.merge == 1  # one label merged is the recipe real
        idle = [n for n in given if n not in ("recipe", *used) and not (is_default and n == "merge")]
        if idle:
            others = {n: [r for r, (theirs, _) in _RECIPES.items() if n in theirs] for n in idle}
            takers = (f"{_option(n)} ({', '.join(those)})" for n, those in others.items())
            raise SettingError(
                f"{', '.join(map(_option, idle))} with the recipe {name}",
                f"the options that it uses: {', '.join(map(_option, used))}",
                f"Leave it out, or choose a --recipe that takes it: {', '.join(takers)}",
            )
        return build(self)


def _bank(choice: RecipeChoice) -> Bank:
    variation = Variation(**_given(scale=choice.scale, elastic=choice.elastic, turned=choice.turn))
    return Bank(variation, _spacing(choice), choice.tumours)


def _grown(choice: RecipeChoice) -> Grown:
    shape = _given(infiltration=choice.infiltration)
    return Grown(sizes=_sizes(choice), spacing=_spacing(choice), counts=choice.tumours, **shape)


def _spacing(choice: RecipeChoice) -> Spacing:
    return Spacing(**_given(margin=choice.margin, gap=choice.gap))


def _sizes(choice: RecipeChoice) -> SizeDistribution | None:
    """Return the areas asked for, or None for those of real labels."""
    areas, diameters, pixel = choice.areas, choice.diameters_um, choice.pixel_size_um
    if (areas and diameters) or (diameters is None) != (pixel is None):
        sizes = {"areas": areas, "diameters_um": diameters, "pixel_size_um": pixel}
        raise SettingError(
            " with ".join(f"{_option(name)} {value}" for name, value in sizes.items() if value is not None),
            "either --areas, or --diameters-um with --pixel-size-um",
            "Give sizes in one unit",
        )
    spread = _SPREAD if choice.size_spread is None else choice.size_spread
    if areas:
        smallest, median, largest = areas
        return SizeDistribution(median, 2 * spread, round(smallest), round(largest))
    if diameters is not None and pixel is not None:
        smallest, median, largest = diameters
        return SizeDistribution.from_diameters_um(median, spread, smallest, largest, pixel)
    if choice.size_spread is not None:
        given = f"--size-spread {choice.size_spread} alone"
        raise SettingError(given, "sizes that it belongs to", "Give --areas or --diameters-um too")
    return None


def _given(**settings: Any) -> dict[str, Any]:
    """Return the settings that were given, so that the recipe's own defaults hold for the others."""
    return {name: value for name, value in settings.items() if value is not None}


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_PLANTED = ("tumours", "margin", "gap")
_RECIPES: dict[str, tuple[tuple[str, ...], Callable[[RecipeChoice], LabelRecipe]]] = {
    "real": (("turn",), lambda choice: Real(**_given(turned=choice.turn))),
    "merged": (("merge", "turn"), lambda choice: Merged(**_given(count=choice.merge, turned=choice.turn))),
    "bank": (("turn", "scale", "elastic", *_PLANTED), _bank),
    "grown": (("areas", "diameters_um", "pixel_size_um", "size_spread", "infiltration", *_PLANTED), _grown),
    "file": (("turn",), lambda choice: File(**_given(turned=choice.turn))),
}

REAL_LABELS = RecipeChoice()
