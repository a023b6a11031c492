"""The paper's data are read from pickles, of which nothing is run."""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from metgan.errors import ArrayError, StorageError
from metgan.interop import open_deepmact, read_deepmact, read_pickled

RANDOM = np.random.default_rng(0)


def dump(path: Path, content: Any, protocol: int = 4) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def images() -> dict[str, np.ndarray]:
    anatomy, tumour = RANDOM.integers(0, 4000, (2, 30, 30)).astype(np.uint16)
    return {"anatomy": anatomy, "tumour": tumour, "label": (tumour > 3900).astype(np.uint8)}


def deepmact(root: Path, ids: tuple[str, ...] = ("7", "12")) -> dict[str, dict[str, np.ndarray]]:
    """Write a folder as DeepMACT does: images in dictionaries, labels alone."""
    written = {}
    for name in ids:
        for view in "XYZ":
            one = written[f"{name}_{view}"] = images()
            file = f"patch_{name}_{view}_F15.pickledump"
            dump(root / "anato_channel" / f"data_{file}", {"raw": one["anatomy"][None], "id": int(name)})
            dump(root / "cancer_ch" / f"data_{file}", {"raw": one["tumour"], "mean": one["tumour"].mean()})
            dump(root / "labels" / f"label_{file}", one["label"])
    return written


def test_pairs_are_those_of_the_folders_and_a_group_is_a_sub_volume(tmp_path: Path) -> None:
    written = deepmact(tmp_path)
    entries = open_deepmact(tmp_path)
    assert sorted((e.name, e.group, e.split) for e in entries) == sorted(
        (f"{name}_{view}", name, "") for name in ("7", "12") for view in "XYZ"
    )
    for entry in entries:
        pair = read_deepmact(entry)
        for channel, image in written[entry.name].items():
            np.testing.assert_array_equal(getattr(pair, channel), image)
        assert (pair.anatomy.dtype, pair.label.dtype) == (np.uint16, bool)


def test_sub_volumes_can_be_named_for_the_test(tmp_path: Path) -> None:
    deepmact(tmp_path)
    splits = {entry.group: entry.split for entry in open_deepmact(tmp_path, test_groups=["12"])}
    assert splits == {"7": "train", "12": "test"}
    with pytest.raises(StorageError, match="no sub-volumes 99"):
        open_deepmact(tmp_path, test_groups=["12", "99"])


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"no folder .*anato_channel"):
        open_deepmact(tmp_path)
    deepmact(tmp_path)
    (tmp_path / "cancer_ch/data_patch_7_Y_F15.pickledump").unlink()
    (tmp_path / "labels/label_patch_12_Z_F15.pickledump").unlink()
    with pytest.raises(StorageError, match="lacks labels/12_Z, cancer_ch/7_Y"):
        open_deepmact(tmp_path)


