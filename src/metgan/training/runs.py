"""A training from data to model file: the segmentor's, and a method's."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from metgan import __version__
from metgan.errors import ArrayError
from metgan.io import replacing
from metgan.methods import Method, Players, Translations, build_players, trained_modules
from metgan.models import MODEL_FILE, Kind, ModelCard, load_segmentor, save_model
from metgan.networks import PRESETS, MetGen, PresetName, Segmentor, build, minimum_side

from .average import Average
from .batches import Batches
from .checkpoint import CHECKPOINT, RunState, load_checkpoint
from .curriculum import Curriculum
from .engine import Engine, seeded
from .history import History
from .loop import Pace, Training, Verdict
from .phases import Phase, gan_phases, segmentor_phases
from .recipe import Recipe
from .validation import ValidationSet, paint, sample_grid, validate_generator, validate_segmentor

Network = TypeVar("Network", bound=nn.Module)
VALIDATED = 32  # pairs at most, so that looking does not take longer than training


@dataclass(frozen=True)
class Order:
    """What to train, on what terms.

    Parameters
    ----------
    method : str
        A row of the catalogue, or "segmentor".
    preset : {"paper", "released", "small"}
    recipe : Recipe
    engine : Engine
    seed : int
    folder : Path
        The run folder; must be there.
    resume : bool
        Go on from ``last.ckpt`` where there is one.
    """

    method: str
    preset: PresetName
    recipe: Recipe
    engine: Engine
    seed: int
    folder: Path
    resume: bool = False


def check_segmentor_order(order: Order, data: Curriculum) -> None:
    """Refuse now, before anything is written, what `train_segmentor` would refuse later."""
    order.engine.check_device()
    _check_size(PRESETS[order.preset].segmentor.stride, data)
    _check_resumed(order, data)


def check_method_order(order: Order, data: Curriculum, method: Method, segmentor_run: Path | None) -> None:
    """Refuse now, before anything is written, what `train_method` would refuse later."""
    order.engine.check_device()
    _segmentor_for(method, segmentor_run, data)
    _check_size(minimum_side(PRESETS[order.preset].generator), data)
    _check_resumed(order, data)


def train_segmentor(order: Order, data: Curriculum) -> Path:
    """Train a segmentor on real tumour images and labels; gives its model file."""
    fabric = order.engine.fabric()
    spec = PRESETS[order.preset].segmentor
    _check_size(spec.stride, data)
    with seeded(order.engine, order.seed):
        segmentor = _placed(build(lambda: Segmentor(spec), order.seed), fabric.device)
        phases = segmentor_phases(segmentor, order.recipe.learning_rate)
        batches = _batches(order, data)
        watched = ValidationSet.of(data.val, data.normalisation, VALIDATED, fabric.device)
        card = _card("segmentor", order, data)
        training = Training(
            name="segmentor",
            folder=order.folder,
            fabric=fabric,
            phases=phases,
            material=lambda step: batches.at(step).to(fabric.device),
            after_step=lambda _: None,
            validate=lambda _: validate_segmentor(segmentor, watched),
            keep=lambda done: _save(order.folder, segmentor, replace(card, step=done)),
            pace=_pace(order.recipe, data),
            state=_state({"segmentor": segmentor}, phases, [], _identity(order, data)),
            columns=("segmentation", "val_dice"),
        )
        _run(training, order)
    return order.folder / MODEL_FILE


def train_method(order: Order, data: Curriculum, method: Method, segmentor_run: Path | None) -> Path:
    """Train a method's players; gives the generator's model file.

    The data is normalised as the segmentor's was, so that the segmentor reads fakes in exactly the
    units it was trained in (reference.md, section 4; pinned by
    ``test_a_generator_takes_over_the_normalisation_of_its_segmentor``).

    Raises
    ------
    LeakageError
        When the segmentor has seen a group of the test part.
    """
    fabric = order.engine.fabric()
    segmentor, data = _segmentor_for(method, segmentor_run, data)
    _check_size(minimum_side(PRESETS[order.preset].generator), data)
    with seeded(order.engine, order.seed):
        players = build_players(method, order.preset, segmentor, order.seed)
        learners = trained_modules(players)
        for network in (*learners.values(), *([segmentor] if segmentor else [])):
            _placed(network, fabric.device)
        average = Average(players.to_tumour, order.recipe.average)
        histories = [History(order.recipe.history, order.seed, k) for k in range(len(players.judges))]
        phases = gan_phases(method, players, order.recipe.learning_rate, histories)
        look = _Look(order, data, players, average, fabric.device)
        training = Training(
            name=method.name,
            folder=order.folder,
            fabric=fabric,
            phases=phases,
            material=look.translations,
            after_step=lambda step: average.update(players.to_tumour, step),
            validate=look.validate,
            keep=look.keep,
            pace=_pace(order.recipe, data),
            state=_state({**learners, "average": average.network}, phases, histories, _identity(order, data)),
            columns=look.columns(method),
        )
        _run(training, order)
    return order.folder / MODEL_FILE


class _Look:
    """What a GAN's training looks at: its translations, validation pictures and the weights to keep."""

    def __init__(
        self, order: Order, data: Curriculum, players: Players, average: Average[MetGen], device: torch.device
    ) -> None:
        self.order, self.data, self.players, self.average, self.device = order, data, players, average, device
        self.batches = _batches(order, data)
        self.watched = ValidationSet.of(data.val, data.normalisation, VALIDATED, device)

    def translations(self, step: int) -> Translations:
        batch = self.batches.at(step).to(self.device)
        return Translations(self.players, batch.anatomy, batch.tumour, batch.label)

    def validate(self, done: int) -> Verdict:
        painted = paint(self.average.network, self.watched)
        with replacing(self.order.folder / "samples" / f"step-{done:07d}.png") as temporary:
            temporary.write_bytes(sample_grid(painted, self.watched))
        return validate_generator(painted, self.players.segmentor, self.watched)

    def keep(self, done: int) -> None:
        card = _card("generator", self.order, self.data)
        _save(self.order.folder, self.average.network, replace(card, step=done))

    def columns(self, method: Method) -> tuple[str, ...]:
        terms = tuple(term.name for term in method.terms)
        return (*terms, *self.players.judges_by_name, "val_dice", "val_mae", "val_ssim")


