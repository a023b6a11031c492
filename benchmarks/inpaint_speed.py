"""How many voxels a second `metgan inpaint` generates: by itself, by a plain loop over tiles, by workers.

python benchmarks/inpaint_speed.py FOLDER [--device cuda] [--preset small] [--planes 1] [--side 2048] [--tiny]

A made-up volume of noise (16 bit, OME-Zarr, a tumour in every fourth plane of each of its shards) and a
generator with weights that were drawn, not trained: they take as long. Four rows, in this order and then in
the reverse one, so that what else the machine does weighs on all:

loop      tiles of 512 pixels, each read with all that the network sees around it, computed, and written
here      `metgan inpaint` in this process, with as many threads as the loop
1 worker  with --workers 1 and one thread (not on a GPU)
2 workers with --workers 2, one thread each (likewise)

The time is that of the blocks, without the start of processes and the coarser levels, as the call tells it.
The ratios at the end are those to watch: `here` over `loop` is to be 1 or more, `2 workers` over `1 worker`
1.7 or more on two idle cores.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from metgan.data import ChannelScale, Normalisation
from metgan.images import OmeZarrLayout, open_image, writing_ome_zarr
from metgan.memory import peak_memory_bytes
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import PresetName, build, make_generator
from metgan.networks.windows import whole_of
from metgan.parts import within
from metgan.synthesis import load
from metgan.workflows import ClusterChoice, InpaintRequest, OutputPolicy, inpaint

UNITS = Normalisation(ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))
LOOP_TILE = 512
LABELS = "tumours"
ROWS = ("loop", "here", "1 worker", "2 workers")


def write_world(root: Path, preset: PresetName, shape: tuple[int, ...]) -> None:
    """Write the run of a generator, and a volume with its label."""
    network = build(lambda: make_generator("metgen", preset), 0)
    card = ModelCard("generator", "metgan", "metgen", preset, UNITS, (), "", 1, 1, 0, "benchmark")
    save_model(root / "run" / MODEL_FILE, network.state_dict(), card)
    layout = OmeZarrLayout(
        shape=shape, dtype="uint16", voxel_size_um=(1.0, 1.0, 1.0), labels={LABELS: "uint8"}
    )
    noise = np.random.default_rng(0)
    with writing_ome_zarr(root / "volume.ome.zarr", layout, "benchmark", overwrite=True) as writer:
        for block in writer.missing():
            sides = [side.stop - side.start for side in block]
            writer.write(block, noise.integers(100, 900, sides, dtype=np.uint16))
            label = np.zeros(sides, np.uint8)
            label[::4, sides[1] // 2 : sides[1] // 2 + 9, sides[2] // 2 : sides[2] // 2 + 9] = 1
            writer.write(block, label, LABELS)
        writer.finish()


def loop_over_tiles(root: Path, device: str) -> float:
    """Return voxels a second of a loop that anyone would write: read a tile, compute it, write it."""
    inpainter = load(root / "run", device)
    network, volume = inpainter.generator, open_image(root / "volume.ome.zarr")
    labels, shape = open_image(root / "volume.ome.zarr" / "labels" / LABELS), volume.shape
    margin = math.ceil((network.halo or 0) / network.stride) * network.stride
    tile = (1, LOOP_TILE, LOOP_TILE)
    layout = OmeZarrLayout(shape=shape, dtype="uint16", chunks=tile, blocks=tile, version="0.4")
    with writing_ome_zarr(root / "loop.zarr", layout, "benchmark", overwrite=True) as writer:
        begun = time.perf_counter()
        for block in writer.missing():
            wide = [block[0], *(slice(max(b.start - margin, 0), b.stop + margin) for b in block[1:])]
            wide[1:] = [slice(w.start, min(w.stop, n)) for w, n in zip(wide[1:], shape[1:], strict=True)]
            image, label = volume.read(wide)[0], labels.read(wide)[0]
            given = [UNITS.shown(image, np.zeros(image.shape, bool)), label.astype(np.float32)]
            tensors = [torch.from_numpy(one)[None, None].to(inpainter.device) for one in given]
            with torch.inference_mode():
                made = network.translate_part(*tensors, whole_of(tensors[0])).clamp(-1, 1)
            rows, columns = within(block[1:], wide[1:])
            writer.write(block, UNITS.undo(made[0, 0].float().cpu().numpy(), "tumour")[None, rows, columns])
        return math.prod(shape) / (time.perf_counter() - begun)


def call(root: Path, device: str, block: int, workers: int | None) -> float:
    """Return voxels a second of `metgan inpaint`."""
    volume = root / "volume.ome.zarr"
    asked = InpaintRequest(
        run=root / "run",
        sources=[volume],
        labels=volume / "labels" / LABELS,
        out=root / "made.ome.zarr",
        block=block,
        device=device,  # type: ignore[arg-type]  # of the parser's choices
        cluster=ClusterChoice(workers=workers),
        output=OutputPolicy(overwrite=True),
    )
    speed = inpaint(asked, lambda _: None).speed
    assert speed is not None
    return speed.voxels / speed.seconds


def measure(root: Path, row: str, device: str, block: int) -> float:
    """Return voxels a second of one row."""
    if row == "loop":
        return loop_over_tiles(root, device)
    return call(root, device, block, None if row == "here" else int(row.split()[0]))


def main(words: Sequence[str] | None = None) -> None:
    """Print a row for each way, and the two ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--preset", choices=("small", "paper"), default="small")
    parser.add_argument("--planes", type=int, help="default: 1, on a GPU 32")
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--block", type=int, default=1024)
    parser.add_argument("--tiny", action="store_true", help="that it works, in seconds; measures nothing")
    asked = parser.parse_args(words)
    planes = asked.planes or (32 if asked.device == "cuda" else 1)
    planes, side, block = (1, 96, 64) if asked.tiny else (planes, asked.side, asked.block)
    os.environ["OMP_NUM_THREADS"] = "1"  # of workers; this process has its threads by now
    write_world(asked.folder, asked.preset, (planes, side, side))
    rows = ROWS[:2] if asked.device == "cuda" or asked.tiny else ROWS
    found: dict[str, list[float]] = {row: [] for row in rows}
    for row in (*rows, *reversed(rows)):
        found[row].append(measure(asked.folder, row, asked.device, block))
        print(f"{row:>10}{found[row][-1]:>14,.0f} voxels/s", flush=True)
    mean = {row: statistics.mean(values) for row, values in found.items()}
    for one, other in (("here", "loop"), ("2 workers", "1 worker")):
        if one in mean:
            print(f"{one} / {other}: {mean[one] / mean[other]:.2f}")
    where = torch.cuda.get_device_name() if asked.device == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"volume of {planes} x {side} x {side}, blocks of {block}, {asked.preset}, {where}", end="")
    peak = peak_memory_bytes()
    print("" if peak is None else f", peak of this process {peak / 1e9:.1f} GB")


if __name__ == "__main__":
    main()
