"""How steady a training is from look to look, by the weights and the statistics that are looked at.

python benchmarks/steadiness.py PAIRS SEGMENTOR [--preset paper] [--batch 1] [--crop 128] [--steps 160]

The segmentor is a run of ``metgan segmentor PAIRS``. One training is looked at ten times: at the newest
weights with the running statistics of their batch normalisations, with statistics taken anew from training
crops, and with those of each image itself; and at the running average of weights and statistics. Printed is
the mean absolute error on validation images, as a share of that of painting the training mean.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from metgan.data import PairSet, Patches, evenly
from metgan.methods import StepAugments, Translations, build_networks, find_method, trained_modules
from metgan.models import load_segmentor
from metgan.networks import Generator
from metgan.training import GAN_CONFIGS, Engine, GanTrainConfig, load_data
from metgan.training.batches import Batch, Batches
from metgan.training.ema import EMA
from metgan.training.engine import place
from metgan.training.image_pool import ImagePool
from metgan.training.phases import gan_phases
from metgan.training.schedule import rate_factor
from metgan.training.stepper import stepper_on
from metgan.training.validation import ValidationSet, generate_images, validate_generator

LOOKS = 10
WATCHED = 8  # validation pairs
ANEW = 16  # crops that statistics are taken from
COLUMNS = ("step", "newest", "statistics anew", "each image's own", "averaged")


def with_statistics(generator: Generator, crops: Iterator[tuple[torch.Tensor, torch.Tensor]]) -> Generator:
    """Return a copy with the mean statistics of some crops; without any it takes those of each image."""
    other = copy.deepcopy(generator)
    layers = [layer for layer in other.modules() if isinstance(layer, nn.BatchNorm2d)]
    taken = [*crops]
    for layer in layers:
        if taken:
            layer.reset_running_stats()
            layer.momentum = None  # torch's word for the mean over all batches
        else:
            layer.track_running_stats = False
            layer.running_mean = layer.running_var = None
    with torch.no_grad():
        for anatomy, label in taken:
            other(anatomy, other.embed(label))
    return other


def rows(pairs: str, segmentor: Path, preset: str, recipe: GanTrainConfig) -> Iterator[tuple[float, ...]]:
    """Yield the step and the four errors of every look."""
    reader, card = load_segmentor(segmentor)
    data = load_data(PairSet.open(pairs), 0).in_units_of(card.normalisation)
    method, device = find_method("metgan"), torch.device("cpu")
    networks = build_networks(method, preset, reader, 0)  # type: ignore[arg-type]  # argparse knows the choices
    networks.to_tumour.begin_at(data.start("tumour"))
    networks.to_anatomy.begin_at(data.start("anatomy"))
    for network in (*trained_modules(networks).values(), reader):
        place(network, device)
    average = EMA(networks.to_tumour, recipe.ema_decay)
    phases = gan_phases(method, networks, recipe, [ImagePool(recipe.pool_size, 0, k) for k in range(2)])
    side = min(recipe.crop, data.smallest_side)
    batches = Batches(Patches(data.train, data.normalisation, side, seed=0), recipe.batch_size)
    watched = ValidationSet.of(data, device, evenly(data.val, WATCHED))
    stepper = stepper_on(Engine(device="cpu").fabric(), phases, cuda_graphs=False)

    def shown(batch: Batch) -> torch.Tensor:
        fill = batch.fill_mask(data.normalisation)
        return batch.anatomy if fill is None else fill.hide(batch.anatomy, "anatomy")

    def error(network: Generator) -> float:
        return (
            validate_generator(generate_images(network, watched), None, watched).details["val_mae"]
            / watched.flat_error
        )

    steps = recipe.steps or 0
    for step in range(steps):
        batch = batches.at(step)
        fill = batch.fill_mask(data.normalisation)
        augments = StepAugments(
            recipe.discriminator_augment.draw(batch.tumour, 4, 0, "judges", step),
            recipe.anatomy_augment.draw(batch.anatomy, 2, 0, "painter", step),
        )
        images = Translations(networks, batch.anatomy, batch.tumour, batch.label, augments, fill)
        rate = recipe.learning_rate * rate_factor(step, steps, recipe.constant_share)
        stepper.take(step, rate, images)
        average.update(networks.to_tumour, step)
        if (step + 1) % (steps // LOOKS) == 0:
            newest = networks.to_tumour
            crops = ((shown(one), one.label) for one in map(batches.at, range(ANEW)))
            looked_at = (
                newest,
                with_statistics(newest, crops),
                with_statistics(newest, iter(())),
                average.network,
            )
            yield (step + 1, *map(error, looked_at))


def swing(errors: list[float]) -> float:
    """Return the worst error after the first fifth as a multiple of the best so far."""
    first = len(errors) // 5
    return max(error / min(errors[: k + 1]) for k, error in enumerate(errors) if k >= first)


def main() -> None:
    """Print a row for every look, and the swing of every column."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("pairs")
    parser.add_argument("segmentor", type=Path)
    parser.add_argument("--preset", choices=[*GAN_CONFIGS], default="paper")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--steps", type=int, default=160)
    given = parser.parse_args()
    recipe = GAN_CONFIGS[given.preset]
    batch = given.batch or recipe.batch_size
    recipe = replace(recipe, steps=given.steps, epochs=None, batch_size=batch, crop=given.crop)
    print("| " + " | ".join(COLUMNS) + " |\n" + "| --- " * len(COLUMNS) + "|", flush=True)
    table = []
    for row in rows(given.pairs, given.segmentor, given.preset, recipe):
        table.append(row)
        print(f"| {row[0]} | " + " | ".join(f"{error:.3f}" for error in row[1:]) + " |", flush=True)
    columns = [*zip(*table, strict=True)][1:]
    print("| worst by best so far | " + " | ".join(f"{swing([*column]):.2f}" for column in columns) + " |")


if __name__ == "__main__":
    main()
