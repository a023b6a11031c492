"""A pair set on disk: read as written, and refused where its parts do not belong together."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.data import PairSet, open_images, read_label, read_table, write_pair, write_table
from metgan.errors import ArrayError, StorageError, UnknownNameError
from metgan.images import write_image

IMAGE = np.arange(20, dtype=np.uint16).reshape(4, 5)
LABEL = IMAGE > 15


def row(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "group": "mouse", "organ": "lung", "split": "", **more}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two pairs, ``one`` and ``two``, without a table."""
    for name in ("two", "one"):
        write_pair(tmp_path, name, IMAGE, IMAGE + 1, LABEL)
    return tmp_path


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from(["uint8", "uint16", "float32"]), st.sampled_from([".tif", ".png"]))
def test_a_pair_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, dtype: str, suffix: str
) -> None:
    elements = st.floats(-1e3, 1e3, width=32) if dtype == "float32" else None
    images = [data.draw(hnp.arrays(dtype, (4, 5), elements=elements).filter(np.ptp)) for _ in range(2)]
    label = data.draw(hnp.arrays(np.bool_, (4, 5)))
    root = tmp_path_factory.mktemp("pairs")
    write_pair(root, "a", *images, label)
    if suffix == ".png" and dtype != "float32":
        for channel, image in zip(("anatomy", "tumour"), images, strict=True):
            (root / channel / "a.tif").unlink()
            write_image(root / channel / "a.png", image)
    pair = PairSet.open(root).read("a")
    for wanted, found in zip([*images, label], [pair.anatomy, pair.tumour, pair.label], strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_without_a_table_every_pair_is_its_own_group(root: Path) -> None:
    pairs = PairSet.open(root)
    assert [(e.name, e.group, e.organ, e.split, e.provenance) for e in pairs] == [
        ("one", "one", "", "", {}),
        ("two", "two", "", "", {}),
    ]
    assert len(pairs) == 2


def test_the_table_gives_group_organ_split_and_history(root: Path) -> None:
    write_table(
        root, [row("two", split="test", seed=3, model="00ff"), row("one", group="", seed=4, model="")]
    )
    one, two = PairSet.open(root)
    assert (two.group, two.organ, two.split) == ("mouse", "lung", "test")
    assert two.provenance == {"seed": "3", "model": "00ff"}
    assert (one.group, one.provenance) == ("one", {"seed": "4", "model": ""})


def test_a_table_comes_back_as_text_with_leading_zeros_and_na_kept(tmp_path: Path) -> None:
    rows = [row("007", organ="NA", note='a, "b"\nc'), row("8", note="ü")]
    write_table(tmp_path, rows)
    assert read_table(tmp_path) == rows
    assert (tmp_path / "pairs.csv").read_text(encoding="utf-8").startswith("name,group,organ,split,note\n")


def test_an_empty_table_has_its_columns_and_no_rows(tmp_path: Path) -> None:
    assert read_table(tmp_path) == []
    write_table(tmp_path, [])
    assert read_table(tmp_path) == []
    assert (tmp_path / "pairs.csv").read_text() == "name,group,organ,split\n"


@pytest.mark.parametrize("names", [["one"], ["one", "two", "three"], []])
def test_a_table_that_disagrees_with_the_images_is_refused(root: Path, names: list[str]) -> None:
    write_table(root, [row(name) for name in names])
    with pytest.raises(StorageError, match=r"pairs\.csv and the images disagree about .*t"):
        PairSet.open(root)


@pytest.mark.parametrize(
    "content", [b"", b"group\nmouse\n", b"name\none\none\n", b'name,a\n"one', b"name\n\xff\xfe\n"]
)
def test_a_damaged_table_is_refused_by_name(root: Path, content: bytes) -> None:
    (root / "pairs.csv").write_bytes(content)
    with pytest.raises(StorageError, match=r"pairs\.csv"):
        PairSet.open(root)


def test_the_check_of_a_large_set_takes_little_memory_for_each_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """340 bytes; 680 with a dict for each row of the table."""
    monkeypatch.setattr("metgan.data.table._AT_ONCE", 16)

    def peak(count: int) -> int:
        root, names = tmp_path / str(count), [f"shared_volume_z{k:04d}_y00000_x00000_Z" for k in range(count)]
        columns = ("organ", "split", "scan", "source", "plane", "top", "left", "size", "view")
        write_table(
            root, [{"name": name, "group": name[:20], **dict.fromkeys(columns, "1")} for name in names]
        )
        for folder in ("anatomy", "tumour"):
            (root / folder).mkdir()
            for name in names:
                (root / folder / f"{name}.tif").touch()
        tracemalloc.start()
        try:
            PairSet.check(root)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # imports
    assert (peak(2600) - peak(600)) / 2000 < 500


def test_unmatched_names_are_listed_up_to_five(root: Path) -> None:
    (root / "tumour" / "two.tif").unlink()
    with pytest.raises(StorageError, match="unmatched names; missing: tumour/two;"):
        PairSet.open(root)
    for number in range(6):
        write_image(root / "anatomy" / f"{number}.tif", IMAGE)
    with pytest.raises(StorageError, match=r"missing: tumour/0, .* tumour/4 and 2 more"):
        PairSet.open(root)


def test_two_images_of_one_name_are_refused(root: Path) -> None:
    write_image(root / "anatomy" / "one.png", IMAGE)
    with pytest.raises(StorageError, match=r"holds 'one\.png' and 'one\.tif'"):
        PairSet.open(root)


def test_hidden_and_other_files_are_no_pairs(root: Path) -> None:
    (root / "anatomy" / "Thumbs.db").write_text("")
    (root / "anatomy" / ".one.tif.4.part").write_text("")
    (root / "anatomy" / "._one.tif").write_text("")
    assert len(PairSet.open(root)) == 2


def test_a_missing_folder_channel_or_image_is_refused(tmp_path: Path, root: Path) -> None:
    with pytest.raises(StorageError, match=r"there is no folder .*nowhere"):
        PairSet.open(tmp_path / "nowhere")
    for path in (root / "label").iterdir():
        path.unlink()
    with pytest.raises(StorageError, match="label holds no image"):
        PairSet.open(root)
    for path in (root / "tumour").iterdir():
        path.unlink()
    (root / "tumour").rmdir()
    with pytest.raises(StorageError, match="has no folder tumour/"):
        PairSet.open(root)


def test_pairs_without_a_label_are_apart_from_those_that_have_one(root: Path) -> None:
    (root / "label" / "two.tif").unlink()
    pairs = PairSet.open(root)
    assert ([e.name for e in pairs], [e.name for e in pairs.unlabelled]) == (["one"], ["two"])
    assert (len(pairs), pairs.labelled) == (1, pairs)
    two = pairs.read("two")
    assert not two.label.any()
    assert two.ignored is not None
    assert two.ignored.all()
    assert pairs.read("one").ignored is None
    with pytest.raises(UnknownNameError, match="has no pair two with a label"):
        pairs.select(["two"])


def test_a_set_without_labels_opens_and_says_so_where_labels_are_needed(root: Path) -> None:
    for path in (root / "label").iterdir():
        path.unlink()
    (root / "label").rmdir()
    pairs = PairSet.open(root)
    assert ([*pairs], [e.name for e in pairs.unlabelled]) == ([], ["one", "two"])
    with pytest.raises(StorageError, match=r"has 2 pairs, and none with a label"):
        _ = pairs.labelled


@pytest.mark.parametrize("kind", ["label", "ignore"])
def test_a_mask_without_its_images_is_refused(root: Path, kind: str) -> None:
    write_image(root / kind / "three.tif", LABEL.astype(np.uint8))
    with pytest.raises(StorageError, match="missing: anatomy/three, tumour/three"):
        PairSet.open(root)


def test_what_a_label_says_nothing_of_comes_back_as_it_was_written(root: Path) -> None:
    write_pair(root, "three", IMAGE, IMAGE + 1, LABEL, IMAGE < 3)
    write_pair(root, "four", IMAGE, IMAGE + 1, LABEL, IMAGE < 0)  # nothing ignored: no file
    pairs = PairSet.open(root)
    assert {e.name for e in pairs if e.is_partly_labelled} == {"three"}
    three = pairs.read("three")
    np.testing.assert_array_equal(three.ignored, IMAGE < 3)
    np.testing.assert_array_equal(three.label, LABEL)
    np.testing.assert_array_equal(three.may_be_tumour, LABEL | (IMAGE < 3))
    assert not (root / "ignore" / "four.tif").exists()


def test_pixels_to_ignore_of_a_pair_without_a_label_are_refused(root: Path) -> None:
    write_image(root / "ignore" / "one.tif", LABEL.astype(np.uint8))
    (root / "label" / "one.tif").unlink()
    with pytest.raises(StorageError, match="missing: label/one"):
        PairSet.open(root)


def test_pixels_to_ignore_of_another_shape_are_refused(root: Path) -> None:
    write_image(root / "ignore" / "one.tif", LABEL[:3].astype(np.uint8))
    with pytest.raises(ArrayError, match=r"label \(4, 5\), ignore \(3, 5\)"):
        PairSet.open(root).read("one")


@pytest.mark.parametrize("high", [1, 255, 65535, True, 0.5])
def test_every_way_to_write_a_label_reads_the_same(tmp_path: Path, high: float) -> None:
    dtype = {bool: np.uint8, float: np.float32}.get(type(high), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", (LABEL * high).astype(dtype))
    label = read_label(tmp_path / "a.tif")
    assert label.dtype == np.bool_
    np.testing.assert_array_equal(label, LABEL)


def test_a_label_of_three_values_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "a.tif", np.array([[0, 1, 2]] * 2, np.uint8))
    with pytest.raises(ArrayError, match=r"a\.tif has values \{0, 1, 2\}"):
        read_label(tmp_path / "a.tif")


def test_selecting_keeps_the_order_and_names_what_is_missing(root: Path) -> None:
    pairs = PairSet.open(root)
    assert [e.name for e in pairs.select(["two", "one"])] == ["one", "two"]
    assert [e.name for e in pairs.select(["two"])] == ["two"]
    with pytest.raises(UnknownNameError, match="has no pair three"):
        pairs.select(["one", "three"])


def test_images_are_opened_from_a_pair_set_or_from_a_plain_folder(root: Path) -> None:
    write_table(root, [row("one"), row("two", split="val")])
    from_set = open_images(root, "anatomy")
    assert [(e.name, e.group, e.split) for e in from_set] == [("one", "mouse", ""), ("two", "mouse", "val")]
    plain = open_images(root / "anatomy", "anatomy")
    assert [(e.name, e.group, e.split) for e in plain] == [("one", "one", ""), ("two", "two", "")]
    assert [e.paths for e in plain] == [e.paths for e in from_set]


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_images_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match=name):
        open_images(tmp_path / name, "label")


@pytest.mark.parametrize("line", [2, 4095, 4096, 4097, 4098, 8193])
def test_a_ragged_line_is_filled_up_or_refused_wherever_it_stands(tmp_path: Path, line: int) -> None:
    """A table is read by parts, of 4096 lines."""
    lines = ["name,group,organ,split", *(f"p{k},g,lung,train" for k in range(2, 9000))]
    lines[line - 1] = "short,g"
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    rows = read_table(tmp_path)
    assert len(rows) == 8998
    assert rows[line - 2] == {"name": "short", "group": "g", "organ": "", "split": ""}
    assert rows[-1]["split"] == "train"
    lines[line - 1] = "long,g,lung,train,one more"
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(StorageError, match="cannot be read"):
        read_table(tmp_path)
