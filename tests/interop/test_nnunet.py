"""A raw data set of nnU-Net, read by nnU-Net's own rules.

They are written here from its documentation (dataset_format.md) and from what its code does when it looks for
cases, reads 2-D images and splits; where nnunetv2 is installed, it is asked itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage import io

from metgan.data import PairSet
from metgan.errors import SettingError
from metgan.images import write_image
from metgan.interop import CHANNELS, NnUnet, check_export, export, gather_cases

VERIFY = """
import sys
from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity
if __name__ == "__main__":
    verify_dataset_integrity(sys.argv[1], 1)
"""


@pytest.fixture(params=[*CHANNELS])
def raw(request: pytest.FixtureRequest, real: PairSet, generated: PairSet, tmp_path: Path) -> Path:
    out = tmp_path / "nnUNet_raw" / "Dataset501_Tumours"
    cases, layout = gather_cases([real, generated]), NnUnet(CHANNELS[request.param])
    check_export(cases, out, layout)
    export(cases, out, layout)
    return out


def description(raw: Path) -> dict[str, dict[str, object]]:
    return json.loads((raw / "dataset.json").read_text())


def cases_of(raw: Path, part: str) -> dict[str, list[Path]]:
    """Find cases as nnU-Net does: what stands before the channel's four digits names the case."""
    found: dict[str, list[Path]] = {}
    for path in sorted((raw / f"images{part}").glob("*.tif")):
        match = re.fullmatch(r"(.+)_\d{4}\.tif", path.name)
        assert match, path
        found.setdefault(match[1], []).append(path)
    return found


def test_the_description_has_what_version_2_requires(raw: Path) -> None:
    content = description(raw)
    assert {"channel_names", "labels", "numTraining", "file_ending"} <= set(content)
    assert content["labels"] == {"background": 0, "tumour": 1}
    assert content["file_ending"] == ".tif"
    assert content["numTraining"] == len(cases_of(raw, "Tr")) == 5
    names = list(content["channel_names"].values())
    assert list(content["channel_names"]) == [str(number) for number in range(len(names))]
    assert names[0] == "tumour"
    # These names would switch off the scaling of each image by its own mean and deviation.
    assert not {"ct", "nonorm", "rescale_to_0_1", "rgb_to_0_1"} & set(names)


@pytest.mark.parametrize("part", ["Tr", "Ts"])
def test_every_case_has_all_channels_and_a_label_of_the_same_shape_with_consecutive_values(
    raw: Path, part: str
) -> None:
    found = cases_of(raw, part)
    assert found
    assert {path.stem for path in (raw / f"labels{part}").iterdir()} == set(found)
    for name, images in found.items():
        assert [path.stem[-4:] for path in images] == [
            f"{k:04d}" for k in range(len(description(raw)["channel_names"]))
        ]
        label = io.imread(raw / f"labels{part}" / f"{name}.tif")
        assert {io.imread(path).shape for path in images} == {label.shape}
        assert label.ndim == 2
        assert set(np.unique(label)) <= {0, 1}


def test_images_keep_their_pixels_and_sixteen_bits(raw: Path, real: PairSet) -> None:
    pair = real.read("a")
    for number, wanted in enumerate((pair.tumour, pair.anatomy)[: len(description(raw)["channel_names"])]):
        image = io.imread(raw / "imagesTr" / f"a_{number:04d}.tif")
        assert image.dtype == np.uint16
        np.testing.assert_array_equal(image, wanted)
    np.testing.assert_array_equal(io.imread(raw / "labelsTr" / "a.tif"), pair.label)


def test_the_one_fold_divides_the_training_cases_and_leaves_the_test_cases_out(raw: Path) -> None:
    (fold,) = json.loads((raw / "splits_final.json").read_text())
    assert fold == {"train": ["a", "b", "synthetic-0", "synthetic-1"], "val": ["c"]}
    assert {*fold["train"], *fold["val"]} == set(cases_of(raw, "Tr"))
    assert set(cases_of(raw, "Ts")) == {"d"}


def test_a_name_that_ends_in_four_digits_stays_a_case_of_its_own(real: PairSet, tmp_path: Path) -> None:
    for channel in ("anatomy", "tumour", "label"):
        (real.root / channel / "b.tif").rename(real.root / channel / "a_0000.tif")
    table = real.root / "pairs.csv"
    table.write_text(table.read_text().replace("\nb,", "\na_0000,"))
    raw = tmp_path / "Dataset501_Tumours"
    export(gather_cases([PairSet.open(real.root)]), raw, NnUnet())
    assert set(cases_of(raw, "Tr")) == {"a", "a_0000", "c"}
    assert sorted(path.name for path in (raw / "labelsTr").iterdir()) == ["a.tif", "a_0000.tif", "c.tif"]


@pytest.mark.parametrize("name", ["tumours", "Dataset5_Tumours", "Dataset501", "Dataset501_", "dataset501_T"])
def test_a_folder_that_nnunet_would_not_find_is_refused(real: PairSet, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match="a name such as Dataset501_Tumours"):
        check_export(gather_cases([real]), tmp_path / name, NnUnet())


def test_a_data_set_without_validation_is_refused(generated: PairSet, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no pair is in part 'val'"):
        check_export(gather_cases([generated]), tmp_path / "Dataset501_Tumours", NnUnet())


@pytest.mark.parametrize("damage", [False, True])
def test_nnunet_itself_finds_the_data_set_in_order_and_a_spoilt_one_not(raw: Path, damage: bool) -> None:
    pytest.importorskip("nnunetv2")
    if damage:
        (raw / "labelsTr" / "a.tif").unlink()
    script = raw.parent / "verify.py"  # it starts processes, which import their main module again
    script.write_text(VERIFY)
    done = subprocess.run([sys.executable, script, raw], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is not damage, done.stderr


@pytest.fixture
def partly(real: PairSet) -> PairSet:
    """The four real pairs, where the label of ``a`` says nothing of the first column."""
    mask = np.zeros((4, 8), np.uint8)
    mask[:, 0] = 1
    write_image(real.root / "ignore" / "a.tif", mask)
    return PairSet.open(real.root)


def test_pixels_of_which_a_label_says_nothing_have_the_highest_number_and_are_described(
    partly: PairSet, tmp_path: Path
) -> None:
    """dataset_format.md: the ignore label is called ignore, and must be the highest of all."""
    out = tmp_path / "nnUNet_raw" / "Dataset502_Partly"
    cases, layout = gather_cases([partly]), NnUnet(CHANNELS["tumour"])
    check_export(cases, out, layout)
    export(cases, out, layout)
    assert description(out)["labels"] == {"background": 0, "tumour": 1, "ignore": 2}
    for case in cases:
        where = "Ts" if case.part == "test" else "Tr"
        label, pair = io.imread(out / f"labels{where}" / f"{case.name}.tif"), partly.read(case.entry.name)
        expected = pair.label.astype(int)
        if case.entry.name == "a":
            expected[:, 0] = 2
        assert label.tolist() == expected.tolist()
