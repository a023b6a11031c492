"""Calls that take long: interrupted, called again when finished, too short to judge, and what is next."""

from __future__ import annotations

import gc
import html
import json
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cyclopts import App

from metgan.data import PairSet
from metgan.models import MODEL_FILE, load_generator, save_model
from metgan.reporting import evaluate_command, generate_command, next_step, training_section
from metgan.studies import read_history, read_trained_run
from metgan.training import last_step
from metgan.training.diagnosis import Finding, explain

from .conftest import Capture, Command

ON_CPU = ("--preset", "small", "--device", "cpu")
README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def press_when(
    ctrl_c: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Callable[[], bool]], None]]:
    """Press Ctrl-C once, as soon as it is time, where Python drops it: in a callback of the collector."""
    pressed: list[Callable[[str, object], None]] = []

    def press_when(is_time: Callable[[], bool]) -> None:
        def look(*_: object) -> None:
            is_main = (
                threading.current_thread() is threading.main_thread()
            )  # another's reaches this one later
            if is_main and len(dropped) == 0 and is_time():
                signal.raise_signal(signal.SIGINT)

        pressed.append(look)
        gc.callbacks.append(look)
        gc.set_threshold(50, 10**6, 10**6)  # soon, in whatever loop; the youngest alone, which is quick

    dropped: list[object] = []
    before = gc.get_threshold()
    monkeypatch.setattr(sys, "unraisablehook", lambda what: dropped.append(what.exc_type))
    yield press_when
    gc.set_threshold(*before)
    gc.callbacks.remove(pressed[0])
    assert dropped == [KeyboardInterrupt]


def scan_of_many_crops(folder: Path) -> tuple[object, ...]:
    image = np.random.default_rng(0).integers(0, 99, (2, 512, 512)).astype(np.uint16)
    tifffile.imwrite(folder / "scan.tif", image, imagej=True, metadata={"axes": "CYX"})
    tifffile.imwrite(folder / "mask.tif", np.eye(512, dtype=np.uint8))
    return (folder / "scan.tif", "--labels", folder / "mask.tif", "--crop", 16)


