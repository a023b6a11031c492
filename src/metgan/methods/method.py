"""A method is data: which generator, whether it cycles, what its discriminator sees, and its terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from metgan.errors import SettingError

if TYPE_CHECKING:
    from torch import Tensor

    from metgan.networks import GeneratorName

    from .translations import Translations


class Term(Protocol):
    """One summand of the generators' loss: Eq. (3) of the paper.

    ``weight`` is the paper's alpha; the call gives the unweighted scalar.
    """

    @property
    def name(self) -> str:
        """Name of its column in the log."""

    @property
    def weight(self) -> float:
        """The paper's alpha."""

    @property
    def needs_cycle(self) -> bool:
        """Whether it can only be asked of a cyclic method."""

    @property
    def needs_segmentor(self) -> bool:
        """Whether it reads the segmentor."""

    def __call__(self, step: Translations) -> Tensor:
        """Return the unweighted loss of one step, a scalar."""


@dataclass(frozen=True)
class Method:
    """One row of the table of methods.

    Parameters
    ----------
    name : str
        As on the command line.
    title : str
        As in the paper's tables.
    generator : {"metgen", "metgen-nearest", "metgen-six", "pix2pix", "resnet"}
        Which architecture translates: a row of `metgan.networks.GENERATORS`.
    cyclic : bool
        Whether a second generator leads back from tumour to anatomy.
    discriminator : {"plain", "conditional"}
        Whether a discriminator sees the image alone, or input, label and image.
    terms : tuple of Term
        The generators' loss.
    source : str
        Where the row is described.
    """

    name: str
    title: str
    generator: GeneratorName
    cyclic: bool
    discriminator: Literal["plain", "conditional"]
    terms: tuple[Term, ...]
    source: str

    def __post_init__(self) -> None:
        if not self.cyclic:
            for term in self.terms:
                if term.needs_cycle:
                    raise SettingError(
                        f"method {self.name!r} has the term {term.name!r} and no cycle",
                        "a cyclic method, or terms that need no cycle",
                        "Set cyclic=True or drop the term",
                    )

    @property
    def needs_segmentor(self) -> bool:
        """Whether any term reads a segmentor."""
        return any(term.needs_segmentor for term in self.terms)
