"""The run of a generator that was never trained, and calls of inpaint with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from torch import nn

from metgan.data import ChannelScale, FillValues, Normalisation
from metgan.images import OmeZarrImage, write_image
from metgan.models import MODEL_FILE, ModelCard, save_model
from metgan.networks import MetGen, build, make_generator
from metgan.progress import Event, Note
from metgan.workflows import InpaintRequest, InpaintResult, inpaint

UNITS = Normalisation(
    ChannelScale(100.0, 4000.0, "uint16"),
    ChannelScale(50.0, 3000.0, "uint16", ceiling=4095.0),
    FillValues(0.0, 0.0, 900.0, 300.0),
)


def save_generator(folder: Path, network: nn.Module, **card: object) -> Path:
    """Write a run folder that holds nothing but a model; `card` is what differs on its card."""
    about = ModelCard("generator", "metgan", "metgen", "small", UNITS, (), "", 1, 1, 0, "test")
    save_model(folder / MODEL_FILE, network.state_dict(), replace(about, **card))  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, settle: Callable[[MetGen], None]) -> Path:
    """Return the run folder of a small MetGAN generator whose weights were drawn."""
    network = build(lambda: make_generator("metgen", "small"), 1)
    settle(network)
    return save_generator(tmp_path_factory.mktemp("run"), network)


def request(run: Path, scan: Path, out: Path, **more: Any) -> InpaintRequest:
    given = {"sources": [scan], "labels": scan / "labels" / "spots", "block": 64, **more}
    return InpaintRequest(run=run, out=out, device="cpu", **given)


def call(asked: InpaintRequest) -> tuple[InpaintResult, list[str]]:
    """Return what a call gives, and what it notes."""
    told: list[Event] = []
    result = inpaint(asked, told.append)
    return result, [event.text for event in told if isinstance(event, Note)]


def pixels(path: Path) -> np.ndarray:
    image = OmeZarrImage.open(path)
    return image.read((slice(None),) * len(image.shape))


def files(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in sorted(path.rglob("*")) if f.is_file()}


def tiffs(folder: Path, scan: np.ndarray, label: np.ndarray) -> tuple[list[Path], Path]:
    """Write a scan, (2, Z, Y, X), and its label, each volume as a TIFF."""
    for name, array in (("anatomy", scan[0]), ("tumour", scan[1]), ("label", label)):
        tifffile.imwrite(folder / f"{name}.tif", array, photometric="minisblack", metadata={"axes": "ZYX"})
    return [folder / "anatomy.tif", folder / "tumour.tif"], folder / "label.tif"


def planes(folder: Path, scan: np.ndarray, label: np.ndarray) -> tuple[list[Path], Path]:
    """Write a scan, (2, Z, Y, X), and its label, each volume as a folder of planes."""
    for name, array in (("anatomy", scan[0]), ("tumour", scan[1]), ("label", label)):
        for z, plane in enumerate(array):
            write_image(folder / name / f"Z{z + 8}.tif", plane)
    return [folder / "anatomy", folder / "tumour"], folder / "label"