@pytest.mark.parametrize("verb", ["segmentor", "generate", "prepare"])
def test_a_ctrl_c_that_python_drops_ends_a_command_after_the_step_or_pair_at_hand(
    metgan: Command,
    capsys: Capture,
    small_world: Path,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    press_when: Callable[[Callable[[], bool]], None],
    verb: str,
) -> None:
    out, run = tmp_path / "out", request.getfixturevalue("trained") if verb == "generate" else None
    words, begun = {
        "segmentor": ((small_world, "--steps", 10**6, *ON_CPU), out / "journal.csv"),
        "generate": (
            (run, "--anatomy", small_world, "--labels", small_world, "--count", 10**5, *ON_CPU[2:]),
            out / ".done.csv",
        ),
        "prepare": (scan_of_many_crops(tmp_path), out / "label"),
    }[verb]
    capsys.readouterr()  # of the fixture
    press_when(begun.exists)
    assert metgan(verb, *words, "--out", out) == 130
    told = capsys.readouterr()
    how = "the same call goes on" if verb == "prepare" else "the same call with --resume goes on"
    assert f"metgan: interrupted; {how}\n" in told.err
    assert "Written" not in told.out
    if verb == "segmentor":
        assert (last_step(out) or 0) < 1000


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ("prepare scan.tif", "; the same call goes on"),
        ("prepare scan.tif --overwrite", "; the same call goes on"),
        ("study ablation pairs", "; the same call with --resume goes on"),
        ("demo out --resume", "; the same call goes on"),
        ("train pairs --overwrite", "; the same call with --resume in place of --overwrite goes on"),
        ("info run", ""),
        ("study", ""),
        ("paint", ""),
        ("--help", ""),
        ("train --help", ""),
    ],
)
def test_what_ctrl_c_advises_is_an_option_that_the_verb_has(
    metgan: Command, capsys: Capture, monkeypatch: pytest.MonkeyPatch, words: str, how: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(App, "__call__", interrupted)
    assert metgan(*words.split()) == 130
    assert capsys.readouterr().err == f"metgan: interrupted{how}\n"


@pytest.mark.slow
def test_resuming_what_is_finished_says_that_nothing_was_done(
    metgan: Command, capsys: Capture, small_world: Path, trained: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    lengths = ("--steps", 4, "--segmentor-steps", 2)
    independent = (
        "segmentor",
        small_world,
        "--out",
        tmp_path / "independent-segmentor",
        "--steps",
        2,
        *ON_CPU,
    )
    new = ("--anatomy", small_world, "--labels", small_world, "--count", 2, "--device", "cpu")
    generated = ("generate", trained, *new, "--out", tmp_path / "new")
    assert metgan(*independent) == metgan(*generated) == 0
    assert capsys.readouterr().out.count("Written: ") == 2
    for words, done in (
        (("train", small_world, "--out", run, *lengths, *ON_CPU), f"trained: {run}"),
        (independent, f"trained: {tmp_path / 'independent-segmentor'}"),
        (generated, f"generated: {tmp_path / 'new'};"),
    ):
        assert metgan(*words, "--resume") == 0
        told = capsys.readouterr().out
        assert f"Finished already, nothing was {done}" in told
        assert "Written" not in told
    assert metgan(*independent[:-5], 3, *ON_CPU, "--resume") == 0  # one step more
    assert metgan(*generated[:-4], "--device", "cpu", "--out", tmp_path / "more", "--resume") == 0
    assert "Finished" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_short_run_says_only_that_it_is_too_short_to_judge(
    metgan: Command, capsys: Capture, small_world: Path, tmp_path: Path
) -> None:
    words = ("train", small_world, "--out", tmp_path / "run", "--segmentor-steps", 2, *ON_CPU)
    assert metgan(*words, "--steps", 6) == 0
    said = (
        "steps are too few to judge whether it will place tumours where the label is; preset small takes 180"
    )
    told = capsys.readouterr().err
    assert told.count(f"6 {said}") == 1
    assert "not yet placed" not in told
    assert metgan(*words, "--steps", 8, "--resume") == 0
    told = capsys.readouterr().err
    assert told.count(f"8 {said}") == 1
    assert "not yet placed" not in told
    report = html.unescape((tmp_path / "run" / "report.html").read_text())
    assert f"Warning: 8 {said}" in report
    assert f"metgan train {small_world} --out {tmp_path / 'run'} --resume --steps 180" in report
    assert "metgan generate" not in report


def with_dice(trained: Path, run: Path, dice: float | None, steps: int = 200) -> Path:
    """A copy of a run whose card says another validation Dice and length."""
    shutil.copytree(trained, run)
    network, card = load_generator(run)
    save_model(run / MODEL_FILE, network.state_dict(), replace(card, val_dice=dice, steps=steps))
    return run


def test_the_next_step_depends_on_what_was_measured(trained: Path, tmp_path: Path) -> None:
    data = Path("pairs")
    poor, good, unknown = (
        with_dice(trained, tmp_path / name, dice)
        for name, dice in (("poor", 0.05), ("good", 0.6), ("unknown", None))
    )
    after_poor, after_good, after_unknown = (
        next_step(read_trained_run(run), data) for run in (poor, good, unknown)
    )
    assert after_poor.code == f"metgan train pairs --out {poor} --resume --steps 400"
    assert "validation Dice 0.05" in after_poor.paragraphs[0]
    assert after_unknown.code == evaluate_command(unknown, data)
    assert after_good.code.splitlines() == [generate_command(good, data), evaluate_command(good, data)]


def test_a_reason_above_is_named_only_where_one_stands_there(trained: Path, tmp_path: Path) -> None:
    run = with_dice(trained, tmp_path / "run", 0.05)
    status = json.loads((run / "status.json").read_text())
    for diagnosis, stands_there in (
        ([], False),
        (explain(60, 0.05, [], "train longer"), False),
        (explain(60, 0.05, [Finding(1.0, "the channels are shifted")], "train longer"), True),
    ):
        (run / "status.json").write_text(json.dumps({**status, "diagnosis": diagnosis}))
        (text,) = next_step(read_trained_run(run), Path("pairs")).paragraphs
        assert ("a reason above" in text) == stands_there
        assert text.endswith("rain it longer:")


def test_the_readme_has_the_commands_that_reports_suggest() -> None:
    readme = re.sub(" +", " ", README.read_text())
    for command in (generate_command, evaluate_command):
        assert command(Path("run"), Path("pairs")) in readme


def test_the_report_of_a_run_that_places_no_tumours_repeats_why(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(
        json.dumps({**status, "diagnosis": ["after 60 steps", "dark", "longer"]})
    )
    assert "After 60 steps. As measured then: dark; longer." in training_section(read_history(run)).paragraphs


@pytest.mark.slow
def test_a_generated_set_has_a_picture_that_no_verb_takes_for_data(
    metgan: Command, capsys: Capture, small_world: Path, trained: Path, tmp_path: Path
) -> None:
    new = ("--anatomy", small_world, "--labels", small_world, "--count", 3, "--device", "cpu")
    out = tmp_path / "new"
    assert metgan("generate", trained, *new, "--out", out) == 0
    picture = out / "contact_sheet.png"
    assert f"Written: {out}; pictures of some pairs: {picture}" in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert len(PairSet.open(out)) == 3
    assert metgan("info", out) == 0
    assert "3, 3 with a tumour" in capsys.readouterr().out
    export = ("export", small_world, out, "--format", "cellpose", "--out", tmp_path / "cellpose")
    assert metgan(*export) == 0
    assert "8 cases for training, 3 of them generated" in capsys.readouterr().out
    again = ("--anatomy", out, "--labels", out, "--count", 1, "--device", "cpu")
    assert metgan("generate", trained, *again, "--out", tmp_path / "again") == 0
    assert not [path for path in (tmp_path / "cellpose").rglob("*") if "contact" in path.name]
