"""Training a method's players, from data and a segmentor to the generator's model file."""

from __future__ import annotations

from pathlib import Path

import torch

from metgan.io import fingerprint, replacing
from metgan.methods import (
    Lights,
    Method,
    Players,
    Translations,
    build_players,
    freeze,
    trained_modules,
)
from metgan.models import MODEL_FILE, load_segmentor, model_path, save_model
from metgan.networks import Generator, Segmentor, least_training_side

from .average import Average
from .checkpoint import Identity, RunState
from .curriculum import Curriculum
from .diagnosis import collect, explain, find_reasons
from .engine import place, seeded
from .first_steps import FirstSteps
from .history import History
from .loop import Training, Verdict
from .order import Order
from .phases import gan_phases
from .recipe import GanRecipe, least_steps
from .validation import ValidationSet, faithful_enough, paint, sample_grid, validate_generator


def check_method_order(
    order: Order[GanRecipe], data: Curriculum, method: Method, segmentor_run: Path | None
) -> None:
    """Refuse now, before anything is written, what `train_method` would refuse later.

    A segmentor that is still to be trained may be missing.
    """
    _, name, data = _segmentor_for(segmentor_run, data)
    least = least_training_side(method.generator, order.preset, order.recipe.batch_size)
    order.check(data, least, _beside(method, name))


def train_method(
    order: Order[GanRecipe], data: Curriculum, method: Method, segmentor_run: Path | None
) -> Path:
    """Train a method's players; gives the generator's model file.

    The data is normalised as the segmentor's was, so that the segmentor reads fakes in exactly the
    units it was trained in (reference.md, section 4; pinned by
    ``test_a_generator_takes_over_the_normalisation_of_its_segmentor``). A method without a segmentation
    term uses a segmentor for its validations alone, and need not have one. The weights that are kept are the
    last, averaged, as in the paper. To choose among earlier ones by the few animals that are validated gave
    images less like those of other animals (docs/results.md).

    Raises
    ------
    LeakageError
        When the segmentor has seen a group of the test part.
    """
    check_method_order(order, data, method, segmentor_run)
    fabric = order.engine.fabric()
    segmentor, read_by, data = _segmentor_for(segmentor_run, data)
    with seeded(order.engine, order.seed):
        players = build_players(method, order.preset, segmentor, order.seed)
        players.to_tumour.begin_at(data.start("tumour"))
        if players.is_cyclic:
            players.to_anatomy.begin_at(data.start("anatomy"))
        learners = trained_modules(players)
        for network in (*learners.values(), *([segmentor] if segmentor else [])):
            place(network, fabric.device)
        average = Average(players.to_tumour, order.recipe.average)
        histories = [History(order.recipe.history, order.seed, k) for k in range(len(players.judges))]
        phases = gan_phases(method, players, order.recipe, histories, FirstSteps(order.folder))
        modules = {**learners, "average": average.network}
        look = _Look(order, data, players, average, segmentor, fabric.device)

        def keep(done: int, verdict: Verdict) -> None:
            card = order.card("generator", data, done, verdict.dice, method.generator, read_by)
            save_model(order.folder / MODEL_FILE, average.network.state_dict(), card)

        Training(
            name=method.name,
            folder=order.folder,
            fabric=fabric,
            phases=phases,
            material=look.translations,
            after_step=lambda step: average.update(players.to_tumour, step),
            validate=look.validate,
            keep=keep,
            pace=order.pace(data),
            state=RunState.of(modules, phases, histories, order.identity(data, _beside(method, read_by))),
            columns=look.columns(method),
            diagnose=look.diagnose,
            keeps_last=True,
        ).run(resume=order.resumes, steps=order.new_length(data))
    return order.folder / MODEL_FILE


def _beside(method: Method, segmentor: str) -> Identity:
    row = {"generator": method.generator, "cyclic": str(method.cyclic), "judge": method.judge}
    return {**row, "terms": repr(method.terms), "segmentor": segmentor or "none"}


class _Look:
    """What a GAN's training looks at: its translations, validation pictures and the weights to keep."""

    def __init__(
        self,
        order: Order[GanRecipe],
        data: Curriculum,
        players: Players,
        average: Average[Generator],
        segmentor: Segmentor | None,
        device: torch.device,
    ) -> None:
        self.folder, self.players, self.average, self.device = order.folder, players, average, device
        self.segmentor = freeze(segmentor) if segmentor else None
        self.batches = order.batches(data)
        self.recipe, self.seed = order.recipe, order.seed
        self.train, self.advice, self.is_short = data.train, _advise(order, data), _is_short(order, data)
        self.watched = ValidationSet.of(data, device)
        self.enough = faithful_enough(self.segmentor, self.watched) if self.segmentor else 1.0

    def translations(self, step: int) -> Translations:
        batch = self.batches.at(step).to(self.device)
        lights = Lights(
            judges=self.recipe.judge_light.at(self.seed, "judges", step),
            painter=self.recipe.anatomy_light.at(self.seed, "painter", step),
        )
        images = batch.anatomy, batch.tumour, batch.label
        return Translations(self.players, *images, lights, batch.fill_mask(self.watched.normalisation))

    def validate(self, done: int) -> Verdict:
        self.painted = paint(self.average.network, self.watched)
        with replacing(self.folder / "samples" / f"step-{done:07d}.png") as temporary:
            temporary.write_bytes(sample_grid(self.painted, self.watched))
        return validate_generator(self.painted, self.segmentor, self.watched, self.enough)

    def diagnose(self, done: int, dice: float) -> list[str]:
        """Say why tumours are not placed in what was painted at the last validation.

        Nothing of a run that is too short to judge.
        """
        if self.segmentor is None or self.is_short:
            return []
        evidence = collect(self.painted, self.segmentor, self.watched, self.train)
        return explain(done, dice, find_reasons(evidence), self.advice)

    def columns(self, method: Method) -> tuple[str, ...]:
        terms = tuple(term.name for term in method.terms)
        return (*terms, *self.players.judges_by_name, "val_dice", "val_mae", "val_ssim")


def _is_short(order: Order[GanRecipe], data: Curriculum) -> bool:
    """Return whether a run is shorter than any that its preset takes by itself: too short to judge."""
    return order.pace(data).steps < least_steps(order.preset, len(data.train))


def _advise(order: Order[GanRecipe], data: Curriculum) -> str:
    """Say how to train longer than this run."""
    steps = order.pace(data).steps
    if order.recipe.early_stopping is not None:
        return f"it goes on until it has begun, for {steps} steps at most"
    if order.lengthen:
        return f"train longer: once it has ended, the same call with --resume --steps {2 * steps}"
    return f"train longer: more than the {steps} steps of this training"


def _segmentor_for(run: Path | None, data: Curriculum) -> tuple[Segmentor | None, str, Curriculum]:
    """Give the segmentor, its fingerprint, and the data in its normalisation."""
    if run is None:
        return None, "", data
    segmentor, card = load_segmentor(run)
    card.refuse_to_have_seen(data.groups_test, "training")
    return segmentor, fingerprint(model_path(run)), data.in_units_of(card.normalisation)
