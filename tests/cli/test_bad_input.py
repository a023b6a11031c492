"""Refused input: one line that says what was given, what was expected and what to do; status 2; no trace.

Most cases are tried twice: into a new folder, which must not appear, and with ``--overwrite`` into one
that holds an old result, which must stay.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from metgan.experiment import load_experiment
from metgan.images import read_image, write_image
from metgan.io import load_weights, save_weights
from metgan.training import Engine, read_log

from .conftest import Capture, Command

Snapshot = dict[str, tuple[int, int]]
Refuse = Callable[..., None]
# "auto" means one on a CPU with AMX and the other on one without.
OTHER_PRECISION = "fp32" if Engine(device="cpu").resolved().precision == "bf16" else "bf16"
UNSEGMENTED = ("--preset", "small", "--steps", 2, "--device", "cpu")
SMALL = (*UNSEGMENTED, "--segmentor-steps", 2)
KINDS = {
    "train": "a run",
    "segmentor": "a run",
    "generate": "generated pairs",
    "evaluate": "scores",
    "prepare": "pairs",
    "study": "a study",
}


def snapshot(folder: Path) -> Snapshot:
    """When each file below `folder` was written, and its size."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != ".metgan.lock"]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


def assert_one_line(capsys: Capture, status: int, *words: str) -> None:
    """One line of given, expected and what to do, which holds all of `words`, and notes before it."""
    lines = capsys.readouterr().err.splitlines(keepends=True)
    error = "".join(line for line in lines if not line.startswith("metgan: note: "))
    assert status == 2, error
    assert re.fullmatch(r"metgan: \S.*; expected \S.*\. \S.*\.\n", error), error
    for word in words:
        assert word in error


@pytest.fixture
def refuse_keeping(metgan: Command, capsys: Capture) -> Refuse:
    """Run a command that is refused, and leaves a folder as it was."""

    def refuse_keeping(folder: Path, *words: object, says: str) -> None:
        before = snapshot(folder)
        capsys.readouterr()
        assert_one_line(capsys, metgan(*words), says)
        assert snapshot(folder) == before

    return refuse_keeping


@pytest.fixture
def refuse(metgan: Command, capsys: Capture, tmp_path: Path, refuse_keeping: Refuse) -> Refuse:
    """Run a verb twice, into a new folder and over an old result; both refuse and leave no trace."""

    def refuse(verb: str, *args: object, says: str) -> None:
        new, old = tmp_path / "new", tmp_path / "old"
        capsys.readouterr()
        assert_one_line(capsys, metgan(verb, *args, "--out", new), says)
        assert not new.exists()
        old.mkdir()
        (old / ".metgan").write_text(KINDS[verb] + "\n")
        (old / "result").write_text("a week of computing")
        refuse_keeping(old, verb, *args, "--out", old, "--overwrite", says=says)

    return refuse


def arguments(verb: str, world: Path, run: Path) -> tuple[object, ...]:
    """Return the verb's arguments without ``--out``."""
    return {
        "train": (world, *SMALL),
        "segmentor": (world, "--preset", "small", "--steps", 2, "--device", "cpu"),
        "generate": (run, "--anatomy", world, "--labels", world, "--count", 2, "--part", "all"),
        "evaluate": (run, "--data", world, "--independent-segmentor-steps", 2, "--device", "cpu"),
    }[verb]


def image(world: Path, channel: str, number: int) -> Path:
    return sorted((world / channel).iterdir())[number]


def rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    tifffile.imwrite(path, change(tifffile.imread(path)))


