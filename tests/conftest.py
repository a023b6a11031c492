"""A small world that several folders of tests train in: drawn once, never written to afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from metgan.data import PairSet, PhantomSettings, write_phantom, write_table

PARTS = ["train"] * 5 + ["val"] * 2 + ["test"] * 3


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten phantom pairs of 64 x 64 pixels, each with a tumour, of three animals that are the three parts.

    pair    0 1 2 3 4   5 6    7 8 9
    animal  train       val    test
    """
    root = tmp_path_factory.mktemp("small-world") / "pairs"
    settings = PhantomSettings(size=64, empty_fraction=0, tumours_per_image=3)
    pairs = write_phantom(root, len(PARTS), settings, seed=0)
    rows = [
        {"name": entry.name, "group": f"animal-{part}", "organ": entry.organ, "split": part}
        for entry, part in zip(pairs, PARTS, strict=True)
    ]
    write_table(root, rows)
    return root


@pytest.fixture(scope="session")
def small_pairs(small_world: Path) -> PairSet:
    """The small world, opened."""
    return PairSet.open(small_world)


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Sums in one order, and no contest for the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