def _segmentor_for(method: Method, run: Path | None, data: Curriculum) -> tuple[Segmentor | None, Curriculum]:
    if run is None or not method.needs_segmentor:
        return None, data
    segmentor, card = load_segmentor(run)
    card.refuse_to_have_seen(data.groups_test, "training")
    return segmentor, replace(data, normalisation=card.normalisation)


def _resumes(order: Order) -> bool:
    return order.resume and (order.folder / CHECKPOINT).is_file()


def _check_resumed(order: Order, data: Curriculum) -> None:
    if _resumes(order):
        load_checkpoint(order.folder, _identity(order, data))


def _run(training: Training[Any], order: Order) -> None:
    if _resumes(order):
        training.state.load(order.folder, training.fabric.device)
    training.run()


def _state(
    modules: Mapping[str, nn.Module], phases: Sequence[Phase[Any]], histories: list[History], identity: str
) -> RunState:
    return RunState(modules, {phase.name: phase.optimiser for phase in phases}, histories, identity)


def _batches(order: Order, data: Curriculum) -> Batches:
    crop = min(order.recipe.crop, data.smallest_side)
    return Batches(data.train, data.normalisation, order.recipe.batch_size, crop, order.seed)


def _pace(recipe: Recipe, data: Curriculum) -> Pace:
    steps = recipe.length(len(data.train))
    every = max(1, steps // recipe.validations)
    return Pace(steps, recipe.learning_rate, recipe.constant_share, every)


def _identity(order: Order, data: Curriculum) -> str:
    """Everything that decides a run's bytes, so that a resumed run cannot differ."""
    names = ",".join(pair.entry.name for pair in (*data.train, *data.val))
    data_name = f"data={zlib.crc32(names.encode()):08x}"
    engine = f"precision={order.engine.precision}"
    return f"{order.method} {order.preset} seed={order.seed} {engine} {data_name} {order.recipe}"


def _card(kind: Kind, order: Order, data: Curriculum) -> ModelCard:
    return ModelCard(
        kind=kind,
        method=order.method,
        preset=order.preset,
        normalisation=data.normalisation,
        groups_seen=data.groups_seen,
        step=0,
        seed=order.seed,
        metgan=__version__,
    )


def _save(folder: Path, network: nn.Module, card: ModelCard) -> None:
    save_model(folder / MODEL_FILE, network.state_dict(), card)


def _placed(network: Network, device: torch.device) -> Network:
    """Move to the device, in the memory layout that convolutions are fastest in."""
    network.to(device=device)
    for weight in network.parameters():
        if weight.dim() == 4:  # (outputs, inputs, Y, X)
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    return network


def _check_size(least: int, data: Curriculum) -> None:
    if data.smallest_side < least:
        raise ArrayError(
            f"the smallest image side is {data.smallest_side} pixels",
            f"at least {least}, the minimum of this network",
            "Cut larger crops with metgan prepare --crop, or use --preset small",
        )
