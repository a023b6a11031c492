"""Two small pair sets, one of three mice and one that a model painted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from metgan.data import PairSet, write_pair, write_table

Row = dict[str, str]
WriteSet = Callable[..., PairSet]
TUMOURS = """
#..##...
.#......
........
.......#
"""


def row(name: str, group: str, split: str = "", **provenance: str) -> Row:
    return {"name": name, "group": group, "organ": "lung", "split": split, **provenance}


def painted(name: str, group: str, label_groups: str, split: str = "") -> Row:
    return row(name, group, split, label_groups=label_groups, model="1f6c")


REAL = [row("a", "mouse 1", "train"), row("b", "mouse 1", "train")]
REAL += [row("c", "mouse 2", "val"), row("d", "mouse 3", "test")]


@pytest.fixture
def write_set(tmp_path: Path) -> WriteSet:
    """Write a pair set of 4 x 8 pixels with these rows; all labels but that of ``b`` hold three tumours:

    #..##...
    .#......
    ........
    .......#
    """
    label = np.array([[pixel == "#" for pixel in line] for line in TUMOURS.split()])

    def write_set(folder: str, rows: list[Row]) -> PairSet:
        root = tmp_path / folder
        for number, content in enumerate(rows):
            rng = np.random.default_rng([number, *folder.encode()])
            anatomy, tumour = rng.integers(0, 60000, (2, 4, 8)).astype(np.uint16)
            write_pair(root, content["name"], anatomy, tumour, label & (content["name"] != "b"))
        write_table(root, rows)
        return PairSet.open(root)

    return write_set


@pytest.fixture
def real(write_set: WriteSet) -> PairSet:
    """Four pairs of three mice, which are the three parts: a and b train, c validates, d tests."""
    return write_set("real", REAL)


@pytest.fixture
def generated(write_set: WriteSet) -> PairSet:
    """Two pairs painted into the anatomy of mouse 1, with labels of mouse 1."""
    return write_set("painted", [painted(f"synthetic-{k}", "mouse 1", "mouse 1") for k in range(2)])