@pytest.mark.parametrize(
    ("label", "error", "says"),
    [
        (np.zeros((30, 29), np.uint8), ArrayError, r"shapes anatomy \(30, 30\).*label \(30, 29\)"),
        (np.zeros((3, 30, 30), np.uint8), ArrayError, r"one image \(Y, X\)"),
        (np.arange(900).reshape(30, 30), ArrayError, "values"),
        ({"mask": np.zeros((30, 30))}, StorageError, "a dictionary with one"),
        ("no array", StorageError, "holds str"),
    ],
)
def test_a_label_that_does_not_fit_is_refused(tmp_path: Path, label: Any, error: type, says: str) -> None:
    deepmact(tmp_path, ("7",))
    dump(tmp_path / "labels/label_patch_7_X_F15.pickledump", label)
    with pytest.raises(error, match=says):
        read_deepmact(open_deepmact(tmp_path)[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=arrays.arrays(
        st.sampled_from(["?", "u1", "<u2", ">u2", "i8", "<f4", ">f8", "f2"]), arrays.array_shapes(max_side=5)
    ),
    protocol=st.integers(0, pickle.HIGHEST_PROTOCOL),
    turned=st.booleans(),
)
def test_any_array_of_numbers_comes_back(
    tmp_path: Path, array: np.ndarray, protocol: int, turned: bool
) -> None:
    given = array.T if turned else array
    found = read_pickled(dump(tmp_path / "a", {"raw": given, "more": [given[:1], (1, "x", None)]}, protocol))
    for one, other in ((found["raw"], given), (found["more"][0], given[:1])):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert found["more"][1] == (1, "x", None)


class Calls:
    """Pickled, it is a call."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.call = function, arguments, state

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call if self.call[2] is not None else self.call[:2]


def hostile(path: Path) -> dict[str, bytes]:
    """Pickles that make the file `path`, in a few ways, or would harm in others."""
    good = pickle.dumps(np.zeros(3, np.uint8), 4)
    command = f"touch {path}"
    core = np.zeros(1).__reduce__()[0]  # _reconstruct
    objects = np.array([Calls(os.system, command)], object)
    return {
        "a command": pickle.dumps(Calls(os.system, command)),
        "a command in a dictionary": pickle.dumps({"raw": np.zeros(3), "then": Calls(os.system, command)}),
        "code": pickle.dumps(Calls(eval, f"__import__('pathlib').Path({str(path)!r}).touch()")),
        "objects": pickle.dumps(objects),
        "by hand": f"cos\nsystem\n(S'{command}'\ntR.".encode(),
        "a name within numpy": f"cnumpy.f2py\nrun_main\n(S'{path}'\ntR.".encode(),
        "numpy.load": pickle.dumps(Calls(np.load, str(path))),
        "attributes by dots": pickle.dumps(np.zeros(3), 4).replace(b"\x8c\x07ndarray", b"\x8c\x07os.path"),
        "a state for a function": pickle.dumps(Calls(core, np.ndarray, (0,), b"b", state=(None, {"f": 1}))),
        "a call that is changed": b"cnumpy\ndtype\n(dS'_function'\nS'x'\nsb.",
        "an extension": b"\x82\x01.",
        "from elsewhere": b"S'x'\nQ.",
        "too few bytes": good.replace(b"\x03\x85", b"\x7f\x85"),
        "itself": b"]q\x00h\x00a.",
        "no pickle": b"not a pickle at all",
        "nothing more": good[:40],
        "a dtype of objects": pickle.dumps(np.zeros(3)).replace(b"f8", b"O8"),
        "no array, a dtype": pickle.dumps(np.dtype("u1")),
    }


@pytest.mark.parametrize("name", hostile(Path("x")))
def test_a_hostile_pickle_does_nothing(tmp_path: Path, name: str) -> None:
    content = hostile(tmp_path / "made")[name]
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(StorageError, match="cannot be read as a pickle of arrays"):
        read_pickled(tmp_path / "data")
    assert not (tmp_path / "made").exists()


def test_lists_within_lists_take_no_longer_than_they_are_written(tmp_path: Path) -> None:
    deep: Any = [np.zeros(3)]
    for _ in range(60):
        deep = [deep, deep]
    found = read_pickled(dump(tmp_path / "data", deep))
    for _ in range(60):
        found = found[1]
    np.testing.assert_array_equal(found[0], np.zeros(3))


def test_the_hostile_pickles_would_do_it(tmp_path: Path) -> None:
    """Else the test above shows nothing."""
    for name in ("a command", "code", "objects", "by hand"):
        pickle.loads(hostile(tmp_path / "made")[name])
        assert (tmp_path / "made").exists(), name
        (tmp_path / "made").unlink()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 160), spoiled=st.integers(0, 255))
def test_a_byte_that_was_changed_gives_an_array_or_our_error(tmp_path: Path, cut: int, spoiled: int) -> None:
    content = bytearray(pickle.dumps(np.arange(12, dtype=np.uint16).reshape(3, 4), 2))
    content[cut % len(content)] = spoiled
    (tmp_path / "data").write_bytes(content)
    with suppress(StorageError):
        read_pickled(tmp_path / "data")
