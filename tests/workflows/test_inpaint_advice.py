"""What is answered where something else was given than was asked for: each remedy is one that helps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.data import ChannelScale, Normalisation
from metgan.errors import ArrayError, MetganError, SettingError, StorageError, UnknownNameError
from metgan.images import ArrayImage, write_ome_zarr
from metgan.networks import MetGen, build, make_generator
from metgan.progress import Event, Note
from metgan.workflows import (
    CropChoice,
    GenerateRequest,
    InfoRequest,
    PrepareRequest,
    ScanFiles,
    Sources,
    VolumeRecipeChoice,
    generate,
    info,
    prepare,
)
from metgan.workflows.mask_as_image import refuse_mask

from .conftest import call, request, save_generator

SCAN = np.random.default_rng(0).integers(100, 4000, (2, 3, 48, 64)).astype(np.uint16)  # CZYX
LABEL = np.zeros(SCAN.shape[1:], np.uint8)
LABEL[:, 8:16, 20:31] = 1
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    image, labels = ArrayImage(SCAN, "CZYX"), {"spots": ArrayImage(LABEL, "ZYX")}
    write_ome_zarr(tmp_path / "scan.ome.zarr", image, labels)
    return tmp_path / "scan.ome.zarr"


def tiff(path: Path, array: np.ndarray, axes: str | None = None) -> Path:
    tifffile.imwrite(path, array, photometric="minisblack", **({"metadata": {"axes": axes}} if axes else {}))
    return path


def test_a_name_that_others_do_not_know_for_an_ome_zarr_is_refused(run: Path, scan: Path) -> None:
    for name in ("new", "new.ome", "new.tif"):
        with pytest.raises(SettingError, match=rf"called {name};.* Call it {name}.ome.zarr"):
            request(run, scan, Path(name))


def test_a_misspelt_label_or_level_is_answered_with_those_that_there_are(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match=r"label of .*scan.ome.zarr 'spot'; expected one of: spots"):
        call(request(run, scan, tmp_path / "a.zarr", labels=scan / "labels" / "spot"))
    with pytest.raises(UnknownNameError, match="'9'; expected one of: 0, labels/spots"):
        info(InfoRequest(path=scan / "9"))
    image = ArrayImage(SCAN, "CZYX")
    write_ome_zarr(tmp_path / "bare.zarr", image)
    with pytest.raises(StorageError, match=r"bare\.zarr has no labels"):
        call(request(run, scan, tmp_path / "a.zarr", labels=tmp_path / "bare.zarr/labels/spots"))


def test_what_is_given_for_another_thing_is_named(
    run: Path, scan: Path, tmp_path: Path, small_world: Path
) -> None:
    pairs = tmp_path / "pairs"
    shutil.copytree(small_world, pairs)
    asked, cyx = request(run, scan, tmp_path / "a.zarr"), tiff(tmp_path / "cyx.tif", SCAN[:, 0], "CYX")
    others: list[tuple[dict[str, object], str]] = [
        ({"run": pairs}, "pairs holds (pairs|a pair set); expected a run folder"),
        ({"run": scan}, "holds an OME-Zarr; expected a run folder"),
        ({"sources": [pairs]}, "pairs holds (pairs|a pair set); expected an image"),
        ({"sources": [scan / "labels" / "spots"]}, r"a label image, as the volume.*Give .*scan.ome.zarr\."),
        ({"labels": scan}, r"has 2 channels .*expected a mask.*its labels: \S*scan.ome.zarr/labels/spots\."),
        ({"labels": cyx}, r"has 2 channels .*If these are planes, --mask-axes ZYX\."),
    ]
    for given, said in others:
        with pytest.raises(MetganError, match=said):
            call(replace(asked, **given))


def test_an_image_of_another_dtype_is_refused_for_it_and_a_mask_has_its_option(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    """As it is marked, or numbered; what is read is blamed, whatever the other images look like."""
    mask, wide = (tiff(tmp_path / f"{t}.tif", LABEL.astype(t), "ZYX") for t in ("uint8", "uint32"))
    anatomy = np.full_like(SCAN[0], 96)
    anatomy[:, :, :16] = SCAN[0][:, :, :16]  # the rest was never imaged
    volume = tiff(tmp_path / "a.tif", anatomy, "ZYX")
    numbered = tiff(tmp_path / "numbered.tif", LABEL + 2 * LABEL[:, ::-1], "ZYX")
    asked = request(run, scan, tmp_path / "a.zarr")

    def cut(*sources: Path, **files: object) -> None:
        labels = {"labels": scan / "labels" / "spots", **files}
        prepare(PrepareRequest(sources=[*sources], files=ScanFiles(**labels), out=tmp_path / "p"))

    hint = r"\. If it is a mask, give it as the label; otherwise "
    ways = (
        (
            lambda: call(replace(asked, sources=[mask])),
            rf"uint8\.tif has dtype uint8; expected uint16.*{hint}",
        ),
        (
            lambda: call(replace(asked, sources=[mask], mode="insert")),
            rf"dtype uint8; expected uint16.*{hint}",
        ),
        (lambda: cut(volume, wide), rf"tumour has dtype uint32; .* uint16 or a float{hint}"),
        (lambda: cut(mask), "channel 1 was asked for.*two files, anatomy and then tumour"),
        (lambda: cut(volume, volume, labels=numbered), r"label has values \{0, 1, 2\}"),
    )
    for way, said in ways:
        with pytest.raises(ArrayError, match=said):
            way()


def test_a_label_in_another_order_of_axes_is_told_and_is_read_as_advised(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    turned = tiff(tmp_path / "yxz.tif", LABEL.transpose(1, 2, 0), "ZYX")
    asked = request(run, scan, tmp_path / "a.zarr", labels=turned)
    with pytest.raises(
        ArrayError, match=r"anatomy \(3, 48, 64\), labels \(48, 64, 3\).*--mask-axes"
    ) as error:
        call(asked)
    (axes,) = re.findall(r"labels of axes (\w+) would fit", error.value.remedy)
    call(replace(asked, mask_axes=axes))
    with pytest.raises(ArrayError) as error:
        call(replace(asked, labels=tiff(tmp_path / "short.tif", LABEL[:2], "ZYX")))
    assert "would fit" not in str(error.value)


def test_a_place_that_cannot_be_written_has_its_own_name(run: Path, scan: Path, tmp_path: Path) -> None:
    long = f"{'n' * 245}.ome.zarr"  # 254 bytes are a name, and those of its part are too many
    with pytest.raises(StorageError, match=long) as error:
        call(request(run, scan, tmp_path / long))
    assert ".part" not in str(error.value)


def test_a_volume_of_metgan_without_a_size_of_voxels_is_read_without_a_note(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    first = request(run, scan, tmp_path / "a.zarr")
    again = request(run, tmp_path / "a.zarr", tmp_path / "b.zarr", labels=tmp_path / "a.zarr/labels/tumours")
    assert not [text for asked in (first, again) for text in call(asked)[1] if "voxels" in text]


def test_an_axis_without_a_name_is_told_with_what_it_is_taken_for(tmp_path: Path) -> None:
    facts = info(InfoRequest(path=tiff(tmp_path / "a.tif", SCAN[0]))).facts
    assert facts["shape"] == "? 3, Y 48, X 64"
    assert facts["axes"].startswith(
        "? is not named in the file, and taken for planes: ZYX, unless --axes CYX"
    )
    facts = info(InfoRequest(path=tiff(tmp_path / "b.tif", SCAN))).facts
    assert facts["axes"].startswith("? is not named in the file; Name the axes")
    assert "axes" not in info(InfoRequest(path=tiff(tmp_path / "c.tif", SCAN[0], "ZYX"))).facts


def test_prepare_takes_the_size_of_a_voxel_where_the_file_does_not_say_it(tmp_path: Path) -> None:
    source, out = tiff(tmp_path / "a.tif", SCAN[:, :1], "CZYX"), tmp_path / "pairs"
    crops = CropChoice(crop=8, group="mouse")
    plain = PrepareRequest(sources=[source], out=out, files=ScanFiles(pixel_size_um=4.0), crops=crops)
    with pytest.raises(StorageError, match=r"how large its voxels are.*Give --voxel-size-um"):
        prepare(plain, lambda _: None)
    given = replace(plain, files=ScanFiles(pixel_size_um=4.0, voxel_size_um=(9.0, 2.0, 2.0)))
    assert prepare(given, lambda _: None).written == (24 // 8) * (32 // 8)
    with pytest.raises(SettingError, match="--voxel-size-um 9 2 2 without --pixel-size-um"):
        ScanFiles(voxel_size_um=(9.0, 2.0, 2.0))


def test_a_size_that_contradicts_the_file_is_told_by_prepare(tmp_path: Path) -> None:
    image, told = ArrayImage(SCAN, "CZYX", (9.0, 1.0, 1.0)), list[Event]()
    write_ome_zarr(tmp_path / "a.zarr", image)
    files = ScanFiles(pixel_size_um=4.0, voxel_size_um=(9.0, 2.0, 2.0))
    crops = CropChoice(crop=8, planes="0:1")
    prepare(
        PrepareRequest(sources=[tmp_path / "a.zarr"], out=tmp_path / "p", files=files, crops=crops),
        told.append,
    )
    texts = [event.text for event in told if isinstance(event, Note)]
    assert any("9 x 1 x 1 um; 9 x 2 x 2 is taken" in text for text in texts)


@pytest.mark.slow
def test_sizes_of_a_set_are_in_its_own_pixels_where_it_says_them(
    run: Path, scan: Path, tmp_path: Path, small_world: Path
) -> None:
    pairs, told, found = tmp_path / "pairs", [], []
    shutil.copytree(small_world, pairs)
    head, *rows = (pairs / "pairs.csv").read_text().splitlines()
    recipe = VolumeRecipeChoice(recipe="grown", density_per_mm3=10.0, sizes_of=pairs)

    def noted(sizes: list[str], out: Path) -> list[str]:
        lines = [f"{head},pixel_um", *(f"{row},{size}" for row, size in zip(rows, sizes, strict=True))]
        (pairs / "pairs.csv").write_text("\n".join(lines) + "\n")
        return call(request(run, scan, out, labels=None, recipe=recipe, voxel_size_um=(2.0, 2.0, 2.0)))[1]

    for size in ("", "2", "4"):
        out = tmp_path / f"a{size}.zarr"
        told.append(noted([size] * len(rows), out))
        found.append(np.array(info(InfoRequest(path=out)).facts["--diameters-um"].split(), float))
    assert (found[0] == found[1]).all()
    assert found[2] == pytest.approx(2 * found[1])
    assert any("taken to be 2 um large, as the volume's" in text for text in told[0])
    assert any("pairs.csv says to be 4 um large" in text for text in told[2])
    with pytest.raises(SettingError, match=r"pixel_um.*not stated.*--diameters-um"):
        noted([("", "4")[k % 2] for k in range(len(rows))], tmp_path / "c.zarr")


def test_a_label_of_tumours_that_the_volume_has_already_is_told_of_where_light_is_added(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    """As when the annotators' mask is given for that of new tumours, which would be twice as bright."""
    anatomy, other = tiff(tmp_path / "anatomy.tif", SCAN[0], "ZYX"), tiff(tmp_path / "t.tif", SCAN[1], "ZYX")
    marked = tiff(tmp_path / "marked.tif", SCAN[1] + 5000 * LABEL.astype(np.uint16), "ZYX")
    asked = request(run, scan, tmp_path / "a.zarr", mode="insert", sources=[anatomy, marked])
    said = "marks what is bright in the tumour channel already"
    assert any(said in text for text in call(asked)[1])
    right = replace(asked, sources=[anatomy, other], out=tmp_path / "b.zarr")
    assert not any(said in text for text in call(right)[1])


