"""The main job on real microscopy, from stacks to scores, through the command line; short and not good.

Needs the folder METGAN_REAL_DATA with cfB_image.tif (26 x 2 x 1020 x 627, ZCYX), cfB_mask.tif and
cfB_tissue.tif (ZYX): two channels of a mouse cortex with labelled neurons, from the test data of
BrainGlobe's cellfinder. They stand in for metastases: bright, small, rare, and told by the label alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from metgan.data import PairSet, load_split
from metgan.images import read_image
from metgan.models import read_card

pytestmark = pytest.mark.real

ROWS = {"train": (0, 600), "val": (616, 744), "test": (760, 1020)}
METGAN = (sys.executable, "-c", "from metgan.cli import main; main()")


def metgan(*arguments: str | Path) -> str:
    command = [*METGAN, *(str(argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def stacks() -> Path:
    folder = os.environ.get("METGAN_REAL_DATA")
    if not folder:
        pytest.skip("METGAN_REAL_DATA names no folder")
    return Path(folder)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("main-job")


@pytest.fixture(scope="module")
def pairs(stacks: Path, work: Path) -> PairSet:
    out = work / "pairs"
    for part, (first, end) in ROWS.items():
        metgan(
            *("prepare", stacks / "cfB_image.tif", "--labels", stacks / "cfB_mask.tif"),
            *("--tissue", stacks / "cfB_tissue.tif", "--out", out, "--crop", "128", "--every", "8"),
            *("--rows", f"{first}:{end}", "--split", part),
        )
    return PairSet.open(out)


@pytest.fixture(scope="module")
def run(pairs: PairSet, work: Path, settle_run: Callable[[Path], None]) -> Path:
    """A run of two steps; settled, since hardly trained generators paint flat images, which are refused."""
    steps = ("--steps", "2", "--segmentor-steps", "2")
    metgan("train", pairs.root, "--out", work / "run", "--preset", "small", *steps)
    settle_run(work / "run")
    return work / "run"


@pytest.fixture(scope="module")
def new_pairs(run: Path, pairs: PairSet, work: Path) -> PairSet:
    sources = ("--anatomy", pairs.root, "--labels", pairs.root)
    metgan("generate", run, *sources, "--count", "4", "--out", work / "new-pairs")
    return PairSet.open(work / "new-pairs")


@pytest.fixture(scope="module")
def scores(run: Path, pairs: PairSet, work: Path) -> Path:
    metgan(
        "evaluate", run, "--data", pairs.root, "--independent-segmentor-steps", "2", "--out", work / "scores"
    )
    return work / "scores"


def top_of(name: str) -> int:
    """First row of a crop, from its name ``cfB_image_z0000_y00128_x00256``."""
    return int(name.split("_y")[1][:5])


def test_crops_stay_within_the_rows_of_their_part(pairs: PairSet) -> None:
    for entry in pairs:
        first, end = ROWS[entry.split]
        assert first <= top_of(entry.name) <= end - 128
    assert {entry.split for entry in pairs} == set(ROWS)


def test_crops_hold_the_camera_s_own_values(pairs: PairSet, stacks: Path) -> None:
    image = tifffile.imread(stacks / "cfB_image.tif")  # (Z, C, Y, X)
    mask = tifffile.imread(stacks / "cfB_mask.tif")
    for name in (pairs.entries[0].name, pairs.entries[-1].name):
        pair = pairs.read(name)
        z, left = (int(name.split(f"_{axis}")[1].split("_")[0]) for axis in "zx")
        rows, columns = slice(top_of(name), top_of(name) + 128), slice(left, left + 128)
        assert np.array_equal(pair.anatomy, image[z, 0, rows, columns])
        assert np.array_equal(pair.tumour, image[z, 1, rows, columns])
        assert np.array_equal(pair.label, mask[z, rows, columns] > 0)


def test_training_sees_no_test_row(run: Path, pairs: PairSet) -> None:
    split = load_split(run / "splits.json")
    assert all(top_of(name) + 128 <= ROWS["test"][0] for name in (*split.train, *split.val))
    test_groups = {entry.group for entry in pairs if entry.split == "test"}
    for model in (run, run / "segmentor"):
        assert not test_groups & set(read_card(model).groups_seen)
    assert (run / "report.html").is_file()


def test_new_pairs_come_from_training_rows_in_camera_units(new_pairs: PairSet, pairs: PairSet) -> None:
    assert len(new_pairs) == 4
    for entry in new_pairs:
        provenance = entry.provenance
        # After two steps a painted image may be flat, which PairSet.read refuses.
        anatomy, tumour, label = (read_image(entry.paths[c]) for c in ("anatomy", "tumour", "label"))
        assert anatomy.dtype == tumour.dtype == np.uint16
        assert anatomy.shape == tumour.shape == label.shape == (128, 128)
        assert np.array_equal(anatomy, pairs.read(provenance["anatomy_source"]).anatomy)
        assert label.any()
        for source in (provenance["anatomy_source"], *provenance["label_sources"].split()):
            assert top_of(source) + 128 <= 600


def test_every_test_crop_is_scored_and_none_else(scores: Path, pairs: PairSet) -> None:
    test = [entry.name for entry in pairs if entry.split == "test"]
    assert pd.read_csv(scores / "scores.csv")["name"].tolist() == test
    summary = json.loads((scores / "summary.json").read_text())
    assert summary["images"] == len(test)
    assert 0 < summary["generated"]["mae"] < 2
    assert (scores / "grid.png").read_bytes().startswith(b"\x89PNG")
    assert (scores / "report.html").stat().st_size > 10_000
