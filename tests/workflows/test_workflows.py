"""Workflows called from Python: the same result as the command line, and a listener instead of stderr."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from metgan.cli import main
from metgan.data import PairSet, StoredPairs
from metgan.errors import SettingError, StorageError
from metgan.images import write_image
from metgan.methods import CATALOGUE
from metgan.progress import Event, Note, Progress
from metgan.workflows import (
    CropChoice,
    DownstreamRequest,
    EvaluateRequest,
    ExportRequest,
    GateChoice,
    GenerateRequest,
    IndependentSegmentorChoice,
    InfoRequest,
    PhantomRequest,
    PrepareRequest,
    RecipeChoice,
    RobustnessRequest,
    ScanFiles,
    SegmentorChoice,
    SegmentorRequest,
    SimilarityRequest,
    Sources,
    StudyOptions,
    TrainingSetGrid,
    TrainingSettings,
    TrainRequest,
    downstream,
    evaluate,
    export,
    generate,
    info,
    phantom,
    prepare,
    segmentor,
    similarity,
    train,
)

CLOCKS = {"journal.csv", "report.html", "tables.md", "last.ckpt", ".metgan.lock", "status.json"}
SHORT = TrainingSettings(preset="small", device="cpu", precision="fp32", batch_size=2, crop=64, steps=2)
WORDS = "--preset small --device cpu --precision fp32 --batch-size 2 --crop 64 --steps 2"


@pytest.fixture(scope="session")
def runs(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs on the small world: ``segmentor`` of another seed, and ``run``."""
    folder = tmp_path_factory.mktemp("workflows")
    segmentor(SegmentorRequest(data=small_world, out=folder / "segmentor", settings=SHORT))
    chosen = SegmentorChoice(segmentor_steps=2)
    train(TrainRequest(data=small_world, out=folder / "run", segmentor=chosen, settings=SHORT))
    return folder