def test_a_mask_that_is_inverted_is_told_of(run: Path, scan: Path, tmp_path: Path) -> None:
    """As Fiji makes one: with labels, nearly all of the volume would become tumour; with a recipe, drawn
    tumours would keep off all but the real ones."""
    inverted, said = tiff(tmp_path / "inverted.tif", 1 - LABEL, "ZYX"), "check that they are not inverted"
    right = request(run, scan, tmp_path / "a.zarr")
    assert not any(said in text for text in call(right)[1])
    assert any(said in text for text in call(replace(right, labels=inverted, out=tmp_path / "b.zarr"))[1])
    recipe = VolumeRecipeChoice(
        recipe="grown", density_per_mm3=10.0, diameters_um=(5.0, 8.0, 12.0), real_tumours=inverted
    )
    drawn = replace(right, labels=None, recipe=recipe, out=tmp_path / "c.zarr", voxel_size_um=(2.0, 2.0, 2.0))
    assert any(said in text for text in call(drawn)[1])


def test_labels_that_are_inverted_are_told_of_where_pairs_are_generated(run: Path, tmp_path: Path) -> None:
    for folder, mask in (("anatomies", SCAN[0, 0]), ("right", LABEL[0]), ("inverted", 1 - LABEL[0])):
        (tmp_path / folder).mkdir()
        tiff(tmp_path / folder / f"of-{folder}.tif", mask)
    for folder in ("right", "inverted"):
        told: list[Event] = []
        sources = Sources(anatomy=tmp_path / "anatomies", labels=tmp_path / folder, part="all")
        out = tmp_path / f"{folder}-pairs"
        asked = GenerateRequest(run=run, sources=sources, out=out, count=1, device="cpu")
        with pytest.raises(ArrayError, match="is flat"):  # as what an untrained network generates
            generate(asked, told.append)
        assert any("not inverted" in str(event) for event in told) == (folder == "inverted")


