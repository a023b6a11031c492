"""NIfTI is read in its own order, with the size of a voxel; what is damaged is called so."""

from __future__ import annotations

import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from metgan.errors import ArrayError, StorageError
from metgan.images import compare_places, open_image, read_stack

VOLUME = np.random.default_rng(0).integers(0, 4000, (4, 20, 30)).astype(np.uint16)  # ZYX
Capture = pytest.CaptureFixture[str]


def write(path: Path, array: np.ndarray = VOLUME.T, unit: str = "mm", zooms=(0.65, 0.65, 5.0)) -> Path:
    image = nibabel.Nifti1Image(array, np.eye(4))
    image.header.set_zooms((*zooms, *(1.0,) * (array.ndim - 3)))
    image.header.set_xyzt_units(unit)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(
    ("unit", "size"),
    [("micron", (5.0, 0.65, 0.65)), ("mm", (5000.0, 650.0, 650.0)), ("meter", (5e6, 6.5e5, 6.5e5))],
)
def test_axes_voxel_size_dtype_and_values_are_those_that_were_saved(
    tmp_path: Path, name: str, unit: str, size: tuple[float, ...]
) -> None:
    stack = read_stack(write(tmp_path / name, unit=unit))
    assert (stack.axes, stack.source.dtype) == ("XYZ", np.uint16)
    assert stack.source.voxel_size_um == pytest.approx(size, rel=1e-6)
    np.testing.assert_array_equal(stack.plane_order(None), VOLUME)


def test_a_unit_that_is_missing_is_told(tmp_path: Path, capsys: Capture) -> None:
    assert open_image(write(tmp_path / "a.nii", unit="unknown")).voxel_size_um is None
    assert "0.65 x 0.65 x 5 large (X first), without a unit" in capsys.readouterr().err


@pytest.mark.parametrize(("side", "is_told"), [(1.0, True), (0.65, False)])
def test_an_affine_with_another_size_of_voxels_than_the_header_is_told(
    tmp_path: Path, side: float, is_told: bool, capsys: Capture
) -> None:
    image = nibabel.Nifti1Image(VOLUME.T, np.diag([0.65, 0.65, 5.0, 1.0]))
    image.header.set_xyzt_units("micron")
    image.header["pixdim"][1] = side
    (tmp_path / f"{side}.nii").write_bytes(image.to_bytes())
    assert open_image(tmp_path / f"{side}.nii").voxel_size_um == pytest.approx((5.0, 0.65, side))
    told = capsys.readouterr().err
    assert ("1 x 0.65 x 5 large (pixdim, X first), and 0.65 x 0.65 x 5 by its affine" in told) == is_told
    assert bool(told) == is_told


def test_a_slope_that_the_file_states_is_applied(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(VOLUME.T, np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "a.nii")
    source = open_image(tmp_path / "a.nii")
    part = source.read((slice(1, 9), slice(3), slice(2)))
    assert source.dtype == part.dtype == np.float64
    np.testing.assert_allclose(part, nibabel.load(tmp_path / "a.nii").get_fdata()[1:9, :3, :2])


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.97])
def test_a_truncated_file_is_refused_by_name(tmp_path: Path, name: str, kept: float) -> None:
    whole = write(tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(StorageError, match=name.replace(".", r"\.")):
        open_image(tmp_path / name).read((slice(None),) * 3)


@pytest.mark.parametrize("name", ["a.nii.gz", "A.NII.GZ"])
def test_a_compressed_file_of_which_one_bit_flipped_is_refused(tmp_path: Path, name: str) -> None:
    """Pixels would be wrong and nothing would say so: nibabel does not come to the sum at the end."""
    path = tmp_path / name
    noise = np.random.default_rng(0).integers(0, 4096, (20, 20, 20)).astype(np.uint16)
    whole = tmp_path / f"whole-{name}"  # another file: clocks of file systems are coarse
    nibabel.save(nibabel.Nifti1Image(noise, None), tmp_path / "whole.nii.gz")
    data = (tmp_path / "whole.nii.gz").read_bytes()
    part = (slice(0, 2), slice(None), slice(None))
    whole.write_bytes(data)
    np.testing.assert_array_equal(open_image(whole).read(part), noise[:2])
    for place in range(2000, len(data) - 100, 997):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(StorageError, match="cannot be read as NIfTI"):
            open_image(path).read(part)


def test_colours_and_other_formats_are_refused(tmp_path: Path) -> None:
    colours = np.zeros((4, 5, 6), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(colours, np.eye(4)), tmp_path / "rgb.nii")
    nibabel.save(nibabel.MGHImage(np.zeros((4, 5, 6), np.float32), np.eye(4)), tmp_path / "other.mgh")
    (tmp_path / "other.mgh").rename(tmp_path / "other.nii")
    (tmp_path / "notes.nii").write_text("no image, and long enough to have a header" * 20)
    for name in ("rgb", "other", "notes"):
        with pytest.raises(StorageError, match=rf"{name}\.nii"):
            open_image(tmp_path / f"{name}.nii")


def test_without_nibabel_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.nii")
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(StorageError, match=r"metgan\[nifti\]"):
        open_image(path)


def placed(path: Path, affine: np.ndarray) -> Path:
    nibabel.save(nibabel.Nifti1Image(VOLUME.T, affine), path)
    return path


HALF = np.sqrt(0.5)
SLANTED = np.array([[HALF, -HALF, 0, 3], [HALF, HALF, 0, 5], [0, 0, 5, 7], [0, 0, 0, 1.0]])
"""Turned by 45 degrees: which way an axis runs mostly depends on the last bit."""


def test_orientations_that_differ_in_the_last_bit_fit(tmp_path: Path, capsys: Capture) -> None:
    found = []
    for sign in (-1, 0, 1):
        affine = SLANTED.copy()
        affine[:2, 0] *= 1 + np.array([sign, -sign]) * 1e-6
        affine[:2, 1] *= 1 - np.array([sign, -sign]) * 1e-6
        found.append(open_image(placed(tmp_path / f"{sign}.nii", affine)))
    assert len({image.directions for image in found}) > 1
    for other in found[1:]:
        compare_places({"anatomy": found[0], "tumour": other})
    assert capsys.readouterr().err.count("lies elsewhere") == 0


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2, 1], [2, 1, 0]])
@pytest.mark.parametrize("affine", [np.diag([2.0, 2.0, 2.0, 1.0]), SLANTED])
def test_another_order_of_axes_and_a_mirrored_one_are_refused(
    tmp_path: Path, order: list[int], affine: np.ndarray
) -> None:
    first = open_image(placed(tmp_path / "a.nii", affine))
    for other in (affine[:, [*order, 3]], affine @ np.diag([1.0, -1.0, 1.0, 1.0])):
        second = open_image(placed(tmp_path / "b.nii", other))
        with pytest.raises(ArrayError, match="files whose axes run the same way"):
            compare_places({"anatomy": first, "tumour": second})