def call(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    """Call the command line."""
    monkeypatch.setattr(sys, "argv", ["metgan", *map(str, words)])
    main()


def content(folder: Path) -> dict[str, bytes]:
    """The files of a folder that tell no time, by their names."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in CLOCKS]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "events" not in path.parts}


Workflow = Callable[[Path, Path, Path], object]
"""Of the pair set, the runs, and the folder to write."""

CASES: dict[str, tuple[Workflow, str]] = {
    "phantom": (
        lambda _, __, out: phantom(PhantomRequest(out=out, pairs=4, size=64, seed=3)),
        "phantom {out} --pairs 4 --size 64 --seed 3",
    ),
    "segmentor": (
        lambda world, _, out: segmentor(SegmentorRequest(data=world, out=out, settings=SHORT)),
        "segmentor {world} --out {out} {short}",
    ),
    "train": (
        lambda world, runs, out: train(
            TrainRequest(
                data=world,
                out=out,
                method="pix2pixseg",
                segmentor=SegmentorChoice(segmentor=runs / "segmentor"),
                settings=SHORT,
            )
        ),
        "train {world} --out {out} --method pix2pixseg --segmentor {runs}/segmentor {short}",
    ),
    "generate": (
        lambda world, runs, out: generate(
            GenerateRequest(
                run=runs / "run",
                sources=Sources(anatomy=world, labels=world),
                refine=("contrast",),
                recipe=RecipeChoice("bank", tumours=(1, 2)),
                out=out,
                count=3,
                device="cpu",
            )
        ),
        "generate {runs}/run --anatomy {world} --labels {world} --refine contrast --recipe bank "
        "--tumours 1 2 --out {out} --count 3 --device cpu",
    ),
    "evaluate": (
        lambda world, runs, out: evaluate(
            EvaluateRequest(
                run=runs / "run",
                data=world,
                out=out,
                independent=IndependentSegmentorChoice(independent_segmentor=runs / "segmentor"),
                device="cpu",
            )
        ),
        "evaluate {runs}/run --data {world} --out {out} --device cpu "
        "--independent-segmentor {runs}/segmentor",
    ),
    "export": (
        lambda world, _, out: export(ExportRequest(data=[world], format="cellpose", out=out)),
        "export {world} --format cellpose --out {out}",
    ),
    "similarity": (
        lambda world, _, out: similarity(
            SimilarityRequest(
                data=world,
                out=out,
                methods="pix2pix",
                options=StudyOptions(segmentor_steps=2),
                settings=SHORT,
            )
        ),
        "study similarity {world} --out {out} --methods pix2pix --segmentor-steps 2 {short}",
    ),
    "downstream": (
        lambda world, _, out: downstream(
            DownstreamRequest(
                data=world,
                out=out,
                grid=TrainingSetGrid(real=(0.5, 1.0), augment=("none", "strong")),
                folds=3,
                options=StudyOptions(segmentor_steps=2),
                settings=SHORT,
            )
        ),
        "study downstream {world} --out {out} --real 0.5,1 --augment none,strong "
        "--folds 3 --segmentor-steps 2 {short}",
    ),
}


QUICK = {"phantom", "segmentor", "export"}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in CASES]
)
def test_a_workflow_writes_what_the_command_line_writes(
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    small_world: Path,
    tmp_path: Path,
    name: str,
) -> None:
    workflow, words = CASES[name]
    runs = request.getfixturevalue("runs") if "{runs}" in words else tmp_path
    (tmp_path / "python").mkdir()
    (tmp_path / "shell").mkdir()
    workflow(small_world, runs, tmp_path / "python" / "out")
    given = {"world": small_world, "runs": runs, "out": tmp_path / "shell" / "out", "short": WORDS}
    call(monkeypatch, *words.format(**given).split())
    mine, theirs = (content(tmp_path / place / "out") for place in ("python", "shell"))
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name] != theirs[name]] == []


def test_prepare_writes_what_the_command_line_writes(
    monkeypatch: pytest.MonkeyPatch, small_world: Path, tmp_path: Path
) -> None:
    pair = StoredPairs(PairSet.open(small_world))[0]
    images = {"a": pair.anatomy, "t": pair.tumour, "m": pair.label.astype("uint8") * 255}
    a, t, m = (tmp_path / f"{name}.tif" for name in images)
    for path, image in zip((a, t, m), images.values(), strict=True):
        write_image(path, image)
    files = ScanFiles(m, name="scan")
    result = prepare(
        PrepareRequest(sources=[a, t], files=files, out=tmp_path / "python", crops=CropChoice(crop=32))
    )
    call(monkeypatch, "prepare", a, t, "--labels", m, "--name", "scan", "--crop", 32, "--out", tmp_path / "s")
    assert content(tmp_path / "python") == content(tmp_path / "s")
    assert (result.written, result.left_out) == (4, 0)


def test_info_tells_what_it_shows(small_world: Path) -> None:
    told = info(InfoRequest(path=small_world))
    assert (told.name, told.facts["pairs"]) == ("Pair set", "10, 10 with a tumour")


@pytest.mark.slow
def test_a_listener_is_told_what_stderr_would_be(
    small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Event] = []
    settings = TrainingSettings(device="cpu", batch_size=2, crop=64, steps=2)
    segmentor(SegmentorRequest(data=small_world, out=tmp_path / "run", settings=settings), told.append)
    assert capsys.readouterr().err == ""
    notes = [event.text for event in told if isinstance(event, Note)]
    steps = [event for event in told if isinstance(event, Progress)]
    assert notes[0].startswith("preset small, because the device is a CPU")
    assert "it finds hardly any tumour" in notes[-1]
    assert [(step.task, step.done, step.total) for step in steps] == [
        ("segmentor", 1, 2),
        ("segmentor", 2, 2),
    ]


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: PhantomRequest(out=Path("out"), pairs=0), "pairs is 0"),
        (lambda: PhantomRequest(out=Path("out"), laboratory="mosaic", size=64), "each decides the size"),
        (lambda: SegmentorChoice(segmentor=Path("s"), segmentor_steps=3), "Leave one out"),
        (lambda: PhantomRequest(out=Path("out"), size=0), "size"),
        (lambda: CropChoice(crop=64, block=32).plan(has_tissue=False), "block is 32, with crops of 64"),
        (lambda: RecipeChoice("grown", pixel_size_um=2).make(), "^--pixel-size-um 2; expected"),
        (
            lambda: RecipeChoice("grown", areas=(5, 9, 20), diameters_um=(1, 2, 3)).make(),
            r"^--areas \(5, 9, 20\) with --diameters-um \(1, 2, 3\); expected",
        ),
        (lambda: ScanFiles(Path("m"), channels=(-1, 0)), "channels is -1"),
        (lambda: GateChoice(least_recall=2.0), "least_recall is 2.0"),
        (
            lambda: IndependentSegmentorChoice(
                independent_segmentor=Path("s"), independent_segmentor_steps=3
            ),
            "Leave one out",
        ),
        (lambda: StudyOptions(seeds=0), "seeds is 0"),
        (lambda: RobustnessRequest(data=Path("d"), out=Path("o"), share=0.0), "share is 0.0"),
        (lambda: DownstreamRequest(data=Path("d"), out=Path("o"), folds=1), "folds is 1"),
        (
            lambda: GenerateRequest(
                run=Path("r"),
                sources=Sources(anatomy=Path("a")),
                out=Path("o"),
                recipe=RecipeChoice("real", gap=1),
            ),
            "--gap with the recipe real",
        ),
    ],
)
def test_a_request_that_makes_no_sense_cannot_be_built(build: Callable[[], object], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        build()


def test_a_workflow_that_is_refused_leaves_nothing(small_world: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no"):
        generate(
            GenerateRequest(run=tmp_path / "none", sources=Sources(anatomy=small_world), out=tmp_path / "out")
        )
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_in_a_process_is_told_of_its_files_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with tifffile.TiffWriter(tmp_path / "scan.tif") as file:
        for _ in range(2):  # two images of one size, without axes
            file.write(rng.integers(100, 200, (32, 32), np.uint16), contiguous=False)
    with tifffile.TiffWriter(tmp_path / "mask.tif") as file:
        for _ in range(2):
            file.write(np.eye(32, dtype=np.uint8), contiguous=False)
    files = ScanFiles(tmp_path / "mask.tif")
    sources = [tmp_path / "scan.tif", tmp_path / "mask.tif"]
    for out in ("one", "two"):
        told: list[Event] = []
        request = PrepareRequest(sources=sources, files=files, out=tmp_path / out, crops=CropChoice(crop=16))
        prepare(request, told.append)
        notes = [event.text for event in told if isinstance(event, Note)]
        for path in sources:
            assert sum(note.startswith(f"{path} holds 2 images") for note in notes) == 1


def test_the_help_of_train_names_every_method() -> None:
    told = re.split(
        r"[\s,.]+", (TrainRequest.__doc__ or "").partition("What is trained: ")[2].partition(" Default")[0]
    )
    assert {*CATALOGUE} == {*told} - {"or", ""}


@pytest.mark.parametrize(("animals", "is_told"), [(None, True), (3, False)])
def test_a_phantom_of_too_few_animals_to_train_on_is_told_of(
    tmp_path: Path, animals: int | None, is_told: bool
) -> None:
    told: list[Event] = []
    request = PhantomRequest(out=tmp_path / "pairs", pairs=6, size=48, animals=animals)
    phantom(request, told.append)
    assert any("1 of the 3 animals or more that a training needs" in str(event) for event in told) == is_told