@pytest.mark.parametrize("high", [1, 255])
def test_a_mask_of_the_cameras_dtype_is_refused_as_a_volume(
    run: Path, scan: Path, tmp_path: Path, high: int
) -> None:
    mask = tiff(tmp_path / "mask.tif", LABEL.astype(np.uint16) * np.uint16(high), "ZYX")
    anatomy, asked = tiff(tmp_path / "a.tif", SCAN[0], "ZYX"), request(run, scan, tmp_path / "new.zarr")
    with pytest.raises(ArrayError, match=rf"anatomy of .*mask.tif has no other values than 0, {high};"):
        call(replace(asked, sources=[mask]))
    with pytest.raises(ArrayError, match=rf"tumour channel of .*mask.tif has no other values than 0, {high}"):
        call(replace(asked, sources=[anatomy, mask], mode="insert"))
    with pytest.raises(ArrayError, match=r"has no other values than 7;"):
        call(replace(asked, sources=[tiff(tmp_path / "flat.tif", np.full_like(SCAN[0], 7), "ZYX")]))
    assert not [*tmp_path.glob("new*")]


def test_numbered_objects_are_told_of_and_dim_scans_are_not(run: Path, scan: Path, tmp_path: Path) -> None:
    """Also where a dim scan has as few values, as with 8 bits, or was filled in at most places."""
    numbered = LABEL.astype(np.uint16)
    numbered[:, 24:40, 3:30], numbered[:, 30:36, 40:50] = 2, 3
    faint = np.random.default_rng(1).poisson(1.0, LABEL.shape).astype(np.uint16) + np.uint16(100)
    filled = np.where(np.arange(LABEL.shape[2]) < 48, 0, faint).astype(np.uint16)
    assert np.unique(filled).size < 16
    dim = (100 + (SCAN[0] - 100.0) / 4).astype(np.uint16)
    many = np.kron(np.arange(LABEL[0].size // 64).reshape(LABEL.shape[1] // 8, -1), np.ones((8, 8)))
    volumes = {"numbered": numbered, "many": np.stack([many] * len(LABEL)).astype(np.uint16)}
    for name, volume in {**volumes, "faint": faint, "filled": filled, "dim": dim}.items():
        path, out = tiff(tmp_path / f"{name}.tif", volume, "ZYX"), tmp_path / f"{name}.zarr"
        _, told = call(request(run, scan, out, sources=[path]))
        assert any("Is it a mask?" in text for text in told) == (name in volumes), name


@pytest.mark.parametrize(
    ("anatomy", "tumour"),
    [((353.0, 1875.0), (502.0, 3482.0)), ((100.0, 900.0), (50.0, 1500.0))],
    ids=["a brighter tumour channel", "a wider one"],
)
def test_an_anatomy_that_fits_the_tumour_channel_alone_is_told_of_and_a_dim_one_is_not(
    tmp_path: Path,
    scan: Path,
    settle: Callable[[MetGen], None],
    anatomy: tuple[float, float],
    tumour: tuple[float, float],
) -> None:
    """As where the channels are exchanged; the first ranges are those of a phantom."""
    units = Normalisation(ChannelScale(*anatomy, "uint16"), ChannelScale(*tumour, "uint16"))
    network = build(lambda: make_generator("metgen", "small"), 1)
    settle(network)
    run, rng = save_generator(tmp_path / "run", network, normalisation=units), np.random.default_rng(0)
    light = rng.uniform(*anatomy, LABEL.shape)
    volumes = {
        "usual": light,
        "half": light / 2,
        "dim": light / 4,
        "exchanged": rng.uniform(*tumour, LABEL.shape),
    }
    for name, volume in volumes.items():
        path, out = tiff(tmp_path / f"{name}.tif", volume.astype(np.uint16), "ZYX"), tmp_path / f"{name}.zarr"
        _, told = call(request(run, scan, out, sources=[path]))
        said = any("fits the range of the model's tumour channel" in text for text in told)
        assert said == (name == "exchanged"), name


def test_a_part_of_a_volume_that_shows_two_values_is_no_mask_yet(capsys: pytest.CaptureFixture[str]) -> None:
    """Windows alone are looked at: a sparse channel, background taken off, or fill beside saturation."""
    sparse = (np.random.default_rng(0).random((64, 64)) < 0.1).astype(np.uint8)
    refuse_mask([sparse], (50, 4000, 4000), "tumour channel")
    refuse_mask([np.zeros((64, 64), np.uint8)], (50, 4000, 4000), "tumour channel")  # fill alone
    assert capsys.readouterr().err == ""
    blocks = np.kron(sparse[:8, :8], np.ones((8, 8), np.uint8))
    refuse_mask([blocks], (50, 4000, 4000), "tumour channel")
    assert "Is it a mask?" in capsys.readouterr().err
    for whole in (sparse, blocks):
        with pytest.raises(ArrayError, match="no other values than 0, 1"):
            refuse_mask([whole], (1, 64, 64), "tumour channel")


def test_dim_light_of_few_grey_levels_is_no_mask(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    tissue = 6 + 5 * np.sin(np.arange(96) / 9)[:, None] * np.cos(np.arange(96) / 11)
    for noise in (0.2, 0.3, 0.4):
        dim = np.rint(tissue + rng.normal(0, noise, tissue.shape)).astype(np.uint8)
        refuse_mask([dim], (1, 96, 96), "tumour channel")
    assert capsys.readouterr().err == ""


def test_a_mask_is_refused_as_the_tumour_channel_of_a_recipe(run: Path, scan: Path, tmp_path: Path) -> None:
    anatomy, mask = tiff(tmp_path / "a.tif", SCAN[0], "ZYX"), LABEL.astype(np.uint16)
    recipe = VolumeRecipeChoice(recipe="grown", density_per_mm3=10.0, diameters_um=(5.0, 8.0, 12.0))
    asked = request(run, scan, tmp_path / "new.zarr", labels=None, recipe=recipe, mode="insert")
    with pytest.raises(ArrayError, match=r"tumour channel of .* no other values than 0, 1"):
        call(
            replace(
                asked, sources=[anatomy, tiff(tmp_path / "m.tif", mask, "ZYX")], voxel_size_um=(2.0, 2.0, 2.0)
            )
        )
