"""How many of the tumours that `metgan inpaint` inserted in a volume an independent segmentor finds.

python benchmarks/inserted_tumours.py NEW.ome.zarr VOLUME SEGMENTOR [--channel 1] [--picture plane.png]

NEW is what `metgan inpaint --mode insert` wrote, VOLUME what it was made from, and SEGMENTOR the run of one
that was trained on pairs that NEW was not made of. It reads each plane; sections of 10 pixels and more count,
and for comparison whether it sees a tumour at the same places of the real channel. The picture shows the
plane with the largest labels: real, with tumours inserted, and with their outlines.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from metgan.images import open_image, read_stack
from metgan.models import SegmentorPredictor
from metgan.objects import number_tumours
from metgan.types import Camera, Mask

LEAST = 10
OUTLINE = (255, 160, 0)


def found(reading: Mask, label: Mask) -> tuple[int, int]:
    """Return how many sections of `LEAST` pixels and more there are, and how many of them are met."""
    numbers, areas = number_tumours(label)
    large = [numbers == number for number, area in enumerate(areas, start=1) if area >= LEAST]
    return len(large), sum(bool(reading[section].any()) for section in large)


def draw(path: Path, real: Camera, made: Camera, label: Mask) -> None:
    """Draw the real plane, the new one, and the new one with outlines around the label."""
    low, high = np.percentile(real, (1, 99.8))
    grey = [np.uint8(255 * np.clip((image - low) / (high - low), 0, 1)) for image in (real, made, made)]
    colours = [np.stack([image] * 3, -1) for image in grey]
    colours[2][ndimage.binary_dilation(label, iterations=2) & ~label] = OUTLINE
    Image.fromarray(np.concatenate(colours, axis=1)).save(path)


def main() -> None:
    """Print what is found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("new", type=Path)
    parser.add_argument("volume", type=Path)
    parser.add_argument("segmentor", type=Path)
    parser.add_argument("--channel", type=int, default=1, help="of the volume: its tumour channel")
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    new, labels, volume = (
        open_image(asked.new),
        open_image(asked.new / "labels" / "tumours"),
        read_stack(asked.volume),
    )
    segmentor = SegmentorPredictor(asked.segmentor, torch.device("cpu"))
    sections = seen = in_real = largest = 0
    for z in range(new.shape[0]):
        region = (slice(z, z + 1), slice(None), slice(None))
        label, made = labels.read(region)[0] > 0, new.read(region)[0]
        if not label.any():
            continue
        real = volume.plane_order(asked.channel, region)[0]
        counts = [found(reading, label) for reading in segmentor.predict_all([made, real])]
        sections, seen, in_real = sections + counts[0][0], seen + counts[0][1], in_real + counts[1][1]
        if asked.picture and label.sum() > largest:
            largest = int(label.sum())
            draw(asked.picture, real, made, label)
    share = f"{seen} of {sections} inserted sections of {LEAST} pixels and more found ({seen / sections:.3f})"
    print(f"{share}; at their places in the real channel {in_real}")


if __name__ == "__main__":
    main()
