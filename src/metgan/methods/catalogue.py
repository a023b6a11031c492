"""Every method as a row of one table; weights are those of the paper, section 3.

The tolerance is ours; `Segmentation` says why.
"""

from __future__ import annotations

from typing import Final

from metgan.errors import UnknownNameError

from .method import Method
from .terms import Adversarial, Cycle, Paired, Segmentation

_ROWS = (
    Method(
        name="metgan",
        title="MetGAN",
        generator="metgen",
        cyclic=True,
        judge="plain",
        terms=(Adversarial(1), Cycle(10), Segmentation(100, tolerance=0.5), Paired(10)),
        source="Horvath et al. 2021, Eq. (3), alpha 1-4 in section 3; the tolerance is ours",
    ),
)
CATALOGUE: Final[dict[str, Method]] = {row.name: row for row in _ROWS}
"""The table of methods by name."""


def find_method(name: str) -> Method:
    """Give the row of that name; an unknown one is answered with the known names."""
    if name not in CATALOGUE:
        raise UnknownNameError.listing("method", name, CATALOGUE)
    return CATALOGUE[name]