def with_pixel(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a change that makes one pixel `value`, and the rest float."""

    def change(array: np.ndarray) -> np.ndarray:
        array = array.astype(np.float32)
        array[3, 4] = value
        return array

    return change


def third_value(array: np.ndarray) -> np.ndarray:
    array[0, :3] = (0, 7, 255)
    return array


def no_tumour(world: Path, number: int) -> None:
    for path in (world / "label").iterdir():
        rewrite(path, np.zeros_like)


def cut_all(world: Path, number: int) -> None:
    for channel in ("anatomy", "tumour", "label"):
        for path in (world / channel).iterdir():
            rewrite(
                path, lambda array: third_value(array)[:8, :8] if array.dtype == np.uint16 else array[:8, :8]
            )
    rewrite(image(world, "label", 0), np.ones_like)


def shorter(array: np.ndarray) -> np.ndarray:
    return array[:-1]


def anatomy(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, int], None]:
    return lambda world, number: rewrite(image(world, "anatomy", number), change)


def label(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path, int], None]:
    return lambda world, number: rewrite(image(world, "label", number), change)


def cut_file(share: float) -> Callable[[Path, int], None]:
    def damage(world: Path, number: int) -> None:
        path = image(world, "anatomy", number)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return damage


DAMAGES: dict[str, tuple[Callable[[Path, int], None], str]] = {
    "missing folder": (lambda world, number: shutil.rmtree(world), "there is no folder"),
    "missing channel": (lambda world, number: shutil.rmtree(world / "tumour"), "no folder tumour/"),
    "unmatched names": (
        lambda world, number: image(world, "tumour", number).unlink(),
        "missing: tumour/phantom-0000",
    ),
    "different shapes": (anatomy(shorter), "anatomy (63, 64), tumour (64, 64), label (64, 64)"),
    "colour": (anatomy(lambda array: np.stack([array] * 3, -1)), "is in colour, shape (64, 64, 3)"),
    "stack": (anatomy(lambda array: np.stack([array] * 5)), "has shape (5, 64, 64)"),
    "three values in a label": (label(third_value), "{0, 7, 255}"),
    "NaN": (anatomy(with_pixel(np.nan)), "1 NaN or infinite pixels"),
    "infinite": (anatomy(with_pixel(np.inf)), "1 NaN or infinite pixels"),
    "int32": (anatomy(lambda array: array.astype(np.int32)), "has dtype int32"),
    "flat": (anatomy(np.ones_like), "is flat, every pixel is 1"),
    "empty file": (cut_file(0), "is empty (0 bytes)"),
    "truncated file": (cut_file(0.5), "cannot be read as TIFF"),
    "truncated header": (cut_file(0.001), "cannot be read as TIFF"),
    "text for an image": (
        lambda w, n: image(w, "anatomy", n).write_text("no\nimage\n" * 9),
        "cannot be read as TIFF",
    ),
    "damaged table": (lambda world, number: (world / "pairs.csv").write_text("who\nme\n"), "column 'name'"),
    "too small": (cut_all, "at least"),
    "no tumour": (no_tumour, "holds a tumour"),
}
UNSEEN = {
    "missing channel",
    "unmatched names",
    "different shapes",
}  # generate takes anatomies and labels from different sets


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("verb", ["train", "segmentor", "generate", "evaluate"])
def test_a_damaged_pair_set_is_refused(
    refuse: Refuse, world: Path, trained: Path, verb: str, damage: str
) -> None:
    if verb == "generate" and damage in UNSEEN:
        return
    spoil, says = DAMAGES[damage]
    spoil(world, 1)
    refuse(verb, *arguments(verb, world, trained), says=says)


@pytest.mark.parametrize(("number", "part"), [(5, "val"), (8, "test")])
@pytest.mark.parametrize("damage", ["NaN", "three values in a label", "truncated file"])
def test_validation_and_test_images_are_checked_before_the_hours_of_training(
    refuse: Refuse, world: Path, trained: Path, number: int, part: str, damage: str
) -> None:
    spoil, says = DAMAGES[damage]
    spoil(world, number)
    verb = "train" if part == "val" else "evaluate"
    refuse(verb, *arguments(verb, world, trained), says=says)


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_the_undamaged_arguments_are_those_of_the_happy_paths(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path, verb: str
) -> None:
    """So that no case above is refused for another reason than its own: these get as far as the folder."""
    (tmp_path / "out").write_text("a file")
    status = metgan(verb, *arguments(verb, world, trained), "--out", tmp_path / "out")
    assert_one_line(capsys, status, "out is not a folder but a file")


@pytest.mark.parametrize("verb", ["generate", "evaluate"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 99, b"{}\x00"])
def test_an_unreadable_model_is_refused(
    refuse: Refuse, world: Path, tmp_path: Path, verb: str, content: bytes
) -> None:
    run = tmp_path / "broken"
    run.mkdir()
    (run / "model.safetensors").write_bytes(content)
    refuse(verb, *arguments(verb, world, run), says="cannot be read")


@pytest.mark.parametrize("verb", ["generate", "evaluate"])
def test_a_model_without_a_card_or_an_unfinished_run_is_refused(
    refuse: Refuse, world: Path, tmp_path: Path, verb: str
) -> None:
    run = tmp_path / "odd"
    refuse(verb, *arguments(verb, world, run), says="there is no")
    run.mkdir()
    shutil.rmtree(tmp_path / "old")
    refuse(verb, *arguments(verb, world, run), says="holds no model.safetensors")
    shutil.rmtree(tmp_path / "old")
    save_weights(run / "model.safetensors", {}, {"kind": "generator"})
    refuse(verb, *arguments(verb, world, run), says="model card that cannot be read")


@pytest.mark.parametrize("verb", ["generate", "evaluate"])
def test_a_segmentor_is_no_generator(refuse: Refuse, world: Path, trained: Path, verb: str) -> None:
    args = arguments(verb, world, trained / "segmentor")
    refuse(verb, *args, says="holds a segmentor (segmentor)")


def test_a_generator_is_no_segmentor_and_no_referee(
    refuse: Refuse, world: Path, trained: Path, tmp_path: Path
) -> None:
    args = (world, *UNSEGMENTED, "--segmentor", trained)
    refuse("train", *args, says="holds a generator (metgan)")
    shutil.rmtree(tmp_path / "old")
    args = (trained, "--data", world, "--independent-segmentor", trained)
    refuse("evaluate", *args, says="holds a generator (metgan)")


def test_the_segmentor_in_the_loop_is_no_referee(refuse: Refuse, world: Path, trained: Path) -> None:
    args = (trained, "--data", world, "--independent-segmentor", trained / "segmentor")
    refuse("evaluate", *args, says="is the segmentor that the generator trained with")


def test_a_segmentor_that_has_seen_a_test_group_is_refused(
    refuse: Refuse, world: Path, trained: Path
) -> None:
    table = world / "pairs.csv"
    swapped = {"animal-train": "animal-test", "animal-test": "animal-train"}
    table.write_text(re.sub("animal-(train|test)", lambda found: swapped[found[0]], table.read_text()))
    args = (world, *UNSEGMENTED, "--segmentor", trained / "segmentor")
    refuse("train", *args, says="has seen 1 test groups (animal-train)")


def test_another_data_set_than_the_runs_is_refused_by_name(
    refuse: Refuse, world: Path, trained: Path
) -> None:
    for channel in ("anatomy", "tumour", "label"):
        image(world, channel, 9).rename(world / channel / "stranger.tif")
    table = world / "pairs.csv"
    table.write_text(table.read_text().replace("phantom-00009", "stranger"))
    args = arguments("evaluate", world, trained)
    refuse("evaluate", *args, says="has no pair phantom-00009")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("--steps", 3), "last.ckpt holds 4 steps; 3 are asked for; expected as many or more"),
        (("--seed", 1), "was written with seed 0; expected seed 1, as"),
        (("--batch-size", 1), "was written with batch_size 4; expected batch_size 1, as"),
        (("--segmentor-steps", 3), "segmentor/last.ckpt was written with steps 2; expected steps 3, as"),
        (("--precision", OTHER_PRECISION), f"expected precision {OTHER_PRECISION}, as asked for now"),
        (("--overwrite",), "--resume and --overwrite together"),
        (
            ("--steps", 9, "--batch-size", 1),
            "written with batch_size 4; expected batch_size 1, as asked for now. Resume with the settings",
        ),
    ],
)
def test_resuming_with_other_settings_leaves_the_run_as_it_was(
    refuse_keeping: Refuse, small_world: Path, trained: Path, changed: tuple[object, ...], says: str
) -> None:
    refuse_keeping(trained, "train", small_world, "--out", trained, "--resume", *changed, says=says)


@pytest.fixture
def stopped(trained: Path, tmp_path: Path) -> Path:
    """What Ctrl-C leaves of the run of four steps before its first checkpoint."""
    run = tmp_path / "stopped"
    run.mkdir()
    for name in (".metgan", "config.toml", "splits.json"):
        shutil.copy(trained / name, run / name)
    return run


@pytest.mark.parametrize("verb", ["train", "segmentor"])
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("--seed", 1), "config.toml was written with seed 0; expected seed 1, as"),
        (("--precision", OTHER_PRECISION), f"expected engine.precision {OTHER_PRECISION}, as asked for now"),
        (("--segmentor-steps", 3), "written with segmentor.steps 2; expected segmentor.steps 3, as"),
        (("--segmentor", "{trained}/segmentor"), "pretrained_segmentor none; expected pretrained_segmentor "),
    ],
)
def test_resuming_before_the_first_checkpoint_with_other_settings_leaves_the_run_as_it_was(
    refuse_keeping: Refuse,
    small_world: Path,
    trained: Path,
    stopped: Path,
    verb: str,
    changed: tuple[object, ...],
    says: str,
) -> None:
    if verb == "segmentor" and str(changed[0]).startswith("--segmentor"):
        return
    words = [str(word).replace("{trained}", str(trained)) for word in changed]
    refuse_keeping(stopped, verb, small_world, "--out", stopped, "--resume", *words, says=says)


@pytest.mark.slow
def test_a_run_stopped_before_its_first_checkpoint_goes_on_with_the_settings_that_it_had(
    metgan: Command, small_world: Path, stopped: Path
) -> None:
    config = (stopped / "config.toml").read_bytes()
    words = (small_world, "--out", stopped, "--resume", "--steps", 2, "--device", "cpu")
    assert metgan("segmentor", *words) == 0
    assert (stopped / "config.toml").read_bytes() == config


def test_a_run_stopped_before_its_first_checkpoint_may_be_given_another_length(
    metgan: Command, small_world: Path, stopped: Path
) -> None:
    """Nothing of it is trained."""
    words = (small_world, "--out", stopped, "--resume", "--steps", 1, "--device", "cpu")
    assert metgan("segmentor", *words) == 0
    assert read_log(stopped / "journal.csv")[-1]["step"] == "1"
    assert load_experiment(stopped / "config.toml").segmentor.steps == 1


def test_a_study_stopped_before_its_first_checkpoint_is_not_resumed_with_other_settings(
    refuse_keeping: Refuse, small_world: Path, stopped: Path, tmp_path: Path
) -> None:
    out = tmp_path / "study"
    shutil.copytree(stopped, out)
    (out / ".metgan").write_text("a study\n")
    stopped.rename(out / "similarity")
    words = (small_world, "--methods", "pix2pix", "--crop", 64, "--out", out, "--resume")
    for says in ("similarity/config.toml", "training.crop 64"):
        refuse_keeping(out, "study", "similarity", *words, says=says)


def test_a_demo_is_not_resumed_with_other_lengths(
    refuse_keeping: Refuse, stopped: Path, tmp_path: Path
) -> None:
    demo = tmp_path / "demo"
    demo.mkdir()
    stopped.rename(demo / "run")
    (demo / ".metgan").write_text("a demo\n")
    refuse_keeping(demo, "demo", demo, "--resume", "--steps", 9, says="expected training.steps 9")


def test_resuming_on_other_data_leaves_the_run_as_it_was(
    refuse_keeping: Refuse, world: Path, trained: Path
) -> None:
    for channel in ("anatomy", "tumour", "label"):
        image(world, channel, 1).unlink()
    table = world / "pairs.csv"
    table.write_text(re.sub(".*phantom-00001.*\n", "", table.read_text()))
    says = "last.ckpt was written with data"
    refuse_keeping(trained, "train", world, "--out", trained, "--resume", says=says)


def test_a_run_cannot_be_resumed_as_a_segmentors(
    refuse_keeping: Refuse, small_world: Path, trained: Path
) -> None:
    says = "last.ckpt was written with method metgan"
    refuse_keeping(trained, "segmentor", small_world, "--out", trained, "--resume", says=says)


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"", b"garbage" * 99])
def test_an_unreadable_checkpoint_is_refused(
    refuse_keeping: Refuse, small_world: Path, trained: Path, tmp_path: Path, content: bytes
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for name in (".metgan", "config.toml"):
        shutil.copy(trained / name, run / name)
    (run / "last.ckpt").write_bytes(content)
    says = "last.ckpt cannot be read"
    refuse_keeping(run, "train", small_world, "--out", run, "--resume", says=says)


@pytest.mark.parametrize("verb", ["train", "segmentor", "generate", "evaluate"])
@pytest.mark.parametrize("holds", ["a run", "pairs", "scores", ""])
def test_a_folder_that_holds_something_is_refused(
    refuse_keeping: Refuse, small_world: Path, trained: Path, tmp_path: Path, verb: str, holds: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("dear")
    if holds:
        (out / ".metgan").write_text(holds + "\n")
    modes: list[tuple[str, ...]] = [()]
    if holds != KINDS[verb]:
        modes += [("--overwrite",), ("--resume",)]
    for mode in modes:
        refuse_keeping(out, verb, *arguments(verb, small_world, trained), "--out", out, *mode, says="holds")


@pytest.mark.parametrize("verb", ["train", "segmentor", "generate", "evaluate"])
def test_a_file_in_the_place_of_the_output_is_refused(
    metgan: Command, capsys: Capture, small_world: Path, trained: Path, tmp_path: Path, verb: str
) -> None:
    (tmp_path / "out").write_text("dear")
    capsys.readouterr()
    status = metgan(verb, *arguments(verb, small_world, trained), "--out", tmp_path / "out")
    assert_one_line(capsys, status, "out is not a folder but a file")
    assert (tmp_path / "out").read_text() == "dear"


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")
@pytest.mark.parametrize("verb", ["train", "segmentor", "generate", "evaluate"])
def test_cuda_where_there_is_none_is_refused(refuse: Refuse, world: Path, trained: Path, verb: str) -> None:
    words = arguments(verb, world, trained)
    words = words[: words.index("--device")] if "--device" in words else words
    refuse(verb, *words, "--device", "cuda", says="a machine without CUDA")


def test_more_labels_to_merge_than_there_are_leave_no_folder(
    refuse: Refuse, world: Path, trained: Path
) -> None:
    words = (*arguments("generate", world, trained), "--merge", 50)
    refuse("generate", *words, says="50 labels to merge")


def test_a_model_that_paints_flat_images_is_refused_and_leaves_no_pair(
    metgan: Command, capsys: Capture, world: Path, trained: Path, tmp_path: Path
) -> None:
    """The last layer's weights are zero: the generator paints one grey everywhere."""
    run = shutil.copytree(trained, tmp_path / "run")
    weights, metadata = load_weights(run / "model.safetensors")
    weights["image_pathway.classify.weight"].zero_()
    save_weights(run / "model.safetensors", weights, metadata)
    status = metgan("generate", *arguments("generate", world, run), "--out", tmp_path / "out")
    assert_one_line(capsys, status, "is flat, every pixel is", "Train the model longer")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("there", ["dangling", "folder"])
def test_a_runs_split_that_cannot_be_read_is_not_an_absent_one(
    refuse: Refuse, world: Path, trained: Path, tmp_path: Path, there: str
) -> None:
    """Without a split the test part would be generated on."""
    run = shutil.copytree(trained, tmp_path / "run")
    (run / "splits.json").unlink()
    if there == "folder":
        (run / "splits.json").mkdir()
    else:
        (run / "splits.json").symlink_to("nowhere.json")
    says = "splits.json is " + ("a folder" if there == "folder" else "not a file but a link to nowhere.json")
    refuse("generate", *arguments("generate", world, run), says=says)


def test_generating_over_the_source_is_refused(refuse_keeping: Refuse, world: Path, trained: Path) -> None:
    args = arguments("generate", world, trained)
    refuse_keeping(world, "generate", *args, "--out", world, "--overwrite", says="which holds the input")


def test_a_study_over_the_pairs_of_the_other_laboratory_is_refused(
    refuse_keeping: Refuse, world: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(world, tmp_path / "study" / "other")
    words = ("study", "downstream", world, "--elsewhere", other, "--out", tmp_path / "study", "--overwrite")
    refuse_keeping(tmp_path / "study", *words, says="which holds the input")


def test_training_over_the_split_that_is_given_is_refused(
    refuse_keeping: Refuse, world: Path, trained: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    args = (*arguments("segmentor", world, run), "--split", run / "splits.json", "--out", run, "--overwrite")
    refuse_keeping(run, "segmentor", *args, says="which holds the input")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("sead = 1\n", "unknown key 'sead'; expected one of: method, preset, seed"),
        ("[training]\nepoch = 3\n", "unknown key of [training] 'epoch'; expected one of: epochs, steps"),
        ('[training]\nepochs = "3"\n', "training.epochs = '3'"),
        ("[training]\ncrop = 0\n", "training: crop is 0"),
        ("training = 3\n", "expected a table [training]"),
        ("[training\n", "cannot be read"),
        (None, "there is no file"),
    ],
)
def test_a_faulty_experiment_file_is_refused(
    refuse: Refuse, small_world: Path, tmp_path: Path, content: str | None, says: str
) -> None:
    config = tmp_path / "config.toml"
    if content is not None:
        config.write_text(content)
    refuse("train", small_world, "--config", config, says=says)


def test_an_unknown_method_is_answered_with_the_known_ones(refuse: Refuse, small_world: Path) -> None:
    says = "unknown method 'cyclegun'; expected one of: metgan"
    refuse("train", small_world, "--method", "cyclegun", says=says)


def test_steps_and_epochs_at_once_are_refused(refuse: Refuse, small_world: Path) -> None:
    lengths = ("--steps", 2, "--epochs", 2)
    refuse("train", small_world, *lengths, says="steps 2 and epochs 2")


@pytest.mark.parametrize(
    "words",
    [
        ("paint", "{world}"),
        ("train", "{world}", "--out", "{out}", "--preset", "tiny"),
        ("train", "{world}", "--out", "{out}", "--steps", "0"),
        ("train", "{world}", "--out", "{out}", "--steps", "many"),
        ("train", "{world}", "--out", "{out}", "--device", "tpu"),
        ("train", "{world}", "--out", "{out}", "--step", "3"),
        ("train", "{world}"),
        ("train", "--out", "{out}"),
        ("phantom", "{out}", "--pairs", "-3"),
        ("generate", "run", "--anatomy", "a", "--labels", "b", "--out", "{out}", "--count", "0"),
    ],
)  # fmt: skip
def test_a_mistyped_command_line_ends_with_status_2_and_no_folder(
    metgan: Command, capsys: Capture, small_world: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    status = metgan(*(word.format(world=small_world, out=tmp_path / "out") for word in words))
    error = capsys.readouterr().err
    assert status == 2
    assert "Error" in error or "expected a whole number from 1" in error
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


OUT_OF_RANGE = {
    "--learning-rate": ("0", "inf", "nan", "-1e-3", "1.5"),
    "--seed": ("-1", str(2**53), str(2**64)),
    "--batch-size": ("4097", "1000000000"),
    "--crop": ("1000000000",),
}


@pytest.mark.parametrize(
    ("option", "value"), [(option, value) for option, values in OUT_OF_RANGE.items() for value in values]
)
def test_a_setting_out_of_range_is_refused_in_one_line_by_option_and_file_alike(
    refuse: Refuse,
    metgan: Command,
    capsys: Capture,
    small_world: Path,
    tmp_path: Path,
    option: str,
    value: str,
) -> None:
    name = option.removeprefix("--").replace("-", "_")
    refuse("train", small_world, *UNSEGMENTED, option, value, says=f"{name} is ")
    line = f"{name} = {value}\n"
    (tmp_path / "file.toml").write_text(line if name == "seed" else f"[training]\n{line}")
    config = ("--preset", "small", "--device", "cpu", "--config", tmp_path / "file.toml")
    status = metgan("train", small_world, *config, "--out", tmp_path / "out")
    assert_one_line(capsys, status, name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("evaluate", "run", "--data", "d", "--independent-segmentor-steps", "0"),
            "independent_segmentor_steps is 0",
        ),
        (("study", "ablation", "d", "--segmentor-steps", "0"), "segmentor_steps is 0"),
        (("train", "d", "--segmentor-steps", "-1"), "segmentor_steps is -1"),
        (("generate", "run", "--anatomy", "d", "--merge", "0"), "merge is 0"),
        (
            ("prepare", "s.tif", "--labels", "m.tif", "--crop", "0"),
            "crop is 0; expected a whole number from 1",
        ),
        (
            ("prepare", "s.tif", "--labels", "m.tif", "--every", "0"),
            "every is 0; expected a whole number from 1",
        ),
    ],
)
def test_a_number_out_of_range_is_refused_by_its_option_before_a_file_is_looked_for(
    refuse: Refuse, words: tuple[str, ...], says: str
) -> None:
    refuse(*words, says=f"metgan: {says}")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--areas", "nan", "5", "9"), "areas is nan"),
        (("--areas", "1", "5", "inf"), "areas is inf"),
        (("--areas", "1", "5", "1e12"), "areas is 1"),
        (("--tumours", "1", "1000000000"), "tumours is 1000000000"),
        (("--margin", "2000000"), "margin is 2000000"),
    ],
)
def test_labels_out_of_range_are_refused(
    refuse: Refuse, small_world: Path, trained: Path, more: tuple[str, ...], says: str
) -> None:
    args = (*arguments("generate", small_world, trained), "--recipe", "grown", *more)
    refuse("generate", *args, says=says)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pair": ("train", "val")}, "pair 'phantom-00000' for training shares pair 'phantom-00000'"),
        ({"pair": ("train", "test")}, "pair 'phantom-00000' for training shares pair 'phantom-00000'"),
        ({"group": "animal-train"}, "for training shares group 'animal-train' with the validation part"),
    ],
)
def test_a_split_with_one_animal_in_two_parts_is_refused(
    refuse: Refuse, small_world: Path, tmp_path: Path, change: dict, says: str
) -> None:
    names = [f"phantom-{number:05d}" for number in range(10)]
    parts = {"train": names[:5], "val": names[5:7], "test": names[7:]}
    if "pair" in change:
        parts[change["pair"][1]].append(names[0])
    else:
        parts["val"].append(parts["train"].pop())
    (tmp_path / "splits.json").write_text(json.dumps(parts))
    args = (small_world, "--split", tmp_path / "splits.json", *UNSEGMENTED)
    refuse("segmentor", *args, says=says)


