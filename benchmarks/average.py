"""Does the running average of the generator's weights help? Newest against averaged, on the test part.

Run it on a finished run: ``python benchmarks/average.py RUN DATA``. Both sets of weights come from the same
``last.ckpt``, so that nothing but the averaging differs. The Dice is the in-loop segmentor's, like that of
the validation.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from metgan.data import SPLIT_FILE, PairSet, StoredPairs, load_split
from metgan.io import load_state
from metgan.models import load_segmentor, read_card
from metgan.networks import make_generator
from metgan.training import SEGMENTOR_FOLDER, load_training_data
from metgan.training.validation import ValidationSet, generate_images, validate_generator


def main() -> None:
    """Print the scores of both sets of weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    card = read_card(given.run)
    test = [*StoredPairs(PairSet.open(given.data).select(load_split(given.run / SPLIT_FILE).test))]
    data = load_training_data(PairSet.open(given.data), load_split(given.run / SPLIT_FILE))
    watched = ValidationSet.of(data.in_units_of(card.normalisation), torch.device("cpu"), test)
    segmentor, _ = load_segmentor(given.run / SEGMENTOR_FOLDER)
    modules = load_state(given.run / "last.ckpt")["modules"]
    for name, weights in (("newest", modules["to_tumour"]), ("averaged", modules["ema"])):
        generator = make_generator(card.generator, card.preset)
        generator.load_state_dict(weights)
        details = validate_generator(generate_images(generator, watched), segmentor, watched).details
        print(f"{name:9s}", "  ".join(f"{key[4:]} {value:.4f}" for key, value in details.items()))


if __name__ == "__main__":
    main()
