"""``metgan prepare`` and ``metgan info`` tell of channels that are shifted against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from .conftest import Capture, Command


@pytest.fixture
def tissue() -> np.ndarray:
    """One plane of structured tissue, 264 x 264, uint16."""
    image = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(264, 264)), 2)
    return (1000 + 2000 * image).astype(np.uint16)


def prepared(metgan: Command, folder: Path, anatomy: np.ndarray, tumour: np.ndarray) -> Path:
    """Cut nine crops of 80 pixels from a plane of two channels."""
    mask = np.zeros(anatomy.shape, np.uint8)
    mask[20:30, 20:30] = 1
    for name, image in {"anatomy": anatomy, "tumour": tumour, "mask": mask}.items():
        tifffile.imwrite(folder / f"{name}.tif", image)
    files = (folder / "anatomy.tif", folder / "tumour.tif", "--labels", folder / "mask.tif")
    assert metgan("prepare", *files, "--out", folder / "pairs", "--crop", 80) == 0
    return folder / "pairs"


def test_a_shift_is_noted_when_pairs_are_cut_and_told_of_the_set(
    metgan: Command, capsys: Capture, tmp_path: Path, tissue: np.ndarray
) -> None:
    pairs = prepared(metgan, tmp_path, tissue[8:-8, 8:-8], tissue[5:-11, 10:-6])
    words = "shifted by 3 pixels down, 2 left against the anatomy (9 of 9 images agree)"
    note = f"metgan: note: the tumour channel seems to be {words}; register the channels first"
    assert note in capsys.readouterr().err
    assert metgan("info", pairs) == 0
    shown = capsys.readouterr()
    assert words in " ".join(shown.out.split())
    assert note in shown.err


def test_of_registered_channels_nothing_is_noted(
    metgan: Command, capsys: Capture, tmp_path: Path, tissue: np.ndarray
) -> None:
    noise = np.random.default_rng(1).normal(0, 20, tissue.shape)
    pairs = prepared(metgan, tmp_path, tissue, (tissue + noise).astype(np.uint16))
    assert "shifted" not in capsys.readouterr().err
    assert metgan("info", pairs) == 0
    shown = capsys.readouterr()
    assert "no shift between the channels (9 of 9 images agree)" in " ".join(shown.out.split())
    assert "shifted" not in shown.err


def test_of_channels_with_nothing_in_common_it_is_said_that_it_cannot_be_told(
    metgan: Command, capsys: Capture, tmp_path: Path, tissue: np.ndarray
) -> None:
    pairs = prepared(metgan, tmp_path, tissue, tissue[::-1, ::-1].copy())
    assert "shifted" not in capsys.readouterr().err
    assert metgan("info", pairs) == 0
    assert "cannot be told: the channels show too little in common" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        (None, ""),
        (np.transpose, "with rows and columns exchanged (--mask-axes ZXY for ZYX) it fits"),
        (np.flipud, "mirrored top to bottom it fits"),
        (np.fliplr, "mirrored left to right it fits"),
        (lambda mask: np.roll(mask, 70, 1), "Check that the mask is this scan's"),
    ],
)
def test_a_mask_that_marks_nothing_bright_is_noted(
    metgan: Command, capsys: Capture, tmp_path: Path, tissue: np.ndarray, turn: object, words: str
) -> None:
    mask = np.zeros(tissue.shape, np.uint8)
    for row, column in ((20, 40), (60, 130), (200, 30), (230, 190), (110, 100)):
        mask[row : row + 9, column : column + 9] = 255
    tumour = (tissue[::-1, ::-1] + 3000 * (mask > 0)).astype(np.uint16)
    given = turn(mask) if callable(turn) else mask
    for name, image in {"anatomy": tissue, "tumour": tumour, "mask": given}.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", image)
    files = (tmp_path / "anatomy.tif", tmp_path / "tumour.tif", "--labels", tmp_path / "mask.tif")
    assert metgan("prepare", *files, "--out", tmp_path / "pairs", "--crop", 60, "--rows", "0:180") == 0
    told = capsys.readouterr().err
    assert ("marks nothing brighter than its surroundings" in told) == (turn is not None)
    assert words in told


def test_what_no_crop_holds_is_noted_with_its_share(
    metgan: Command, capsys: Capture, tmp_path: Path, tissue: np.ndarray
) -> None:
    """Of 264 x 264 pixels, crops of 80 cover 240 x 240; of 88 all; of 160 rows and 264 columns 160 x 240."""
    prepared(metgan, tmp_path, tissue, tissue[::-1].copy())
    assert "24 rows and 24 columns, 17.4% of the pixels asked for, lie in no crop" in capsys.readouterr().err
    files = (tmp_path / "anatomy.tif", tmp_path / "tumour.tif", "--labels", tmp_path / "mask.tif")
    assert metgan("prepare", *files, "--out", tmp_path / "all", "--crop", 88) == 0
    assert "lie in no crop" not in capsys.readouterr().err
    assert metgan("prepare", *files, "--out", tmp_path / "rows", "--crop", 80, "--rows", "0:160") == 0
    assert "note: 24 columns, 9.1% of the pixels" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["generate", "evaluate"])
def test_exchanged_folders_are_told_where_a_model_is_used(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path, verb: str
) -> None:
    words = {
        "generate": ("--anatomy", world, "--labels", world, "--count", 1),
        "evaluate": ("--data", world, "--independent-segmentor-steps", 1),
    }[verb]
    for is_exchanged in (False, True):
        capsys.readouterr()
        out = tmp_path / f"out-{is_exchanged}"
        assert metgan(verb, trained, *words, "--device", "cpu", "--out", out) == 0
        assert capsys.readouterr().err.count("seem to be exchanged") == is_exchanged
        (world / "anatomy").rename(world / "other")
        (world / "tumour").rename(world / "anatomy")
        (world / "other").rename(world / "tumour")