@pytest.mark.parametrize(("option", "value"), [("--size", 8), ("--missed", 1.5), ("--outline-noise", -1)])
def test_a_phantom_out_of_range_is_refused(
    metgan: Command, capsys: Capture, tmp_path: Path, option: str, value: float
) -> None:
    status = metgan("phantom", tmp_path / "out", "--pairs", 1, option, value)
    assert_one_line(capsys, status, str(value))
    assert not (tmp_path / "out").exists()


def test_without_disk_space_the_phantom_says_so_and_leaves_no_half_image(
    metgan: Command, capsys: Capture, tmp_path: Path, little_room: None
) -> None:
    status = metgan("phantom", tmp_path / "out", "--pairs", 2, "--size", 64)
    assert_one_line(capsys, status, "no space left while writing", "phantom-00000.tif")
    assert snapshot(tmp_path / "out").keys() == {".metgan", "phantom.json", "pairs.csv"}


def test_without_disk_space_generating_says_so_and_leaves_no_half_image(
    metgan: Command, capsys: Capture, small_world: Path, trained: Path, tmp_path: Path, little_room: None
) -> None:
    capsys.readouterr()
    args = (*arguments("generate", small_world, trained), "--no-gate")
    status = metgan("generate", *args, "--out", tmp_path / "out")
    assert_one_line(capsys, status, "no space left while writing")
    assert snapshot(tmp_path / "out").keys() == {".metgan", "pairs.csv"}


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """``scan.tif`` (Z 2, C 2, Y 16, X 24) and ``mask.tif`` (Z 2, Y 16, X 24)."""
    voxels = np.arange(2 * 2 * 16 * 24, dtype=np.uint16).reshape(2, 2, 16, 24)
    tifffile.imwrite(tmp_path / "scan.tif", voxels, imagej=True, metadata={"axes": "ZCYX"})
    mask = np.zeros((2, 16, 24), np.uint8)
    mask[0, 2:5, 2:5] = 255
    tifffile.imwrite(tmp_path / "mask.tif", mask, imagej=True, metadata={"axes": "ZYX"})
    return tmp_path


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--rows", "600"), "--rows 600; expected first:end"),
        (("--rows", "a:b"), "--rows a:b"),
        (("--rows", "0:²"), "--rows 0:²"),
        (("--planes", "٠:٢"), "--planes ٠:٢"),
        (("--rows", "-1:5"), "--rows"),
        (("--rows", "0:600"), "rows 0:600 of a scan with 16"),
        (("--columns", "8:8"), "columns 8:8"),
        (("--planes", "2:3"), "planes 2:3 of a scan with 2"),
        (("--crop", "64"), "crops of 64 pixels"),
        (("--block", "4"), "block is 4, with crops of 8"),
        (("--channels", "0", "2"), "channel 2 was asked for"),
        (("--axes", "ZCY"), "axes ZCY"),
        (("--tissue", "nowhere.tif"), "there is no file"),
        (("--least-tissue", "2", "--tissue", "mask.tif"), "least_tissue is 2"),
        (("--least-tissue", "0.5"), "--least-tissue 0.5 without --tissue"),
        (("--mask-axes", "YX"), "--mask-axes ZYX"),
        (("--channels", "0", "0"), "one image in both channels"),
        (("--labels-above", "-1"), "covers 100% of the pixels"),
    ],
)
def test_prepare_refuses_options_that_do_not_fit_the_scan(
    refuse: Refuse, stack: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(stack)
    crop = () if "--crop" in more else ("--crop", 8)
    refuse("prepare", "scan.tif", "--labels", "mask.tif", *crop, *more, says=says)


def flat_scan(folder: Path) -> None:
    rewrite(folder / "scan.tif", np.zeros_like)


def inverted_mask(folder: Path) -> None:
    rewrite(folder / "mask.tif", lambda mask: 255 - mask)


def half_scan(folder: Path) -> None:
    path = folder / "scan.tif"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (flat_scan, "crops are flat"),
        (inverted_mask, "covers 99% of the pixels; expected tumours to cover the smaller part"),
        (half_scan, "scan.tif cannot be read as TIFF"),
        (lambda folder: (folder / "scan.tif").write_bytes(b""), "is empty (0 bytes)"),
        (lambda folder: (folder / "scan.tif").unlink(), "there is no file"),
        (
            lambda folder: rewrite(folder / "scan.tif", lambda a: np.where(a == 9, np.nan, a)),
            "1 NaN or infinite",
        ),
        (lambda folder: rewrite(folder / "mask.tif", lambda a: a[:, :-1]), "label (2, 15, 24)"),
        (lambda folder: rewrite(folder / "mask.tif", lambda a: np.minimum(a, np.arange(24))), "mask.tif"),
    ],
)
def test_prepare_refuses_a_damaged_scan(
    refuse: Refuse, stack: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None], says: str
) -> None:
    monkeypatch.chdir(stack)
    spoil(stack)
    args = ("scan.tif", "--labels", "mask.tif", "--crop", 8, "--axes", "ZCYX")
    says = "label has values" if says == "mask.tif" else says
    refuse("prepare", *args, says=says)


