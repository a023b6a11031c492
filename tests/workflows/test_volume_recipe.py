"""`metgan inpaint --recipe grown`: a label drawn in the volume's tissue, in place of a label image."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from scipy import ndimage

from metgan.cli.app import app
from metgan.data import read_table, write_table
from metgan.errors import ArrayError, MetganError, SettingError, StorageError
from metgan.images import ArrayImage, write_ome_zarr
from metgan.progress import Event, Note, listening
from metgan.synthesis import load
from metgan.workflows import InpaintRequest, OutputPolicy, VolumeRecipeChoice, inpaint
from metgan.workflows.volume_source import open_source, open_volume, resolve

from .conftest import pixels

SHAPE, VOXEL = (6, 128, 140), (5.0, 2.0, 2.0)
GROWN = VolumeRecipeChoice(recipe="grown", density_per_mm3=60_000, diameters_um=(8, 14, 30), seed=3)
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


def anatomy() -> np.ndarray:
    """Tissue on the left, brighter from plane to plane, outside on the right, and a border never imaged."""
    rng = np.random.default_rng(0)
    light = np.full(SHAPE, 150.0)
    light[:, :, :90] = 2000 + 100 * np.arange(SHAPE[0])[:, None, None]
    light += 40 * rng.standard_normal(SHAPE)
    light[:, :, 130:] = light[:, :8] = 0
    return light.astype(np.uint16)


ANATOMY = anatomy()
TISSUE = np.zeros(SHAPE, bool)
TISSUE[:, 8:, :93] = True


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    image = ArrayImage(np.stack([ANATOMY, ANATOMY // 2]), "CZYX", VOXEL)
    write_ome_zarr(tmp_path / "scan.ome.zarr", image)
    return tmp_path / "scan.ome.zarr"


def request(run: Path, scan: Path, out: Path, **more: object) -> InpaintRequest:
    return InpaintRequest(run=run, out=out, device="cpu", **{"sources": [scan], "recipe": GROWN, **more})


def drawn(asked: InpaintRequest) -> tuple[np.ndarray, list[str]]:
    """The label of a request, as another process opens it, and what was noted."""
    told: list[Event] = []
    with listening(told.append):
        channels = open_volume(asked)
        resolved = pickle.loads(pickle.dumps(resolve(asked, channels)))
        source = open_source(resolved, load(asked.run, "cpu"), channels)
    label = source.label([slice(0, n) for n in source.shape])
    return label, [event.text for event in told if isinstance(event, Note)]


def count(label: np.ndarray) -> int:
    return int(ndimage.label(label, np.ones((3, 3, 3)))[1])


def test_what_is_written_is_the_drawn_label_and_light_is_added_there_alone(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    asked = request(run, scan, tmp_path / "a.zarr", mode="insert", block=64)
    result = inpaint(asked, lambda _: None)
    written = pixels(result.out / "labels" / "tumours")
    expected, told = drawn(asked)
    assert (written == expected).all()
    assert count(written) > 5
    assert not (written & ~TISSUE).any()
    far = ~ndimage.binary_dilation(written, np.ones((1, 3, 3)), 3)
    assert (pixels(result.out)[far] == (ANATOMY // 2)[far]).all()
    assert any("tissue is what is brighter than" in text for text in told)
    assert any("129 tumours are to be expected if all of the 0.00215 cubic" in text for text in told)
    made = zarr.open(result.out, mode="r").attrs["metgan"]["provenance"]
    assert (made["--recipe"], made["--density-per-mm3"], made["--seed"]) == ("grown", "60000", "3")
    assert (made["--diameters-um"], made["--size-spread"]) == ("8 14 30", "0.5")
    assert float(made["--tissue-level"]) > 0


def test_settings_belong_to_a_part_and_others_do_not_go_on_with_it(
    run: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(run, scan, tmp_path / "a.zarr", mode="insert", output=OutputPolicy(resume=True))
    inpaint(asked, lambda _: None)
    assert inpaint(asked, lambda _: None).was_finished
    others = (
        {"seed": 4},
        {"density_per_mm3": 60_000.5},
        {"diameters_um": (8, 15, 30)},
        {"infiltration": (0, 0.5)},
        {"tissue_level": 1000.0},
    )
    for other in others:
        with pytest.raises(StorageError, match="holds a volume"):
            inpaint(replace(asked, recipe=replace(GROWN, **other)), lambda _: None)


@pytest.mark.parametrize("change", [{"seed": 9}, {"density_per_mm3": 20_000}, {"diameters_um": (8, 9, 10)}])
def test_each_setting_changes_what_is_drawn(run: Path, scan: Path, tmp_path: Path, change: dict) -> None:
    plain, _ = drawn(request(run, scan, tmp_path / "a.zarr"))
    other, _ = drawn(request(run, scan, tmp_path / "a.zarr", recipe=replace(GROWN, **change)))
    assert other.any()
    assert (other != plain).any()


def test_a_tiff_with_the_size_of_its_voxels_given_has_the_same_label(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", ANATOMY, photometric="minisblack", metadata={"axes": "ZYX"})
    asked = request(run, tmp_path / "a.tif", tmp_path / "a.zarr")
    with pytest.raises(ArrayError, match=r"does not state the size of a voxel.*--voxel-size-um 5 2 2"):
        drawn(asked)
    from_tiff, _ = drawn(replace(asked, voxel_size_um=VOXEL))
    assert (from_tiff == drawn(request(run, scan, tmp_path / "a.zarr"))[0]).all()
    larger, _ = drawn(replace(asked, voxel_size_um=(10.0, 4.0, 4.0)))
    assert (larger != from_tiff).any()
    tifffile.imwrite(tmp_path / "plane.tif", ANATOMY[0], photometric="minisblack")
    with pytest.raises(ArrayError, match="single plane"):
        drawn(replace(asked, sources=[tmp_path / "plane.tif"], voxel_size_um=VOXEL))


def test_tumours_keep_off_the_real_ones(run: Path, scan: Path, tmp_path: Path) -> None:
    plain, _ = drawn(request(run, scan, tmp_path / "a.zarr"))
    real = np.zeros(SHAPE, np.uint8)
    real[:, 20:100, 20:60] = 7
    tifffile.imwrite(tmp_path / "real.tif", real, photometric="minisblack", metadata={"axes": "ZYX"})
    recipe = replace(GROWN, real_tumours=tmp_path / "real.tif")
    beside, _ = drawn(request(run, scan, tmp_path / "a.zarr", recipe=recipe, labels_above=0))
    near = ndimage.binary_dilation(real > 0, np.ones((3, 3, 3)))
    assert (plain & near).any()
    assert not (beside & near).any()
    assert beside.any()


def test_sizes_may_be_those_of_the_training_labels(
    run: Path, scan: Path, tmp_path: Path, small_world: Path
) -> None:
    recipe = replace(GROWN, diameters_um=None, sizes_of=small_world, density_per_mm3=5000)
    label, told = drawn(request(run, scan, tmp_path / "a.zarr", recipe=recipe))
    assert label.any()
    assert any(f"labels of {small_world}" in text for text in told)
    empty = tmp_path / "pairs"
    shutil.copytree(small_world, empty)
    for path in (empty / "label").iterdir():
        tifffile.imwrite(path, np.zeros((64, 64), np.uint8))
    with pytest.raises(ArrayError, match=r"shows a whole tumour.*--diameters-um"):
        drawn(request(run, scan, tmp_path / "a.zarr", recipe=replace(recipe, sizes_of=empty)))


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ({"split": "val"}, r"no image of part 'train' among \d+, in --sizes-of \S*pairs;"),
        ({"anatomy_source": "FIRST"}, r"shares pair .* with the test part, in --sizes-of \S*pairs;"),
    ],
)
def test_pairs_that_are_not_for_training_are_refused_by_the_option_that_names_them(
    run: Path, scan: Path, tmp_path: Path, small_world: Path, rest: dict[str, str], said: str
) -> None:
    """The first pair is for testing; the others are for validation, or were made of it."""
    pairs = shutil.copytree(small_world, tmp_path / "pairs")
    rows = read_table(pairs)
    for row in rows:
        row.update({key: value.replace("FIRST", rows[0]["name"]) for key, value in rest.items()})
    rows[0].update(split="test", anatomy_source="", group="of its own")
    write_table(pairs, rows)
    recipe = replace(GROWN, diameters_um=None, sizes_of=pairs)
    with pytest.raises(MetganError, match=said) as error:
        drawn(request(run, scan, tmp_path / "a.zarr", recipe=recipe))
    assert error.value.remedy == "Give other pairs, or --diameters-um instead"


def test_a_volume_of_tissue_alone_is_told_and_taken_as_such(run: Path, tmp_path: Path) -> None:
    light = np.random.default_rng(0).integers(1000, 1100, SHAPE).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", light, photometric="minisblack", metadata={"axes": "ZYX"})
    asked = request(run, tmp_path / "a.tif", tmp_path / "a.zarr", voxel_size_um=VOXEL)
    label, told = drawn(asked)
    assert label[:, :, 100:].any()
    assert any("none of 6 planes shows tissue and what is outside" in text for text in told)
    none, _ = drawn(replace(asked, recipe=replace(GROWN, tissue_level=2000.0)))
    assert not none.any()


def test_the_light_of_tissue_is_read_from_a_coarser_level_or_from_planes_made_smaller(
    run: Path, tmp_path: Path
) -> None:
    wide = np.kron(ANATOMY[:2, :, :130], np.ones((1, 1, 10), np.uint16))  # (2, 128, 1300)
    image = ArrayImage(wide, "ZYX", VOXEL)
    write_ome_zarr(tmp_path / "a.ome.zarr", image)
    tifffile.imwrite(tmp_path / "a.tif", wide, photometric="minisblack", metadata={"axes": "ZYX"})
    levels = []
    for name in ("a.ome.zarr", "a.tif"):
        asked = request(run, tmp_path / name, tmp_path / "a.zarr", voxel_size_um=VOXEL)
        with listening(lambda _: None):
            levels.append(resolve(asked, open_volume(asked)).recipe.tissue_level)
    assert np.allclose(levels, 150 + 0.1 * (2050 - 150), rtol=0.05)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"recipe": VolumeRecipeChoice()}, "neither --labels nor --recipe"),
        ({"labels": Path("label.tif")}, "both --labels and --recipe"),
        ({"labels_above": 0.0}, "--labels-above without a label image"),
        ({"voxel_size_um": (5.0, 0.0, 2.0)}, "voxel_size_um is 0.0"),
    ],
)
def test_requests_that_say_too_much_or_too_little_are_refused(more: dict, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        request(Path("run"), Path("a.tif"), Path("a.zarr"), **more)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"recipe": "grown", "diameters_um": (8, 9, 10)}, "without a density.*--density-per-mm3"),
        ({"recipe": "grown", "density_per_mm3": 3}, "neither --diameters-um nor --sizes-of"),
        ({"seed": 3, "density_per_mm3": 2}, "--density-per-mm3, --seed without --recipe"),
        (
            {"recipe": "grown", "density_per_mm3": 3, "sizes_of": "a", "size_spread": 1},
            "--size-spread 1 with",
        ),
        ({"recipe": "grown", "density_per_mm3": 3, "diameters_um": (9, 8, 10)}, "8.*Put them in order"),
        ({"recipe": "grown", "density_per_mm3": 1e9, "diameters_um": (8, 9, 10)}, "would fill"),
        ({"recipe": "bank"}, "recipe is 'bank'"),
    ],
)
def test_choices_that_make_no_sense_are_refused(given: dict, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        VolumeRecipeChoice(**given)


def test_the_command_line_reads_the_recipe() -> None:
    words = (
        "inpaint run a.tif --recipe grown --density-per-mm3 3 --diameters-um 10 20 60 --out d.zarr --seed 4"
    )
    _, bound, _ = app.parse_args(words.split(), exit_on_error=False, print_error=False)
    recipe = bound.kwargs["recipe"]
    assert (recipe.density_per_mm3, recipe.diameters_um, recipe.seed) == (3.0, (10.0, 20.0, 60.0), 4)
