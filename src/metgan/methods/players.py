"""The networks that play: two generators, their judges, and a segmentor that only watches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from torch import nn

from metgan.errors import SettingError
from metgan.networks import PRESETS, Generator, PatchGAN, PresetName, Segmentor, build, make_generator
from metgan.seeding import stream

from .method import Method


@dataclass(frozen=True)
class WayBack:
    """The way back of a cyclic method: to_anatomy and its judge."""

    to_anatomy: Generator
    judge_anatomy: PatchGAN


@dataclass(frozen=True)
class Players:
    """All networks of a method; `way_back` is None where the method has no cycle."""

    to_tumour: Generator
    judge_tumour: PatchGAN
    way_back: WayBack | None
    segmentor: Segmentor | None
    judges_see_condition: bool

    @property
    def is_cyclic(self) -> bool:
        """Whether there is a way back from tumour to anatomy."""
        return self.way_back is not None

    @property
    def to_anatomy(self) -> Generator:
        """The generator back to anatomy, for a term that needs it."""
        if self.way_back is None:
            raise SettingError("a cycle asked of a method without one", "a cyclic method", "Drop the term")
        return self.way_back.to_anatomy

    @property
    def generators(self) -> Mapping[str, nn.Module]:
        """The generators by name; the one to use afterwards stands first."""
        back = {"to_anatomy": self.way_back.to_anatomy} if self.way_back else {}
        return {"to_tumour": self.to_tumour, **back}

    @property
    def judges_by_name(self) -> Mapping[str, nn.Module]:
        """The judges by name, in the order of `Translations.evidence`."""
        back = {"judge_anatomy": self.way_back.judge_anatomy} if self.way_back else {}
        return {"judge_tumour": self.judge_tumour, **back}

    @property
    def judges(self) -> list[nn.Module]:
        """The judges, in the order of `Translations.evidence`."""
        return [*self.judges_by_name.values()]


def build_players(method: Method, preset: PresetName, segmentor: Segmentor | None, seed: int) -> Players:
    """Build fresh players for a method, and freeze its segmentor.

    Raises
    ------
    SettingError
        When the method has a segmentation term and no segmentor is given.
    """
    if method.needs_segmentor and segmentor is None:
        raise SettingError(
            f"method {method.name} without a segmentor", "a pretrained segmentor", "Train one first"
        )
    judge = replace(PRESETS[preset].judge, channels=3 if method.judge == "conditional" else 1)

    def generator(name: str) -> Generator:
        return build(lambda: make_generator(method.generator, preset), _seed_of(name, seed))

    def a_judge(name: str) -> PatchGAN:
        return build(lambda: PatchGAN(judge), _seed_of(name, seed))

    way_back = WayBack(generator("to_anatomy"), a_judge("judge_anatomy")) if method.cyclic else None
    return Players(
        to_tumour=generator("to_tumour"),
        judge_tumour=a_judge("judge_tumour"),
        way_back=way_back,
        segmentor=freeze(segmentor) if segmentor is not None and method.needs_segmentor else None,
        judges_see_condition=method.judge == "conditional",
    )


def _seed_of(player: str, seed: int) -> int:
    """Give each player a seed of its own; with neighbouring ones, a player would begin as another run's."""
    return int(stream(seed, f"weights {player}").integers(2**63))


def freeze(segmentor: Segmentor) -> Segmentor:
    """Make a segmentor a passive player: eval mode and no gradients on its weights.

    Deviates: the release leaves it in training mode, so its batch statistics drift with the fakes
    ("not modified during training", paper, section 3). Pinned by
    ``test_training_leaves_the_segmentor_as_it_was``.
    """
    segmentor.eval()
    segmentor.requires_grad_(False)
    return segmentor


def trained_modules(players: Players) -> Mapping[str, nn.Module]:
    """Give every player that learns, by name."""
    return {**players.generators, **players.judges_by_name}
