"""Training a method's networks, from data and a segmentor to the generator's model file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch

from metgan.data import SPLIT_FILE, save_split
from metgan.io import fingerprint, replacing
from metgan.methods import (
    GanNetworks,
    Method,
    StepAugments,
    Translations,
    build_networks,
    freeze,
    trained_modules,
)
from metgan.models import MODEL_FILE, ModelCard, load_segmentor, model_path, save_model
from metgan.networks import Generator, Segmentor, least_training_side

from .batches import Batch
from .checkpoint import Identity, RunState
from .config import GanTrainConfig, least_steps
from .diagnosis import collect, explain, find_reasons
from .ema import EMA
from .engine import place, seeded
from .first_steps import FirstSteps
from .image_pool import ImagePool
from .loop import Training, ValidationResult
from .phases import gan_phases
from .run_config import RunConfig
from .training_data import TrainingData
from .validation import ValidationSet, faithful_enough, generate_images, sample_grid, validate_generator


def check_method_config(
    run_config: RunConfig[GanTrainConfig], data: TrainingData, method: Method, segmentor_run: Path | None
) -> None:
    """Refuse now, before anything is written, what `train_method` would refuse later.

    A segmentor that is still to be trained may be missing.
    """
    _, name, _, data = _segmentor_for(segmentor_run, data)
    least = least_training_side(method.generator, run_config.preset, run_config.train.batch_size)
    run_config.check(data, least, _beside(method, name))


def train_method(
    run_config: RunConfig[GanTrainConfig], data: TrainingData, method: Method, segmentor_run: Path | None
) -> Path:
    """Train a method's networks; returns the generator's model file.

    The run folder is made where it is not there, and has the split. The data is normalised as the segmentor's
    was, so that the segmentor reads fakes in exactly the units it was trained in (docs/paper.md, "Where paper
    and release differ"; pinned by
    ``test_a_generator_takes_over_the_normalisation_of_its_segmentor``). A method without a segmentation
    term uses a segmentor for its validations alone, and need not have one. The weights that are kept are the
    last, averaged, as in the paper. To choose among earlier ones by the few animals that are validated gave
    images less like those of other animals (docs/results).

    Raises
    ------
    LeakageError
        When the segmentor has seen a group of the test part.
    """
    check_method_config(run_config, data, method, segmentor_run)
    save_split(data.split, run_config.folder / SPLIT_FILE)
    fabric = run_config.engine.fabric()
    segmentor, read_by, seed_in_loop, data = _segmentor_for(segmentor_run, data)
    with seeded(run_config.engine, run_config.seed):
        networks = _build(method, run_config, data, segmentor)
        learners = trained_modules(networks)
        for network in (*learners.values(), *([segmentor] if segmentor else [])):
            place(network, fabric.device)
        ema = EMA(networks.to_tumour, run_config.train.ema_decay)
        count = len(networks.discriminators_by_name)
        pools = [ImagePool(run_config.train.pool_size, run_config.seed, k) for k in range(count)]
        phases = gan_phases(method, networks, run_config.train, pools, FirstSteps(run_config.folder))
        optimisers = {phase.name: phase.optimiser for phase in phases}
        identity = run_config.identity(data, _beside(method, read_by))
        validator = _GanValidator(run_config, data, networks, ema, segmentor, fabric.device)

        def keep(done: int, result: ValidationResult) -> None:
            card = run_config.card("generator", data, done, result.dice, method.generator, read_by)
            card = replace(validator.with_errors(card, result), segmentor_seed=seed_in_loop)
            save_model(run_config.folder / MODEL_FILE, ema.network.state_dict(), card)

        Training(
            name=method.name,
            folder=run_config.folder,
            fabric=fabric,
            cuda_graphs=run_config.engine.cuda_graphs,
            phases=phases,
            material=validator.since,
            after_step=lambda step: ema.update(networks.to_tumour, step),
            validate=validator.validate,
            keep=keep,
            schedule=run_config.schedule(data),
            state=RunState({**learners, "ema": ema.network}, optimisers, pools, identity),
            columns=validator.columns(method),
            diagnose=validator.diagnose,
            keeps_last=True,
        ).run(resume=run_config.resumes, steps=run_config.new_length(data))
    return run_config.folder / MODEL_FILE


def _build(
    method: Method, run_config: RunConfig[GanTrainConfig], data: TrainingData, segmentor: Segmentor | None
) -> GanNetworks:
    networks = build_networks(method, run_config.preset, segmentor, run_config.seed)
    networks.to_tumour.begin_at(data.start("tumour"))
    if networks.is_cyclic:
        networks.to_anatomy.begin_at(data.start("anatomy"))
    return networks


def _beside(method: Method, segmentor: str) -> Identity:
    row = {"generator": method.generator, "cyclic": str(method.cyclic), "discriminator": method.discriminator}
    return {**row, "terms": repr(method.terms), "segmentor": segmentor or "none"}


class _GanValidator:
    """What a GAN's training looks at: its translations, validation pictures and the weights to keep."""

    def __init__(
        self,
        run_config: RunConfig[GanTrainConfig],
        data: TrainingData,
        networks: GanNetworks,
        ema: EMA[Generator],
        segmentor: Segmentor | None,
        device: torch.device,
    ) -> None:
        self.folder, self.networks, self.ema = run_config.folder, networks, ema
        self.segmentor = freeze(segmentor) if segmentor else None
        self.batches = run_config.batches(data)
        self.config, self.seed = run_config.train, run_config.seed
        self.train, self.advice = data.train, _advise(run_config, data)
        least = least_steps(run_config.preset, len(data.train))
        self.is_short = run_config.schedule(data).steps < least  # than any by itself: too short to judge
        self.watched = ValidationSet.of(data, device)
        self.enough = faithful_enough(self.segmentor, self.watched) if self.segmentor else 1.0

    @contextmanager
    def since(self, first: int) -> Iterator[Iterator[Translations]]:
        with self.batches.since(first) as batches:
            yield (self.translations(step, batch) for step, batch in enumerate(batches, first))

    def translations(self, step: int, batch: Batch) -> Translations:
        images, directions = (batch.anatomy, batch.tumour, batch.label), 2 if self.networks.is_cyclic else 1
        augments = StepAugments(
            self.config.discriminator_augment.draw(batch.tumour, 2 * directions, self.seed, "judges", step),
            self.config.anatomy_augment.draw(batch.anatomy, directions, self.seed, "painter", step),
        )
        fill = batch.fill_mask(self.watched.normalisation)
        return Translations(self.networks, *images, augments, fill, batch.ignored)

    def validate(self, done: int) -> ValidationResult:
        self.generated = generate_images(self.ema.network, self.watched)
        picture = self.folder / "samples" / f"step-{done:07d}.png"
        with replacing(picture) as temporary:
            temporary.write_bytes(sample_grid(self.generated, self.watched))
        for later in picture.parent.glob("step-*.png"):  # of steps that the run went back from
            if later.name > picture.name:
                later.unlink()
        return validate_generator(self.generated, self.segmentor, self.watched, self.enough)

    def with_errors(self, card: ModelCard, result: ValidationResult) -> ModelCard:
        """Note the errors of generated and of flat images in a card, unless the run is too short to judge."""
        if self.is_short:
            return card
        return replace(card, val_mae=result.details["val_mae"], val_flat_mae=self.watched.flat_error)

    def diagnose(self, done: int, dice: float) -> list[str]:
        """Say why tumours are not placed in what was generated at the last validation.

        Nothing of a run that is too short to judge.
        """
        if self.segmentor is None or self.is_short:
            return []
        measurements = collect(self.generated, self.segmentor, self.watched, self.train)
        return explain(done, dice, find_reasons(measurements), self.advice)

    def columns(self, method: Method) -> tuple[str, ...]:
        terms = tuple(term.name for term in method.terms)
        return (*terms, *self.networks.discriminators_by_name, "val_dice", "val_mae", "val_ssim")


def _advise(run_config: RunConfig[GanTrainConfig], data: TrainingData) -> str:
    steps = run_config.schedule(data).steps
    if run_config.train.early_stopping is not None:
        return f"it goes on until it has begun, for {steps} steps at most"
    if run_config.lengthen:
        return f"train longer: once it has ended, the same call with --resume --steps {2 * steps}"
    return f"train longer: more than the {steps} steps of this training"


def _segmentor_for(
    run: Path | None, data: TrainingData
) -> tuple[Segmentor | None, str, int | None, TrainingData]:
    """Return the segmentor, its fingerprint and seed, and the data in its normalisation."""
    if run is None:
        return None, "", None, data
    segmentor, card = load_segmentor(run)
    card.refuse_to_have_seen(data.split.held_out.groups, "training")
    return segmentor, fingerprint(model_path(run)), card.seed, data.in_units_of(card.normalisation)
