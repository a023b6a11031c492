"""Train a segmentation network on pairs that metgan generates while the training goes on.

    python examples/train_a_unet_on_generated_pairs.py example/run example/pairs

takes what `train_and_generate.py` has written: a trained run, and the pair set that it was trained on. About
half of the pairs are real ones of the training part; the others are new, and none of them comes twice. The
network is then asked for the tumours of the test part, which neither it nor the generator has seen. It takes
a few minutes on two CPU cores.

Any network will do that turns (N, 1, Y, X) into logits of that shape. Compare with `--synthetic 0`, which
trains on as many real pairs alone, and with several seeds, before you call a difference a gain.
"""

import argparse
from pathlib import Path

import torch
from torch.utils.data import DataLoader

import metgan
from metgan.data import PairSet, load_split, part_of
from metgan.labels import Bank
from metgan.losses import weighted_cross_entropy
from metgan.metrics import Detection, Overlap, match, overlap
from metgan.networks import PRESETS, UNet, build
from metgan.synthesis import GenerationRequest, Mix, PairStream

BATCH, CROP = 8, 96


def main() -> None:
    """Train, then count what is found in the test part."""
    parser = argparse.ArgumentParser(description="Train a U-Net on generated and real pairs.")
    parser.add_argument("run", type=Path, help="run folder of metgan train")
    parser.add_argument("pairs", type=Path, help="the pair set that it was trained on")
    parser.add_argument("--steps", type=int, default=300, help="batches of 8 pairs")
    parser.add_argument("--synthetic", type=float, default=0.5, help="share of generated pairs, 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes that generate")
    options = parser.parse_args()

    inpainter = metgan.load(options.run, "cpu")
    entries, split = PairSet.open(options.pairs).entries, load_split(options.run / "splits.json")
    real = part_of(entries, "train", split)  # what is made of test images cannot be tested on them
    request = GenerationRequest(real, real, Bank(), count=options.steps * BATCH, seed=options.seed)
    stream = PairStream(inpainter, request, real, Mix(synthetic=options.synthetic, crop=CROP))
    batches = DataLoader(stream, batch_size=BATCH, num_workers=options.workers)

    network = build(lambda: UNet(PRESETS["small"].segmentor), options.seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-4)
    for step, batch in enumerate(batches):
        loss = weighted_cross_entropy(network(batch["tumour"]), batch["label"], 1 - batch["ignored"])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 20 == 0:
            print(f"step {step}: loss {loss.item():.3f}")

    network.eval()
    pixels, tumours = Overlap(), Detection()
    for pair in map(PairSet.open(options.pairs).read, split.test):
        image = torch.from_numpy(inpainter.card.normalisation.apply(pair.tumour, "tumour"))[None, None]
        with torch.inference_mode():
            predicted = (network(image)[0, 0] > 0).numpy()  # a logit above 0: a probability above 0.5
        pixels += overlap(predicted, pair.label)
        tumours += match(predicted, pair.label).counts
    print(f"test part, {len(split.test)} images: Dice {pixels.dice:.3f} of pooled pixels, ", end="")
    print(f"{tumours.recall:.0%} of the tumours found, {tumours.false_positives} false ones")


if __name__ == "__main__":
    main()
