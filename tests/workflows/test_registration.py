"""A set whose anatomy and tumour folders are exchanged is told, and no other of any laboratory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metgan.data import write_pair
from metgan.phantom import LABORATORIES, Laboratory, draw_laboratory, draw_pairs
from metgan.progress import Event, Note, listening
from metgan.workflows.registration import note_exchanged_channels

LABS = [*LABORATORIES.values(), *map(draw_laboratory, range(4))]


def exchange(folder: Path) -> None:
    (folder / "anatomy").rename(folder / "other")
    (folder / "tumour").rename(folder / "anatomy")
    (folder / "other").rename(folder / "tumour")


def notes_on(folder: Path) -> list[str]:
    told: list[Event] = []
    with listening(told.append):
        note_exchanged_channels(folder)
    return [event.text for event in told if isinstance(event, Note)]


@pytest.mark.parametrize("laboratory", LABS, ids=lambda one: one.name)
def test_exchanged_channels_are_told_and_right_ones_are_not(laboratory: Laboratory, tmp_path: Path) -> None:
    count = max(8, laboratory.groups)
    drawn = draw_pairs(8, laboratory.settings_for(count), laboratory.first_seed)
    for number, pair in enumerate(drawn):
        write_pair(tmp_path, str(number), pair.anatomy, pair.tumour, pair.label)
    assert notes_on(tmp_path) == []
    exchange(tmp_path)
    (text,) = notes_on(tmp_path)
    assert text.startswith(f"anatomy and tumour channel of {tmp_path} seem to be exchanged")


def write_world(folder: Path, anatomy_adds: float, tumour_adds: float, labels: int = 3) -> None:
    """Write an image of noise, 10 a standard deviation, with squares to which light is added."""
    rng = np.random.default_rng(0)
    label = np.zeros((64, 64), bool)
    for k in range(labels):
        label[20 * k + 4 : 20 * k + 9, 20:25] = True
    channels = (
        (rng.normal(1000, 10, label.shape) + adds * label).astype(np.uint16)
        for adds in (anatomy_adds, tumour_adds)
    )
    write_pair(folder, "a", *channels, label)


@pytest.mark.parametrize(
    ("anatomy_adds", "tumour_adds", "labels", "is_told"),
    [
        (50, 0, 3, True),
        (50, -50, 3, True),
        (0, 0, 3, False),  # a mask that marks nothing
        (5, 0, 3, False),  # by chance
        (50, 20, 3, False),  # bright in both
        (50, 0, 2, False),  # too few to tell
        (50, 0, 0, False),
    ],
)
def test_it_is_told_where_the_labels_say_so_clearly(
    tmp_path: Path, anatomy_adds: float, tumour_adds: float, labels: int, is_told: bool
) -> None:
    write_world(tmp_path, anatomy_adds, tumour_adds, labels)
    assert bool(notes_on(tmp_path)) == is_told


@pytest.mark.parametrize("missing", ["anatomy", "tumour", "label"])
def test_a_folder_that_is_no_whole_pair_set_is_left_alone(tmp_path: Path, missing: str) -> None:
    write_world(tmp_path, 50, 0)
    (tmp_path / missing).rename(tmp_path / "elsewhere")
    assert notes_on(tmp_path) == []


def test_a_pair_that_cannot_be_read_is_left_to_whoever_needs_it(tmp_path: Path) -> None:
    write_world(tmp_path, 50, 0)
    (tmp_path / "tumour" / "b.tif").write_bytes(b"")
    (tmp_path / "anatomy" / "b.tif").write_bytes(b"")
    (tmp_path / "label" / "b.tif").write_bytes(b"")
    assert len(notes_on(tmp_path)) == 1
