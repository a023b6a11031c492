"""Crops of air alone are counted in a note, on phantoms with an outside and without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.phantom import PhantomSettings, draw_pairs
from metgan.workflows import CropChoice, PrepareRequest, ScanFiles, prepare

SEEDS = (3, 7)


def told(tmp_path: Path, edge: float, seed: int, *, masked: bool = False) -> str:
    """Cut a scan of six planes, each a phantom of 256 x 256 pixels, into crops of 64; return the note."""
    pairs = [*draw_pairs(6, PhantomSettings(size=256, edge_fraction=edge, pairs_per_animal=6), seed)]
    voxels = np.stack([np.stack([pair.anatomy, pair.tumour]) for pair in pairs])  # ZCYX
    label = np.stack([pair.label for pair in pairs]).astype(np.uint8)
    for name, image, axes in (("a", voxels, "ZCYX"), ("m", label, "ZYX"), ("t", 1 - label, "ZYX")):
        tifffile.imwrite(tmp_path / name, image, photometric="minisblack", metadata={"axes": axes})
    files = ScanFiles(labels=tmp_path / "m", tissue=tmp_path / "t" if masked else None)
    events: list[str] = []
    request = PrepareRequest(
        sources=[tmp_path / "a"], files=files, out=tmp_path / "out", crops=CropChoice(crop=64)
    )
    result = prepare(request, lambda event: events.append(str(event)))
    assert result.written == 96  # none is left out
    return " ".join(text for text in events if "air alone" in text)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_scan_with_an_outside_crops_of_air_are_counted(tmp_path: Path, seed: int) -> None:
    text = told(tmp_path, 1.0, seed)
    assert "of the 96 crops seem to show air alone" in text
    assert 3 <= int(text.split("text='")[1].split()[0]) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_of_a_scan_of_tissue_alone_none_is(tmp_path: Path, seed: int) -> None:
    assert told(tmp_path, 0.0, seed) == ""


def test_who_gives_the_tissue_is_told_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, 1.0, SEEDS[0], masked=True) == ""
