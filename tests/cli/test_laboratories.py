"""``metgan phantom`` draws what a laboratory would send, and refuses what contradicts it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metgan.data import PairSet, StoredPairs
from metgan.errors import SettingError
from metgan.images import read_image
from metgan.phantom import LABORATORIES, PhantomSettings, draw_laboratory
from metgan.workflows import PhantomRequest

from .conftest import Capture, Command


@pytest.mark.parametrize(
    ("asked", "groups"),
    [({}, 2), ({"animals": 3}, 3), ({"animals": 12}, 12), ({"laboratory": "side-96", "animals": 3}, 3)],
)
def test_pairs_are_of_as_many_animals_as_asked_for(asked: dict[str, Any], groups: int) -> None:
    count, settings, _ = PhantomRequest(out=Path("out"), pairs=12, **asked).drawing()
    assert len({number // settings.pairs_per_animal for number in range(count)}) == groups


@pytest.mark.parametrize(("animals", "instead"), [(5, 10), (13, 13)])
def test_animals_that_pairs_cannot_be_divided_among_are_refused(animals: int, instead: int) -> None:
    with pytest.raises(SettingError, match=f"12 pairs of {animals} animals; .* Choose {instead} pairs"):
        PhantomRequest(out=Path("out"), pairs=12, animals=animals)


def test_a_named_laboratory_has_its_own_size_dtype_and_gaps(metgan: Command, tmp_path: Path) -> None:
    assert metgan("phantom", tmp_path / "out", "--laboratory", "float-subtracted", "--pairs", 6) == 0
    pairs = [*StoredPairs(PairSet.open(tmp_path / "out"))]
    assert len(pairs) == 6
    assert {pair.tumour.dtype.name for pair in pairs} == {"float32"}
    assert min(pair.tumour.min() for pair in pairs) < 0


def test_gaps_are_exact_in_the_files_and_hold_no_label(metgan: Command, tmp_path: Path) -> None:
    assert metgan("phantom", tmp_path / "out", "--laboratory", "mosaic", "--pairs", 4) == 0
    for pair in StoredPairs(PairSet.open(tmp_path / "out")):
        black = pair.anatomy == 0
        assert black.any()
        assert ((pair.tumour == 0) == black).all()
        assert not (pair.label & black).any()


def test_number_and_groups_of_the_pairs_are_the_laboratory_s_own() -> None:
    laboratory = LABORATORIES["skull-stripped-large"]
    count, settings, seed = PhantomRequest(out=Path("out"), laboratory=laboratory.name, seed=2).drawing()
    assert (count, settings.pairs_per_animal * laboratory.groups) == (laboratory.pairs, laboratory.pairs)
    assert seed == laboratory.first_seed + 2 != 2
    assert PhantomRequest(out=Path("out"), seed=2).drawing() == (200, PhantomSettings(), 2)


def test_a_laboratory_drawn_from_a_seed_is_the_one_that_python_draws(metgan: Command, tmp_path: Path) -> None:
    assert metgan("phantom", tmp_path / "out", "--laboratory-seed", 3, "--pairs", 2, "--missed", 0.5) == 0
    note = json.loads((tmp_path / "out" / "phantom.json").read_text())
    settings = draw_laboratory(3).settings
    assert (note["size"], note["missed_fraction"]) == (settings.size, 0.5)
    assert note["fill"]["kind"] == settings.fill.kind
    image = read_image(tmp_path / "out" / "anatomy" / "phantom-00000.tif")
    assert image.shape == (settings.size, settings.size)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--laboratory", "mosaic", "--size", 64), "--laboratory and --size"),
        (("--laboratory-seed", 1, "--size", 64), "--laboratory-seed and --size"),
        (("--laboratory", "mosaic", "--laboratory-seed", 1), "--laboratory and --laboratory-seed"),
        (("--laboratory", "mosaics"), "expected one of: cleared-mouse, "),
        (("--laboratory", "mosaic", "--seed", 1000), "seed is 1000"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    metgan: Command, capsys: Capture, tmp_path: Path, words: tuple[object, ...], says: str
) -> None:
    assert metgan("phantom", tmp_path / "out", *words) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_phantom_of_another_laboratory_is_not_gone_on_with(
    metgan: Command, capsys: Capture, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    call = ("phantom", out, "--pairs", 1, "--laboratory")
    assert metgan(*call, "eight-bit") == 0
    before = read_image(out / "tumour" / "phantom-00000.tif")
    assert metgan(*call, "eight-bit", "--resume") == 0
    assert metgan(*call, "clipped", "--resume") == 2
    assert "holds a phantom with other settings" in capsys.readouterr().err
    assert np.array_equal(read_image(out / "tumour" / "phantom-00000.tif"), before)


def test_help_names_the_laboratories(metgan: Command, capsys: Capture) -> None:
    assert metgan("phantom", "--help") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in LABORATORIES)
