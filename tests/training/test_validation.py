"""Which weights are kept: faithful as far as real images are, and then as like them as can be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from metgan.data import PairSet, write_pair, write_table
from metgan.training import load_data, validation
from metgan.training.validation import ValidationSet, faithful_enough, validate_generator, validate_segmentor


class Threshold(nn.Module):
    """Reads tumour where an image is brighter than a level."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, image: Tensor) -> Tensor:
        return 50 * (image - self.level)


@pytest.fixture
def watched(tmp_path: Path) -> ValidationSet:
    """Three animals of one image each: ground 100, a tumour of 16 pixels, half of which is as dim as that."""
    label = np.zeros((16, 16), bool)
    label[4:8, 4:8] = True
    rows = []
    for number, part in enumerate(("train", "val", "test")):
        anatomy = np.full((16, 16), 100, np.uint16)
        anatomy[0, number] = 101
        tumour = anatomy.copy()
        tumour[4:8, 4:6] = 300
        write_pair(tmp_path, f"image-{number}", anatomy, tumour, label)
        rows.append({"name": f"image-{number}", "group": f"mouse-{number}", "organ": "", "split": part})
    write_table(tmp_path, rows)
    return ValidationSet.of(load_data(PairSet.open(tmp_path), 0), torch.device("cpu"))


def test_real_images_say_what_is_faithful_enough(watched: ValidationSet) -> None:
    """Of 16 labelled pixels the 8 bright ones are read: a Dice of 2 * 8 / (16 + 8)."""
    assert validate_segmentor(Threshold(0.5), watched).score == pytest.approx(2 / 3)
    assert faithful_enough(Threshold(0.5), watched) == pytest.approx(2 / 3)
    assert faithful_enough(Threshold(2.0), watched) == 0.5


def test_tumours_that_are_easier_to_read_than_real_ones_win_nothing(watched: ValidationSet) -> None:
    """The first paints all labelled pixels so that they are read, the second what is there."""
    (real,), (pair,) = watched.tumour, watched.pairs
    easy = [np.where(pair.label, np.maximum(real, np.float32(0.05)), real)]
    like = [real - np.float32(0.01)]
    reader = Threshold(0.0)
    enough = faithful_enough(reader, watched)
    scores = [validate_generator(painted, reader, watched, enough).score for painted in (easy, like)]
    assert scores[0] < scores[1]
    assert validate_generator(easy, reader, watched).dice == 1
    assert validate_generator(easy, reader, watched).score > validate_generator(like, reader, watched).score


def test_tumours_that_are_not_placed_lose(watched: ValidationSet) -> None:
    (real,), (pair,) = watched.tumour, watched.pairs
    none = [np.where(pair.label, real.min(), real)]
    reader = Threshold(0.0)
    enough = faithful_enough(reader, watched)
    assert validate_generator(none, reader, watched, enough).score < 0
    assert validate_generator([real], reader, watched, enough).score == pytest.approx(enough)


def test_what_a_label_says_nothing_of_counts_in_no_figure(watched: ValidationSet) -> None:
    (real,), (pair,) = watched.tumour, watched.pairs
    unknown = np.zeros_like(pair.label)
    unknown[: len(unknown) // 2] = True
    partly = replace(watched, pairs=[replace(pair, label=pair.label & ~unknown, ignored=unknown)])
    wrong = [np.where(unknown, np.float32(1), real)]
    assert validate_generator(wrong, None, watched).details["val_mae"] > 0.1
    assert validate_generator(wrong, None, partly).details == {"val_mae": 0, "val_ssim": pytest.approx(1)}
    assert partly.flat_error == pytest.approx(np.abs(real[~unknown] - watched.training_mean).mean())


def test_samples_are_spread_over_the_animals_and_show_tumours(
    watched: ValidationSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 images of one animal and two of each other one, six: two of each, none without tumours."""
    (pair,) = watched.pairs
    groups = ["mouse-a"] * 20 + ["mouse-b"] * 2 + ["mouse-c"] * 2
    pairs = [replace(pair, entry=replace(pair.entry, group=group)) for group in groups]
    pairs += [replace(each, label=np.zeros_like(pair.label)) for each in pairs]
    (x,), (y,), (fill,) = watched.anatomy, watched.tumour, watched.fill
    many = replace(
        watched, pairs=pairs, anatomy=[x + k for k in range(48)], tumour=[y] * 48, fill=[fill] * 48
    )
    shown: list[int] = []

    def note_row(anatomy: np.ndarray, label: np.ndarray, *images: np.ndarray) -> list[object]:
        assert label.any()
        shown.append(round(float((anatomy - x).max())))
        return []

    monkeypatch.setattr(validation, "compare_images", note_row)
    monkeypatch.setattr(validation, "draw_comparison", lambda rows: bytes(len(rows)))
    assert len(validation.sample_grid([y] * 48, many)) == 6
    assert sorted(groups[k] for k in shown) == ["mouse-a"] * 2 + ["mouse-b"] * 2 + ["mouse-c"] * 2
