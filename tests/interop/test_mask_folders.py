"""Folders of images and masks, read by the rules of Cellpose, StarDist and ilastik.

The rules are written here from cellpose/io.py (get_image_files, get_label_files), StarDist's example
notebooks, and ilastik's labelingImport.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage import measure

from metgan.data import PairSet
from metgan.errors import ArrayError, StorageError
from metgan.images import write_image
from metgan.interop import MASK_FOLDERS, check_export, export, gather_cases, number_classes, number_objects
from metgan.progress import Event, listening

from .conftest import WriteSet, painted

OBJECTS = """
1..22...
.1......
........
.......3
"""
RESULTS = ("_masks", "_cp_output", "_flows", "_flows_0", "_flows_1", "_flows_2", "_cellprob")
"""Ends of names that Cellpose takes for masks and results of its own."""


@pytest.fixture(params=[*MASK_FOLDERS])
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def out(program: str, real: PairSet, generated: PairSet, tmp_path: Path) -> Path:
    cases = gather_cases([real, generated])
    check_export(cases, tmp_path / "out", MASK_FOLDERS[program])
    export(cases, tmp_path / "out", MASK_FOLDERS[program])
    return tmp_path / "out"


def found_by(program: str, out: Path, part: str) -> dict[str, tuple[Path, Path]]:
    """Find images and their masks as the program does, by the image's name."""
    if program == "cellpose":
        images = [path for path in (out / part).glob("*.tif") if not path.stem.endswith(RESULTS)]
        return {path.stem: (path, path.with_name(f"{path.stem}_masks.tif")) for path in images}
    masks = {"stardist": "masks", "ilastik": "labels"}[program]
    pairs = [sorted((out / part / folder).glob("*.tif")) for folder in ("images", masks)]
    assert [path.name for path in pairs[0]] == [path.name for path in pairs[1]]
    return {image.stem: (image, mask) for image, mask in zip(*pairs, strict=True)}


def test_each_part_has_its_images_and_each_image_its_mask(program: str, out: Path) -> None:
    found = {part: sorted(found_by(program, out, part)) for part in ("train", "val", "test")}
    assert found == {"train": ["a", "b", "synthetic-0", "synthetic-1"], "val": ["c"], "test": ["d"]}


def test_images_are_the_tumour_channel_as_it_was(program: str, out: Path, real: PairSet) -> None:
    image, mask = (tifffile.imread(path) for path in found_by(program, out, "train")["a"])
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, real.read("a").tumour)
    assert mask.shape == image.shape


@pytest.mark.parametrize("program", ["cellpose", "stardist"])
def test_objects_are_numbered_and_diagonal_neighbours_are_one(program: str, out: Path) -> None:
    masks = {name: tifffile.imread(mask) for name, (_, mask) in found_by(program, out, "train").items()}
    drawn = [[int(pixel.replace(".", "0")) for pixel in line] for line in OBJECTS.split()]
    assert masks["a"].dtype == np.uint16
    assert masks["a"].tolist() == drawn
    assert not masks["b"].any()


@pytest.mark.parametrize("program", ["ilastik"])
def test_background_is_a_class_and_an_image_without_tumours_keeps_it_when_imported(
    program: str, out: Path
) -> None:
    """Ilastik maps 0 and the values that it finds to 0, 1, 2 in rising order."""
    for name, present in (("a", [1, 2]), ("b", [1])):
        values = np.unique(tifffile.imread(found_by(program, out, "train")[name][1]))
        assert values.tolist() == present
        imported = dict(zip([0, *values.tolist()], range(3), strict=False))
        assert all(imported[value] == value for value in present)


@pytest.mark.parametrize(("program", "is_told"), [("ilastik", True), ("stardist", False)])
def test_a_mask_without_background_is_told_of_since_ilastik_takes_its_tumours_for_that(
    program: str, is_told: bool, real: PairSet, tmp_path: Path
) -> None:
    """Pair a is annotated on its tumours alone, pair c is nothing but tumour."""
    ignored = real.root / "ignore"
    ignored.mkdir()
    write_image(ignored / "a.tif", (~real.read("a").label).astype(np.uint8))
    write_image(real.root / "label" / "c.tif", np.full((4, 8), 255, np.uint8))
    told: list[Event] = []
    with listening(told.append):
        export(gather_cases([PairSet.open(real.root)]), tmp_path / "out", MASK_FOLDERS[program])
    notes = [str(event) for event in told if "background" in str(event)]
    assert len(notes) == 2 * is_told
    assert all("map 2 to 2" in text for text in notes)


@pytest.mark.parametrize(("program", "names"), [("cellpose", "--test_dir {}/val"), ("stardist", "val/")])
def test_the_validation_part_is_advised_where_there_is_one(
    real: PairSet, write_set: WriteSet, program: str, names: str
) -> None:
    out = Path("out")
    without = write_set("without", [painted("e", "mouse 1", "")])
    layout = MASK_FOLDERS[program]
    assert names.format(out) in layout.advice(gather_cases([real]), out)
    advice = layout.advice(gather_cases([without]), out)
    assert "val" not in advice
    assert f"{out}/train" in advice


@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_objects_are_those_that_scikit_image_finds(label: np.ndarray) -> None:
    numbers = number_objects(label)
    np.testing.assert_array_equal(numbers, measure.label(label, connectivity=2))
    np.testing.assert_array_equal(number_classes(label) == 2, label)


def test_more_objects_than_sixteen_bits_can_number_are_refused() -> None:
    label = np.zeros((512, 514), np.bool_)
    label[::2, ::2] = True  # 256 x 257 = 65792
    with pytest.raises(ArrayError, match="65792 tumours; expected at most 65535"):
        number_objects(label)


@pytest.mark.parametrize("end", [*RESULTS, "_Masks"])  # the last is the mask of e on a Mac or on Windows
def test_a_name_that_cellpose_would_skip_is_refused_for_cellpose_alone(
    real: PairSet, write_set: WriteSet, tmp_path: Path, end: str
) -> None:
    cases = gather_cases([real, write_set("odd", [painted(f"e{end}", "mouse 1", "")])])
    with pytest.raises(StorageError, match="Cellpose skips"):
        check_export(cases, tmp_path / "out", MASK_FOLDERS["cellpose"])
    check_export(cases, tmp_path / "out", MASK_FOLDERS["stardist"])


def test_ilastik_is_told_of_pixels_of_which_a_label_says_nothing_by_its_zero(
    real: PairSet, tmp_path: Path
) -> None:
    """In its layer of labels 0 is what was not painted; 1 is background and 2 tumour."""
    mask = np.zeros((4, 8), np.uint8)
    mask[:, 0] = 1
    write_image(real.root / "ignore" / "a.tif", mask)
    pairs, layout = PairSet.open(real.root), MASK_FOLDERS["ilastik"]
    assert {name: row.can_ignore for name, row in MASK_FOLDERS.items()} == {
        "cellpose": False,
        "stardist": False,
        "ilastik": True,
    }
    export(gather_cases([pairs]), tmp_path / "out", layout)
    (_, written), (_, plain) = (found_by("ilastik", tmp_path / "out", "train")[name] for name in "ab")
    expected = pairs.read("a").label + 1
    expected[:, 0] = 0
    assert tifffile.imread(written).tolist() == expected.tolist()
    assert set(np.unique(tifffile.imread(plain))) == {1}
