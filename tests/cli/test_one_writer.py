"""Every verb refuses a folder that a living process writes to, and names it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.data import PairSet

from .conftest import Capture, Command

KINDS = {
    "train": "a run",
    "segmentor": "a run",
    "generate": "generated pairs",
    "evaluate": "scores",
    "phantom": "pairs",
    "prepare": "pairs",
    "study": "a study",
    "demo": "a demo",
}
HOLD = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from metgan.io import prepare_output
with ExitStack() as stack:
    for name, kind in zip(sys.argv[2::2], sys.argv[3::2]):
        path = Path(sys.argv[1], name)
        stack.enter_context(prepare_output(path, kind, "metgan test", resume=True, overwrite=False))
        (path / "result").write_text("old")
    print("held", flush=True)
    time.sleep(3600)
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Folders of every kind below one, all held by one process, and its number."""
    root = tmp_path_factory.mktemp("held")
    names = [word for pair in KINDS.items() for word in pair]
    process = subprocess.Popen([sys.executable, "-c", HOLD, root, *names], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield root, process.pid
    process.kill()
    process.communicate()


@pytest.fixture
def words(small_world: Path, trained: Path, tmp_path: Path) -> dict[str, tuple[object, ...]]:
    """What each verb is called with, but for the output folder."""
    tifffile.imwrite(tmp_path / "mask.tif", np.eye(16, dtype=np.uint8))
    image = np.random.default_rng(0).integers(0, 99, (2, 16, 16)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "scan.tif", image, imagej=True, metadata={"axes": "CYX"})
    small = ("--preset", "small", "--device", "cpu", "--steps", 2)
    return {
        "train": (small_world, *small),
        "segmentor": (small_world, *small),
        "generate": (trained, "--anatomy", small_world, "--labels", small_world, "--count", 1),
        "evaluate": (trained, "--data", small_world),
        "prepare": (tmp_path / "scan.tif", "--labels", tmp_path / "mask.tif", "--crop", 16),
        "study": ("similarity", small_world, *small),
        "phantom": ("--pairs", 2, "--size", 64),
        "demo": (),
    }


@pytest.mark.parametrize("mode", ["--resume", "--overwrite", ""])
@pytest.mark.parametrize("verb", KINDS)
def test_a_verb_is_refused_where_another_process_writes(
    metgan: Command,
    capsys: Capture,
    held: tuple[Path, int],
    words: dict[str, tuple[object, ...]],
    verb: str,
    mode: str,
) -> None:
    out, pid = held[0] / verb, held[1]
    if (verb, mode) == ("prepare", "--resume"):
        pytest.skip("prepare adds to a set without being asked to")
    place = (out, *words[verb]) if verb in ("phantom", "demo") else (*words[verb], "--out", out)
    status = metgan(verb, *place, *([mode] if mode else []))
    assert status == 2
    assert f"is being written to by metgan test (process {pid} on " in capsys.readouterr().err
    assert (out / "result").read_text() == "old"


@pytest.mark.parametrize("verb", ["train", "segmentor", "generate", "evaluate", "prepare", "study", "export"])
def test_a_verb_holds_its_folder_before_it_reads_an_image_and_leaves_none_where_it_is_refused(
    metgan: Command,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    small_world: Path,
    words: dict[str, tuple[object, ...]],
    verb: str,
) -> None:
    """A second call is not refused after minutes of preparation; the image that is read first is damaged."""
    out, holders = tmp_path / "deep" / "out", []
    words["export"] = (small_world, "--format", "cellpose")

    class Damaged(tifffile.TiffFile):
        def __init__(self, *given: object, **named: object) -> None:
            holders.append((out / ".metgan.holder").read_text())
            raise tifffile.TiffFileError("damaged")

    monkeypatch.setattr(tifffile, "TiffFile", Damaged)
    assert metgan(verb, *words[verb], "--out", out) == 2
    assert "damaged" in capsys.readouterr().err
    assert len(holders) == 1
    assert holders[0].startswith(f"metgan {verb}")
    assert not out.parent.exists()


@pytest.mark.parametrize("mode", ["--resume", "--overwrite"])
def test_resuming_an_overwriting_that_was_cut_short_starts_anew_and_tells_of_it(
    metgan: Command, capsys: Capture, tmp_path: Path, mode: str
) -> None:
    out, request = tmp_path / "pairs", ("--pairs", 2, "--size", 64)
    assert metgan("phantom", out, *request) == 0
    (out / "anatomy" / "phantom-00009.tif").write_text("of a former, larger phantom")
    (out / ".metgan").write_text("pairs\nbeing deleted\n")
    assert metgan("phantom", out, *request) == 2
    capsys.readouterr()
    assert metgan("phantom", out, *request, mode) == 0
    assert ("was interrupted while deleting" in capsys.readouterr().err) == (mode == "--resume")
    assert len(PairSet.open(out)) == 2
