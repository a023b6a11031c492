"""Which way segmentor and pairs pull tumours at the first step, by the level that a generator begins at.

python benchmarks/start_levels.py PAIRS SEGMENTOR

The segmentor is a run of ``metgan segmentor PAIRS``. Printed are minus the gradients of the weighted terms,
summed over the label of sixteen crops: above 0 a tumour is to become brighter.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from metgan.data import PairSet, Patches
from metgan.methods import Translations, build_networks, find_method
from metgan.models import load_segmentor, read_card
from metgan.training import GAN_CONFIGS, TrainingData, load_data
from metgan.training.batches import Batch, Batches
from metgan.training.first_steps import label_pulls

LEVELS = (-0.95, -0.8, -0.6, -0.4, -0.2, 0.0, 0.2)
BATCHES = 4


def pulls_at(level: float, batches: list[Batch], data: TrainingData, segmentor: Path) -> tuple[float, float]:
    """Return the pulls of segmentor and pairs where a fresh generator paints this level."""
    method = find_method("metgan")
    networks = build_networks(method, "small", load_segmentor(segmentor)[0], seed=0)
    networks.to_tumour.begin_at(level)
    terms = [term for term in method.terms if term.name in ("segmentation", "paired")]
    total = {term.name: 0.0 for term in terms}
    for batch in batches:
        fill = batch.fill_mask(data.normalisation)
        step = Translations(networks, batch.anatomy, batch.tumour, batch.label, fill=fill)
        losses = {term.name: term.weight * term(step) for term in terms}
        for name, pull in label_pulls(losses, step).items():
            total[name] += pull
    return total["segmentation"], total["paired"]


def main(pairs: str, segmentor: str) -> None:
    """Print the table, with the level of today's start and that of the mean of all pixels."""
    data = load_data(PairSet.open(pairs), 0).in_units_of(read_card(segmentor).normalisation)
    recipe = GAN_CONFIGS["small"]
    side = min(recipe.crop, data.smallest_side)
    drawn = Batches(Patches(data.train, data.normalisation, side, seed=0), recipe.batch_size)
    batches = [drawn.at(step) for step in range(BATCHES)]
    everything = [data.normalisation.apply(pair.tumour, "tumour") for pair in data.train]
    named = {"start": data.start("tumour"), "mean of all": float(np.mean([i.mean() for i in everything]))}
    print("| begins at | segmentor | pairs |\n| --- | --- | --- |")
    for level, name in sorted([*((level, "") for level in LEVELS), *((v, k) for k, v in named.items())]):
        reads, paints = pulls_at(float(np.clip(level, -0.99, 0.99)), batches, data, Path(segmentor))
        print(f"| {level:+.2f} {name} | {reads:+.1f} | {paints:+.1f} |")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*sys.argv[1:])
