"""Whatever holds a scan, the same pairs are cut from it, and no more of it is read than is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from metgan.data import identify, read_table
from metgan.errors import ArrayError, LeakageError, SettingError, StorageError
from metgan.images import ArrayImage, layout_like, pixel_files, write_ome_zarr
from metgan.workflows import CropChoice, PrepareRequest, PrepareResult, ScanFiles, prepare

from .conftest import planes, tiffs

RANDOM = np.random.default_rng(0)
SCAN = RANDOM.integers(100, 4000, (2, 6, 48, 64)).astype(np.uint16)  # CZYX
LABEL = np.zeros(SCAN.shape[1:], np.uint8)
LABEL[:, 8:16, 20:31] = 1
SCAN[1][LABEL > 0] += 9000
Sources = tuple[list[Path], Path]


def ome_zarr(version: str) -> Callable[[Path], Sources]:
    def write(folder: Path) -> Sources:
        image, labels = ArrayImage(SCAN, "CZYX", (5.0, 1.0, 1.0)), {"tumours": ArrayImage(LABEL, "ZYX")}
        path = folder / "scan.ome.zarr"
        write_ome_zarr(path, image, labels, layout_like(image, labels, version=version))
        return [path], path / "labels" / "tumours"

    return write


def niftis(folder: Path) -> Sources:
    folder.mkdir()
    for name, array in (("anatomy", SCAN[0]), ("tumour", SCAN[1]), ("label", LABEL)):
        image = nibabel.Nifti1Image(array.T, np.eye(4))
        image.header.set_xyzt_units("micron")
        nibabel.save(image, folder / f"{name}.nii.gz")
    return [folder / "anatomy.nii.gz", folder / "tumour.nii.gz"], folder / "label.nii.gz"


FORMATS = {
    "0.4": ome_zarr("0.4"),
    "0.5": ome_zarr("0.5"),
    "nifti": niftis,
    "planes": lambda folder: planes(folder, SCAN, LABEL),
}


def cut(sources: Sources, out: Path, planes: str = "1:5", **more) -> PrepareResult:
    crops = CropChoice(crop=16, planes=planes, rows="0:32", columns="16:64")
    files = ScanFiles(sources[1], **{"name": "scan", **more})
    return prepare(PrepareRequest(sources=sources[0], files=files, out=out, crops=crops), lambda event: None)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_pairs_are_cut_from_a_scan_in_any_format(tmp_path: Path, name: str) -> None:
    expected = cut(tiffs(tmp_path, SCAN, LABEL), tmp_path / "pairs-tiff")
    found = cut(FORMATS[name](tmp_path / "scan"), tmp_path / "pairs")
    assert (found.written, found.with_tumour, found.contrast) == (
        expected.written,
        expected.with_tumour,
        expected.contrast,
    )
    assert expected.with_tumour
    for channel in ("anatomy", "tumour", "label"):
        mine, theirs = (
            {path.name: path.read_bytes() for path in (tmp_path / pairs / channel).iterdir()}
            for pairs in ("pairs", "pairs-tiff")
        )
        assert mine == theirs


@pytest.mark.slow
def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    sources = planes(tmp_path / "scan", SCAN, LABEL)
    (sources[0][1] / "Z13.tif").write_bytes(b"damaged, and not asked for: plane 5")
    assert cut(sources, tmp_path / "pairs").written
    with pytest.raises(StorageError, match=r"Z13\.tif"):
        cut(sources, tmp_path / "other", planes="1:6")

    image = ArrayImage(SCAN, "CZYX")
    store = tmp_path / "scan.zarr"
    layout = replace(layout_like(image), blocks=(1, 1, 16, 16), chunks=(1, 1, 16, 16))
    write_ome_zarr(store, image, layout=layout)
    (store / "0/c/1/0/0/1").write_bytes(b"damaged: plane 0")
    (store / "0/c/1/2/2/1").write_bytes(b"damaged: row 32")
    (store / "0/c/1/2/1/0").write_bytes(b"damaged: column 0")
    assert cut(([store], sources[1]), tmp_path / "from-zarr").written
    (store / "0/c/1/2/1/1").write_bytes(b"damaged, and asked for")
    with pytest.raises(StorageError, match="cannot be read"):
        cut(([store], sources[1]), tmp_path / "refused")


def test_a_label_of_another_shape_is_refused(tmp_path: Path) -> None:
    sources, _ = ome_zarr("0.5")(tmp_path / "scan")
    write_ome_zarr(tmp_path / "other.zarr", ArrayImage(LABEL[1:], "ZYX"))
    with pytest.raises(ArrayError, match=r"scan scan has shapes .*label \(5, 48, 64\)"):
        cut((sources, tmp_path / "other.zarr"), tmp_path / "pairs")


@pytest.mark.parametrize("name", FORMATS)
def test_a_scan_is_known_again_wherever_it_lies(tmp_path: Path, name: str) -> None:
    sources = FORMATS[name](tmp_path / "mouse1")
    cut(sources, tmp_path / "pairs")
    shutil.move(tmp_path / "mouse1", tmp_path / "moved")
    moved = [tmp_path / "moved" / path.relative_to(tmp_path / "mouse1") for path in (*sources[0], sources[1])]
    with pytest.raises(LeakageError, match="crops of this scan under the name 'scan'"):
        cut((moved[:-1], moved[-1]), tmp_path / "pairs", name="another")
    assert {row["scan"] for row in read_table(tmp_path / "pairs")} == {"scan"}


@pytest.mark.parametrize("name", FORMATS)
def test_another_scan_is_not_taken_for_it(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(FORMATS[name](tmp_path / "mouse1"), tmp_path / "pairs")
    monkeypatch.setitem(globals(), "SCAN", SCAN[:, ::-1])
    with pytest.raises(SettingError, match="crops of another scan that is called 'scan'"):
        cut(FORMATS[name](tmp_path / "mouse2"), tmp_path / "pairs")


def test_new_labels_in_its_store_leave_a_scan_what_it_is(tmp_path: Path) -> None:
    image = ArrayImage(SCAN, "CZYX")
    store = write_ome_zarr(tmp_path / "a.zarr", image).path
    before = identify(pixel_files(store))
    ome_zarr("0.5")(tmp_path / "b")
    shutil.copytree(tmp_path / "b/scan.ome.zarr/labels", store / "labels")
    assert identify(pixel_files(store)) == before


def test_a_file_is_identified_as_it_always_was(tmp_path: Path) -> None:
    """Pair sets that were begun know their scans by this."""
    (tmp_path / "a").write_bytes(bytes(range(256)) * 100)
    assert identify([tmp_path / "a"]) == "ccc0711c9eb603f5"


def nifti_with(folder: Path, name: str, array: np.ndarray, affine: np.ndarray | None) -> Path:
    """Write a NIfTI, whose header says no affine where there is none."""
    image = nibabel.Nifti1Image(array.T, affine)
    image.header.set_xyzt_units("micron")
    nibabel.save(image, folder / f"{name}.nii")
    return folder / f"{name}.nii"


SHIFTED = np.eye(4)
SHIFTED[0, 3] = 2.0
EXCHANGED = np.eye(4)[[1, 0, 2, 3]]


@pytest.mark.parametrize("affine", [np.diag([-1.0, 1, 1, 1]), np.diag([1.0, 1, -1, 1]), EXCHANGED])
@pytest.mark.parametrize("which", ["tumour", "label"])
def test_niftis_of_a_scan_whose_axes_run_another_way_are_refused(
    tmp_path: Path, affine: np.ndarray, which: str
) -> None:
    arrays = {"anatomy": SCAN[0], "tumour": SCAN[1], "label": LABEL}
    files = {k: nifti_with(tmp_path, k, a, affine if k == which else np.eye(4)) for k, a in arrays.items()}
    with pytest.raises(ArrayError, match=rf"anatomy .* runs to RAS, and {which} .* to "):
        cut(([files["anatomy"], files["tumour"]], files["label"]), tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()


@pytest.mark.parametrize(("affine", "told"), [(SHIFTED, "2.0 voxels"), (np.eye(4), ""), (None, "")])
def test_of_a_shifted_nifti_a_note_tells_and_one_without_an_affine_fits_any(
    tmp_path: Path, affine: np.ndarray | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = nifti_with(tmp_path, "label", LABEL, affine)
    sources = [nifti_with(tmp_path, name, SCAN[k], np.eye(4)) for k, name in enumerate(("anatomy", "tumour"))]
    notes: list[str] = []
    request = PrepareRequest(
        sources=sources,
        files=ScanFiles(mask),
        out=tmp_path / "pairs",
        crops=CropChoice(crop=16, planes="0:1"),
    )
    prepare(request, lambda event: notes.append(str(event)))
    shifted = [text for text in notes if "say of the same voxel that it lies elsewhere" in text]
    assert len(shifted) == bool(told)
    assert told in "".join(shifted)


@pytest.mark.parametrize("is_coarse", [True, False])
def test_a_mask_of_another_level_is_refused_with_the_level_that_fits(tmp_path: Path, is_coarse: bool) -> None:
    """A mask of the second level for the first of the scan, and the other way round."""
    whole, half = np.tile(SCAN[0], (1, 12, 12)), np.tile(SCAN[0], (1, 6, 6))
    scan = write_ome_zarr(tmp_path / "scan.ome.zarr", ArrayImage(whole, "ZYX", (9.0, 1.0, 1.0))).path
    nibabel.save(nibabel.Nifti1Image(half.T, None), tmp_path / "half.nii")
    files = (scan, tmp_path / "half.nii") if is_coarse else (tmp_path / "half.nii", scan)
    with pytest.raises(ArrayError, match=rf"{scan}/1 would fit the .*: give it instead of {scan}\."):
        cut(([files[0], files[0]], files[1]), tmp_path / "pairs")
