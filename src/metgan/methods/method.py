"""A method is data: which generator, whether it cycles, what its discriminator sees, and its terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from metgan.errors import SettingError, UnknownNameError
from metgan.networks import GENERATORS, GeneratorName

if TYPE_CHECKING:
    from torch import Tensor

    from .translations import Translations

Discriminator = Literal["plain", "conditional"]
"""What a discriminator sees: the image alone, or input, label and image."""


class Term(ABC):
    """One summand of the generators' loss: Eq. (3) of the paper. The call gives the unweighted scalar.

    Attributes
    ----------
    name : str
        Name of its column in the log.
    weight : float
        The paper's alpha.
    needs_cycle : bool
        Whether it can only be asked of a cyclic method.
    needs_segmentor : bool
        Whether it reads the segmentor.
    """

    name: ClassVar[str]
    weight: float
    needs_cycle: ClassVar[bool] = False
    needs_segmentor: ClassVar[bool] = False

    @abstractmethod
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

    Raises
    ------
    UnknownNameError
        For a generator or a discriminator that there is not.
    SettingError
        For a cycle term without a cycle, and for two terms of one name: the log has a column for each.
    """

    name: str
    title: str
    generator: GeneratorName
    cyclic: bool
    discriminator: Discriminator
    terms: tuple[Term, ...]
    source: str

    def __post_init__(self) -> None:
        UnknownNameError.unless_known("generator", GENERATORS, self.generator)
        UnknownNameError.unless_known("discriminator", get_args(Discriminator), self.discriminator)
        names = [term.name for term in self.terms]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise SettingError(
                f"method {self.name!r} with several terms {twice[0]!r}",
                "a name of its own for each, which is its column in the log",
                "Add their weights, or give one of them another name",
            )
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
