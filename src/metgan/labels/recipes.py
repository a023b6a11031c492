"""The label recipes by name."""

from __future__ import annotations

from .drawn import LabelRecipe
from .kept import File, Merged, Real
from .planted import Bank, Grown

RECIPES: dict[str, type[LabelRecipe]] = {recipe.name: recipe for recipe in (Real, Merged, Bank, Grown, File)}
"""Each recipe by its `name`, from the most real to the most free, and the user's own masks last."""
