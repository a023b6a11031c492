"""`metgan inpaint`: a volume in any format, and a label image, become an OME-Zarr with its tumour channel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaozarrs
import zarr

import metgan
from metgan.cli.app import app
from metgan.data import Normalisation
from metgan.errors import ArrayError, SettingError, StorageError
from metgan.images import (
    ArrayImage,
    Block,
    OmeZarrImage,
    OmeZarrLayout,
    OmeZarrWriter,
    Stack,
    write_image,
    write_ome_zarr,
)
from metgan.networks import GeneratorName, PresetName, build, make_generator
from metgan.types import AnyArray
from metgan.workflows import OutputPolicy
from metgan.workflows.volume_check import look_at_anatomy

from .conftest import UNITS, call, files, pixels, planes, request, save_generator, tiffs

RANDOM = np.random.default_rng(0)
SCAN = RANDOM.integers(100, 4000, (2, 3, 48, 130)).astype(np.uint16)  # CZYX
SCAN[:, :, :, 110:] = 0  # never imaged
LABEL = np.zeros(SCAN.shape[1:], np.uint8)
LABEL[:, 8:16, 20:31] = 1
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    image, labels = ArrayImage(SCAN, "CZYX", (5.0, 1.3, 1.3)), {"spots": ArrayImage(LABEL, "ZYX")}
    write_ome_zarr(tmp_path / "scan.ome.zarr", image, labels)
    return tmp_path / "scan.ome.zarr"


def test_a_volume_gets_the_channel_that_inpaint_gives_of_its_planes(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    result, _ = call(request(run, scan, tmp_path / "new.ome.zarr"))
    yaozarrs.validate_zarr_store(str(result.out))
    made = OmeZarrImage.open(result.out)
    assert (made.axes, made.shape, made.voxel_size_um) == ("ZYX", SCAN.shape[1:], (5.0, 1.3, 1.3))
    assert (made.dtype, made.channel_names, made.label_names) == (np.uint16, ("tumour",), ("tumours",))
    assert (pixels(result.out / "labels" / "tumours") == LABEL).all()
    inpainter = metgan.load(run, "cpu")
    for k, plane in enumerate(pixels(result.out)):
        expected = inpainter.inpaint(SCAN[0, k], LABEL[k]).astype(int)
        assert np.ptp(expected) > 10
        assert np.abs(plane - expected).max() <= 1
        assert (plane[:, 110:] == 0).all()


def test_a_volume_without_a_new_tumour_is_told(run: Path, scan: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "none.tif", np.zeros(LABEL.shape, np.uint8))
    for mode in ("insert", "synthesise"):
        asked = request(run, scan, tmp_path / f"{mode}.zarr", labels=tmp_path / "none.tif", mode=mode)
        assert any("holds no new tumour" in text for text in call(asked)[1])
    assert not any("no new tumour" in text for text in call(request(run, scan, tmp_path / "some.zarr"))[1])


def test_a_size_of_voxels_that_contradicts_the_file_is_told(run: Path, scan: Path, tmp_path: Path) -> None:
    asked = request(run, scan, tmp_path / "a.zarr", voxel_size_um=(5.0, 2.0, 2.0))
    result, told = call(asked)
    assert OmeZarrImage.open(result.out).voxel_size_um == (5.0, 2.0, 2.0)
    assert [text for text in told if "5 x 1.3 x 1.3 um; 5 x 2 x 2 is taken" in text]
    _, told = call(request(run, scan, tmp_path / "b.zarr", voxel_size_um=(5.0, 1.3, 1.3)))
    assert not any("says that its voxels" in text for text in told)


def test_what_is_written_lies_where_the_volume_does(run: Path, tmp_path: Path) -> None:
    """A tile of a larger scan, beside which viewers show it."""
    tile = write_ome_zarr(
        tmp_path / "tile.ome.zarr",
        ArrayImage(SCAN[0], "ZYX"),
        layout=OmeZarrLayout(shape=SCAN[0].shape, dtype="uint16", origin=(0.0, 4096.0, 128.0)),
    ).path
    write_image(tmp_path / "label.tif", LABEL.astype(np.uint8))
    asked = request(run, tile, tmp_path / "new.ome.zarr", labels=tmp_path / "label.tif", channels=None)
    result, _ = call(replace(asked, mode="synthesise"))
    assert OmeZarrImage.open(result.out).origin == (0.0, 4096.0, 128.0)
    assert OmeZarrImage.open(result.out / "labels" / "tumours").origin == (0.0, 4096.0, 128.0)


@pytest.mark.parametrize(("first", "axes"), [("p", None), ("c", "ZYX")])
def test_planes_along_an_axis_that_is_called_otherwise_are_written_as_planes(
    run: Path, tmp_path: Path, first: str, axes: str | None
) -> None:
    """An axis of a private name, and one that the file takes for channels."""
    zarr.create_array(tmp_path / "scan.zarr/0", data=SCAN[0])
    named = [{"name": first}, *({"name": name, "type": "space", "unit": "micrometer"} for name in "yx")]
    moved = [{"type": "scale", "scale": [1, 2, 2]}, {"type": "translation", "translation": [0, 20, 8]}]
    image = {"axes": named, "datasets": [{"path": "0", "coordinateTransformations": moved}]}
    zarr.create_group(tmp_path / "scan.zarr", attributes={"ome": {"version": "0.5", "multiscales": [image]}})
    write_image(tmp_path / "label.tif", LABEL)
    asked = request(
        run, tmp_path / "scan.zarr", tmp_path / "new.zarr", labels=tmp_path / "label.tif", axes=axes
    )
    made = OmeZarrImage.open(call(asked)[0].out)
    assert (made.axes, made.shape, made.voxel_size_um) == ("ZYX", SCAN.shape[1:], None)
    assert made.origin == ((0.0, 10.0, 4.0) if axes is None else (0.0, 0.0, 0.0))


def test_a_refused_label_leaves_nothing_that_the_corrected_call_would_meet(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    numbered = LABEL.astype(np.uint8)
    numbered[LABEL > 0] = np.arange(numbered.sum()) % 3 + 1
    write_image(tmp_path / "numbered.tif", numbered)
    out, labels = tmp_path / "a.zarr", tmp_path / "numbered.tif"
    with pytest.raises(ArrayError, match="--labels-above"):
        call(request(run, scan, out, labels=labels))
    assert not out.with_name("a.zarr.part").exists()
    call(request(run, scan, out, labels=labels, labels_above=0))
    assert (pixels(out / "labels" / "tumours") == LABEL).all()


@pytest.mark.parametrize("write", [tiffs, planes])
def test_two_images_of_another_format_and_other_blocks_give_the_same_voxels(
    run: Path, scan: Path, tmp_path: Path, write: Callable[..., tuple[list[Path], Path]]
) -> None:
    sources, labels = write(tmp_path, SCAN, LABEL)
    first, _ = call(request(run, scan, tmp_path / "a.zarr", mode="insert"))
    other, _ = call(
        request(run, scan, tmp_path / "b.zarr", mode="insert", sources=sources, labels=labels, block=512)
    )
    assert np.abs(pixels(first.out).astype(int) - pixels(other.out)).max() <= 1
    far = np.ones(LABEL.shape, bool)
    far[:, 5:19, 17:34] = False
    assert (pixels(first.out)[far] == SCAN[1][far]).all()
    assert (pixels(first.out) >= SCAN[1]).all()


def test_a_single_plane_stays_one(run: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "anatomy.tif", SCAN[0, 0])
    write_image(tmp_path / "label.tif", LABEL[0] * 7)
    asked = request(run, tmp_path / "anatomy.tif", tmp_path / "a.zarr", labels=tmp_path / "label.tif")
    result, _ = call(asked)
    expected = metgan.load(run, "cpu").inpaint(SCAN[0, 0], LABEL[0]).astype(int)
    assert result.shape == (48, 130)
    assert np.abs(pixels(result.out) - expected).max() <= 1


def test_another_shape_of_the_labels_is_refused_with_both(run: Path, scan: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "label.tif", LABEL[0, :40])
    with pytest.raises(ArrayError, match=r"anatomy \(3, 48, 130\), labels \(1, 40, 130\)"):
        call(request(run, scan, tmp_path / "a.zarr", labels=tmp_path / "label.tif"))
    assert not [*tmp_path.glob("a.zarr*")]


@pytest.mark.parametrize(
    ("generator", "preset", "units", "said"),
    [
        ("metgen", "released", UNITS, "generator metgen, preset released, whose pixels depend on the size"),
        ("resnet", "small", UNITS, "generator resnet, preset small, whose pixels depend on the size"),
        ("metgen", "small", replace(UNITS, anatomy=replace(UNITS.anatomy, per_image=True)), "its own range"),
    ],
)
def test_models_whose_voxels_depend_on_the_region_are_refused(
    scan: Path, tmp_path: Path, generator: GeneratorName, preset: PresetName, units: Normalisation, said: str
) -> None:
    about = {"generator": generator, "preset": preset, "normalisation": units}
    run = save_generator(tmp_path / "run", build(lambda: make_generator(generator, preset), 0), **about)
    with pytest.raises(SettingError, match=said):
        call(request(run, scan, tmp_path / "a.zarr"))
    assert not [*tmp_path.glob("a.zarr*")]


def test_what_cannot_be_inpainted_is_refused_before_anything_is_written(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    out, labels = tmp_path / "a.zarr", scan / "labels" / "spots"
    with pytest.raises(SettingError, match="2 sources with --mode synthesise"):
        request(run, scan, out, sources=[scan, scan])
    write_image(tmp_path / "bytes" / "Z1.tif", SCAN[0, 0].astype(np.uint8))
    write_image(tmp_path / "bytes" / "Z2.tif", SCAN[0, 0].astype(np.uint8))
    write_image(tmp_path / "bytes" / "Z3.tif", SCAN[0, 0].astype(np.uint8))
    with pytest.raises(ArrayError, match="dtype uint8; expected uint16"):
        call(request(run, tmp_path / "bytes", out, labels=labels))
    tifffile.imwrite(tmp_path / "anatomy.tif", SCAN[0], photometric="minisblack", metadata={"axes": "ZYX"})
    with pytest.raises(ArrayError, match="one channel, number 0; channel 1 was asked for"):
        call(request(run, tmp_path / "anatomy.tif", out, labels=labels, mode="insert"))
    assert not [*tmp_path.glob("a.zarr*")]


@pytest.mark.parametrize("planes", [1, 2, 3])
def test_a_volume_much_brighter_than_the_training_images_is_told(
    run: Path, scan: Path, tmp_path: Path, planes: int
) -> None:
    for name, factor in (("usual", 1), ("bright", 9)):
        anatomy, labels = tmp_path / f"{name}.tif", tmp_path / "labels.tif"
        for path, array in ((anatomy, SCAN[0, :planes] * np.uint16(factor)), (labels, LABEL[:planes])):
            tifffile.imwrite(path, array, photometric="minisblack", metadata={"axes": "ZYX"})
        _, told = call(request(run, anatomy, tmp_path / f"{name}.zarr", labels=labels, block=512))
        assert any("outside 100 to 4000" in text for text in told) == (name == "bright")


def test_a_volume_is_looked_at_beyond_its_middle(run: Path, tmp_path: Path) -> None:
    """Air lies around tissue, and the run was trained on tissue alone."""
    tissue = SCAN[0, :, :, :64]
    air = (tissue % 90).astype(np.uint16)
    around = np.stack([air[0], tissue[1], air[2]])
    write_image(tmp_path / "labels.tif", LABEL[:, :, :64])
    for name, anatomy in (("tissue", tissue), ("around", around)):
        write_image(tmp_path / f"{name}.tif", anatomy)
        out, labels = tmp_path / f"{name}.zarr", tmp_path / "labels.tif"
        _, told = call(request(run, tmp_path / f"{name}.tif", out, labels=labels))
        assert any("67% of the anatomy's pixels" in text for text in told) == (name == "around")


@dataclass(frozen=True, eq=False)
class Watched(ArrayImage):
    """An image that keeps what was read of it."""

    asked: list[Sequence[slice]] = field(default_factory=list)

    def read(self, region: Sequence[slice]) -> AnyArray:
        self.asked.append(region)
        return super().read(region)


@pytest.mark.parametrize("planes", [1, 2, 30])
def test_of_a_large_volume_a_window_in_each_of_five_planes_is_looked_at(run: Path, planes: int) -> None:
    image = Watched(np.broadcast_to(np.arange(5000, dtype=np.uint16), (planes, 4000, 5000)), "ZYX")
    volume = {"anatomy": (Stack(Path("a.tif"), image, "ZYX"), None)}
    look_at_anatomy(volume)
    assert len(image.asked) == min(planes, 5)
    for axis in range(3):
        assert len({region[axis].start for region in image.asked}) == len(image.asked)
    middles = [[(side.start + side.stop) // 2 for side in region[1:]] for region in image.asked]
    assert [2000, 2500] in middles


def test_the_sides_of_blocks_are_told_where_they_are_not_what_was_asked_for(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    for block, said in ((64, []), (100, ["blocks are 48 x 128 pixels (Y x X)"]), (1024, [])):
        _, told = call(request(run, scan, tmp_path / f"{block}.zarr", block=block))
        assert [text.partition(":")[0] for text in told if "blocks are" in text] == said


def test_blocks_that_are_rounded_along_both_sides_are_told_at_once(run: Path, tmp_path: Path) -> None:
    for name, plane in (("anatomy", SCAN[0, 0]), ("labels", LABEL[0])):
        write_image(tmp_path / f"{name}.tif", np.resize(plane, (100, 600)))
    asked = request(run, tmp_path / "anatomy.tif", tmp_path / "a.zarr", labels=tmp_path / "labels.tif")
    _, told = call(asked)
    (said,) = [text for text in told if "blocks are" in text]
    assert said == "blocks are 100 x 512 pixels (Y x X): --block 64, rounded up to whole chunks"


def test_a_folder_of_what_a_late_worker_left_is_no_part_to_resume(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.zarr.part/0123456789abcdef/store/0/c").mkdir(parents=True)
    asked = request(run, scan, tmp_path / "a.zarr", output=OutputPolicy(resume=True))
    assert any("there is no part of" in text for text in call(asked)[1])


def test_labels_that_number_their_objects_need_a_threshold(run: Path, scan: Path, tmp_path: Path) -> None:
    numbered = LABEL.copy()
    numbered[:, 30:40, 60:70] = 2
    tifffile.imwrite(tmp_path / "label.tif", numbered, photometric="minisblack", metadata={"axes": "ZYX"})
    asked = request(run, scan, tmp_path / "a.zarr", labels=tmp_path / "label.tif", block=512)
    with pytest.raises(ArrayError, match=r"values \{0, 1, 2\}.*--labels-above"):
        call(asked)
    result, _ = call(replace(asked, labels_above=0, output=OutputPolicy(overwrite=True)))
    assert (pixels(result.out / "labels" / "tumours") == (numbered > 0)).all()


def test_a_finished_volume_is_left_as_it_is_and_another_request_is_refused(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    asked = request(run, scan, tmp_path / "a.zarr")
    first, _ = call(asked)
    before = files(first.out)
    assert not first.was_finished
    again, _ = call(replace(asked, output=OutputPolicy(resume=True)))
    assert again.was_finished
    assert files(first.out) == before
    for other in (asked, replace(asked, mode="insert", output=OutputPolicy(resume=True))):
        with pytest.raises(StorageError, match="already holds a volume"):
            call(other)
    made = zarr.open(first.out, mode="r").attrs["metgan"]["provenance"]
    assert (made["made by"], made["--mode"]) == ("metgan inpaint", "synthesise")
    replaced, _ = call(replace(asked, mode="insert", output=OutputPolicy(overwrite=True)))
    assert files(replaced.out) != before


@pytest.mark.parametrize(
    "typed",
    [
        {"channels": (0, 1)},
        {"axes": "czyx"},
        {"mask_axes": "ZYX"},
        {"voxel_size_um": (5.0, 1.3, 1.3)},
        {"block": 50},
    ],
)
@pytest.mark.parametrize("is_typed_first", [True, False])
def test_an_option_that_is_typed_is_the_default_that_it_names(
    run: Path, scan: Path, tmp_path: Path, typed: dict[str, object], is_typed_first: bool
) -> None:
    calls = [typed, {}] if is_typed_first else [{}, typed]
    first, second = (request(run, scan, tmp_path / "a.zarr", **options) for options in calls)
    assert not call(first)[0].was_finished
    assert call(replace(second, output=OutputPolicy(resume=True)))[0].was_finished


def test_a_part_is_not_gone_on_with_otherwise_than_it_was_begun(
    run: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(run, scan, tmp_path / "a.zarr", output=OutputPolicy(resume=True))
    with monkeypatch.context() as patch:
        patch.setattr(OmeZarrWriter, "finish", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            call(asked)
    others = (
        ({"mode": "insert"}, r"of \S*a\.zarr that is .*\(--mode synthesise then, insert now\)"),
        ({"labels_above": 0.0}, r"\(--labels-above not given then, 0 now\)"),
        ({"channels": (1, 0)}, r"\(--channels 0 1 then, 1 0 now\)"),
        ({"block": 128}, r"\(blocks 3 48 64 then, 3 48 128 now\)"),
        ({"voxel_size_um": (5.0, 2.0, 2.0)}, r"\(--voxel-size-um 5\.0 1\.3 1\.3 then, 5\.0 2\.0 2\.0 now\)"),
    )
    for options, said in others:
        with pytest.raises(StorageError, match=said):
            call(replace(asked, **options))
    call(asked)


def test_what_was_cut_short_is_written_once_and_ends_in_the_same_bytes(
    run: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = call(request(run, scan, tmp_path / "whole.zarr"))
    asked = request(run, scan, tmp_path / "cut.zarr", output=OutputPolicy(resume=True))
    written: list[tuple[str, int]] = []
    before = OmeZarrWriter.write

    def write(self: OmeZarrWriter, block: Block, array: AnyArray, label: str = "") -> None:
        if len(written) in (2, 5):  # among the labels, and among the image's blocks
            written.append(("stopped", 0))
            raise KeyboardInterrupt
        before(self, block, array, label)
        written.append((label, block[-1].start))

    monkeypatch.setattr(OmeZarrWriter, "write", write)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            call(asked)
    cut, _ = call(asked)
    assert files(cut.out) == files(whole.out)
    assert whole.speed is not None
    assert cut.speed is not None
    assert whole.speed.voxels == SCAN[0].size
    assert cut.speed.voxels == SCAN[0, :, :, 64:].size  # of this call: the others had written the first block
    done = [one for one in written if one[0] != "stopped"]
    assert sorted(done) == [(label, start) for label in ("", "tumours") for start in (0, 64, 128)]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_call_goes_on_with_the_missing_blocks_and_ends_in_the_same_bytes(
    run: Path, scan: Path, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole.zarr", tmp_path / "cut.zarr"
    words = [sys.executable, "-c", "from metgan.cli import main; main()", "inpaint", str(run), str(scan)]
    words += ["--labels", str(scan / "labels" / "spots"), "--block", "64", "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    subprocess.run([*words, "--out", str(whole)], env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        [*words, "--out", str(cut)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    part = tmp_path / "cut.zarr.part"

    def marks() -> list[Path]:  # not what is being written
        return [f for f in part.glob("*/done/0/*") if f.name.replace(".", "").isdigit()]

    give_up = time.monotonic() + 240
    while process.poll() is None and not marks():
        assert time.monotonic() < give_up
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed"
    assert not cut.exists()
    first = {f.name: f.stat().st_mtime_ns for f in marks()}
    assert 0 < len(first) < 3
    subprocess.run([*words, "--out", str(cut), "--resume"], env=environment, check=True, capture_output=True)
    assert files(cut) == files(whole)
    for name in first:  # as it was written before the kill
        shard = cut / "0" / "c" / name.replace(".", "/")
        assert shard.stat().st_mtime_ns <= first[name]


def test_the_command_line_reads_the_request(tmp_path: Path) -> None:
    words = "inpaint run a.tif b.tif --labels c.tif --out d.zarr --mode insert --channels 1 0 --block 256"
    _, bound, _ = app.parse_args(words.split(), exit_on_error=False, print_error=False)
    assert bound.args[:2] == (Path("run"), [Path("a.tif"), Path("b.tif")])
    assert (bound.kwargs["mode"], bound.kwargs["channels"], bound.kwargs["block"]) == ("insert", (1, 0), 256)
    _, bound, _ = app.parse_args([*words.split(), "--workers", "3"], exit_on_error=False, print_error=False)
    assert bound.kwargs["cluster"].workers == 3