def test_prepare_refuses_the_same_crops_twice_and_keeps_the_set(
    metgan: Command, capsys: Capture, stack: Path
) -> None:
    args = ("prepare", stack / "scan.tif", "--labels", stack / "mask.tif", "--crop", 8)
    args += ("--out", stack / "out")
    assert metgan(*args) == 0
    table = (stack / "out" / "pairs.csv").read_bytes()
    capsys.readouterr()
    assert_one_line(capsys, metgan(*args), "already has")
    assert (stack / "out" / "pairs.csv").read_bytes() == table


def test_info_of_nothing_or_of_damage_is_refused(metgan: Command, capsys: Capture, world: Path) -> None:
    assert_one_line(capsys, metgan("info", world / "nowhere"), "there is no")
    assert_one_line(capsys, metgan("info", world / "pairs.csv"), "cannot be read")
    assert_one_line(capsys, metgan("info", world / "label"), "neither a result")
    for path in (world / "label").iterdir():
        write_image(path, np.zeros((3, 3), np.uint8))
    assert_one_line(capsys, metgan("info", world), "has shapes")  # of all pairs
    assert read_image(world / "label" / "phantom-00003.tif").shape == (3, 3)


def test_a_path_is_named_with_all_its_blanks(metgan: Command, capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "two  blanks.tif"
    assert_one_line(capsys, metgan("info", path), str(path))
