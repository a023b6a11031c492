"""How near a painted image is to those that were trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metgan.data import FillValues, PairSet, StoredPairs, write_pair
from metgan.labels import symmetry
from metgan.synthesis import TrainingImages


@pytest.mark.parametrize("turn", [0, 3, 6])
def test_a_copy_of_a_training_image_is_near_in_any_orientation(small_pairs: PairSet, turn: int) -> None:
    training = TrainingImages(small_pairs.entries)
    pair = StoredPairs(small_pairs)[0]
    copy = symmetry((pair.tumour * 0.5).astype(np.uint16), turn)
    label = symmetry(pair.label, turn)
    assert training.distance(copy, label, "another animal") < 0.02
    assert training.distance(copy, label, pair.entry.group) > 0.05  # its own tissue is left out


def test_a_tumour_where_it_was_asked_for_is_no_sign_of_memory(small_pairs: PairSet) -> None:
    """The same bright tumours on another background are not a copy."""
    training = TrainingImages(small_pairs.entries[:1])
    pair = StoredPairs(small_pairs)[0]
    noise = np.random.default_rng(0).integers(0, 100, pair.tumour.shape)
    painted = np.where(pair.label, pair.tumour, noise).astype(np.uint16)
    as_asked = training.distance(painted, pair.label, "other")
    not_asked = training.distance(painted, np.zeros_like(pair.label), "other")
    assert not_asked < as_asked
    assert as_asked > 0.5


def test_without_background_or_other_tissue_the_distance_is_undefined(small_pairs: PairSet) -> None:
    pair = StoredPairs(small_pairs)[0]
    training = TrainingImages(small_pairs.entries[:1])
    full = np.ones_like(pair.label)
    assert np.isnan(training.distance(pair.tumour, full, "other"))
    assert np.isnan(training.distance(pair.tumour, pair.label, pair.entry.group))
    assert np.isnan(training.distance(np.full_like(pair.tumour, 7), pair.label, "other"))
    assert np.isnan(TrainingImages([]).distance(pair.tumour, pair.label, "other"))


@pytest.mark.parametrize("has_anatomy", [True, False])
def test_contrasts_of_training_images_are_measured_without_the_fill_of_their_set(
    tmp_path: Path, has_anatomy: bool
) -> None:
    """Fill of 9 x 5 pixels beside a tumour: less than 1 % of the image, which says nothing by itself."""
    rng = np.random.default_rng(0)
    anatomy, tumour = (rng.integers(90, 111, (80, 80)).astype(np.uint16) for _ in range(2))
    label = np.zeros((80, 80), bool)
    label[1:8, 7:13] = True
    tumour[label] *= 3
    anatomy[:9, :5] = tumour[:9, :5] = 0
    write_pair(tmp_path, "one", anatomy, tumour, label)
    [entry] = PairSet.open(tmp_path).entries
    if not has_anatomy:
        entry = replace(entry, paths={name: entry.paths[name] for name in ("tumour", "label")})
    [known] = TrainingImages([entry], FillValues(0, 0, 100, 100)).lights
    [blind] = TrainingImages([entry]).lights
    light = tumour[label].mean() - 100
    assert known == pytest.approx(light, rel=0.02)
    assert blind > known * 1.02


@pytest.mark.parametrize("has_anatomy", [True, False])
def test_contrasts_of_training_images_leave_out_what_their_labels_say_nothing_of(
    tmp_path: Path, has_anatomy: bool
) -> None:
    """A bright vessel that nobody labelled, beside the tumour: as background it would hide that."""
    rng = np.random.default_rng(0)
    anatomy, tumour = (rng.integers(90, 111, (80, 80)).astype(np.uint16) for _ in range(2))
    label = np.zeros((80, 80), bool)
    label[30:40, 30:40] = True
    vessel = np.zeros_like(label)
    vessel[20:50, 40:60] = True
    tumour[label] *= 3
    tumour[vessel] *= 4
    write_pair(tmp_path, "one", anatomy, tumour, label, ignored=vessel)
    [entry] = PairSet.open(tmp_path).entries
    if not has_anatomy:
        entry = replace(entry, paths={name: path for name, path in entry.paths.items() if name != "anatomy"})
    assert TrainingImages([entry]).contrasts == pytest.approx([3], rel=0.05)
