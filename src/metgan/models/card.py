"""What must be known of a network besides its weights, to use it rightly.

The card travels in the weights' file: a model without its normalisation generates in the wrong units, and
one without the groups it has seen cannot be tested honestly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from metgan.data import Normalisation, refuse_seen
from metgan.errors import StorageError
from metgan.networks import GENERATORS, PRESETS, GeneratorName, PresetName

Kind = Literal["generator", "segmentor", "discriminator"]
"""What a stored network is."""
LEAST_DICE: Final = 0.2
"""Validation Dice below which a network has not learned to place, or to read, tumours: a choice."""

_DIGITS: Final = 4


@dataclass(frozen=True)
class ModelCard:
    """The card of one trained network.

    Parameters
    ----------
    kind : {"generator", "segmentor", "discriminator"}
    method : str
        Row of the catalogue; "segmentor" for one.
    generator : str
        Row of `metgan.networks.GENERATORS`; "" for a segmentor.
    preset : {"paper", "released", "small"}
        Size of the network.
    normalisation : Normalisation
    groups_seen : tuple of str
        Groups of the pairs it was trained and chosen on.
    segmentor : str
        Fingerprint of the segmentor that held a generator to its labels, or chose its weights; "" for none.
    step : int
        Training step of these weights.
    steps : int
        Length of the training as it was planned; the longest, where it may end early.
    seed : int
    metgan : str
        Version that wrote it.
    val_dice : float or None, default None
        Pooled Dice of these weights on the validation part, in [0, 1]. Of a segmentor: of the labels and what
        it reads in the real images. Of a generator: of the labels and what the segmentor reads in the
        generated images. None where nobody has read them: without a segmentor, without a tumour in the
        validation part, in models from before it was noted.
    val_mae, val_flat_mae : float or None, default None
        Of a generator: mean absolute error of its images of the validation part, on [-1, 1], fill left out,
        and that of flat images of the training mean. None where the training was too short to judge (see
        `metgan.training.least_steps`).
    segmentor_seed : int or None, default None
        Of a generator: the seed of the segmentor that `segmentor` names.
    """

    kind: Kind
    method: str
    generator: GeneratorName | Literal[""]
    preset: PresetName
    normalisation: Normalisation
    groups_seen: tuple[str, ...]
    segmentor: str
    step: int
    steps: int
    seed: int
    metgan: str
    val_dice: float | None = None
    val_mae: float | None = None
    val_flat_mae: float | None = None
    segmentor_seed: int | None = None

    @property
    def warning(self) -> str:
        """What whoever uses this network should be told; "" for nothing."""
        return "; and ".join(text for text in (self._unlearned(), self._flat()) if text)

    @property
    def places_no_tumours(self) -> bool:
        """Whether the validation part shows that tumours are not placed, or not read, where they are."""
        return self.val_dice is not None and self.val_dice < LEAST_DICE

    def _unlearned(self) -> str:
        if not self.places_no_tumours:
            return ""
        read = f"(validation Dice {self.val_dice:.2f}, {LEAST_DICE:g} or more is expected)"
        if self.kind == "segmentor":
            return f"it finds hardly any tumour of the validation part {read}; train it longer"
        return (
            f"it has not learned to place tumours where the label is {read}; train it longer, on larger "
            "crops, or with a segmentor that has learned more"
        )

    def _flat(self) -> str:
        if not (worse := worse_than_flat(self.val_mae, self.val_flat_mae)):
            return ""
        return (
            f"its validation images {worse}; train it longer, and check that validation and training images "
            "are stained and exposed alike"
        )

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> ModelCard:
        """Rebuild from `dataclasses.asdict`, as it stands in a model's metadata.

        Raises
        ------
        StorageError
            When the content is of another version or not a card.
        """
        try:
            values = dict(content)
            values["normalisation"] = Normalisation.from_dict(values["normalisation"])
            values["groups_seen"] = tuple(values["groups_seen"])
            card = cls(**values)
        except (KeyError, TypeError, ValueError) as error:
            raise _not_a_card(f"a model card that cannot be read ({error})") from error
        if card.preset not in [*PRESETS]:
            raise _not_a_card(f"a model of unknown preset {card.preset!r}")
        if card.generator not in ["", *GENERATORS] or (card.kind == "generator") == (card.generator == ""):
            raise _not_a_card(f"a {card.kind} with the unknown architecture {card.generator!r}")
        return card

    def refuse_to_have_seen(self, groups: Iterable[str], purpose: str) -> None:
        """Refuse a network that was trained on any of `groups`, for a purpose: `metgan.data.refuse_seen`."""
        refuse_seen(f"the {self.kind} for {purpose}", self.groups_seen, groups)


def worse_than_flat(error: float | None, flat: float | None) -> str:
    """Say that images with a mean absolute error are worse than flat ones; "" where they are not, or unknown.

    Parameters
    ----------
    error, flat : float or None
        Mean absolute errors on [-1, 1], of generated images and of flat images of the training mean. They
        are compared in the digits that are told.

    Examples
    --------
    >>> worse_than_flat(0.31, 0.25)
    'are further from the real ones than a flat image of the training mean (MAE 0.3100 against 0.2500)'
    >>> worse_than_flat(0.25, 0.25), worse_than_flat(None, None)
    ('', '')
    """
    if error is None or flat is None or not round(error, _DIGITS) > round(flat, _DIGITS):  # or nan
        return ""
    return (
        "are further from the real ones than a flat image of the training mean "
        f"(MAE {error:.{_DIGITS}f} against {flat:.{_DIGITS}f})"
    )


def _not_a_card(given: str) -> StorageError:
    return StorageError(given, "a model of this version of metgan", "Train it again")
