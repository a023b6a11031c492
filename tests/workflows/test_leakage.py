"""No verb takes a test animal for training, however it is smuggled in."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from metgan.data import Entry, PairSet, load_split, read_table, write_table
from metgan.errors import LeakageError, SettingError
from metgan.labels import Merged
from metgan.models import MODEL_FILE, load_segmentor, save_model
from metgan.synthesis import REFINE_STEPS, Background, GenerationRequest, Mix, Noise, PairStream, load
from metgan.synthesis import generate as write_pairs
from metgan.workflows import (
    DownstreamRequest,
    EvaluateRequest,
    ExportRequest,
    GateChoice,
    GenerateRequest,
    IndependentSegmentorChoice,
    RecipeChoice,
    RobustnessRequest,
    SegmentorChoice,
    SegmentorRequest,
    SimilarityRequest,
    Sources,
    StudyOptions,
    StudyRequest,
    TrainingSettings,
    TrainRequest,
    ablation,
    downstream,
    evaluate,
    export,
    generate,
    robustness,
    segmentor,
    similarity,
    train,
)

TRAINED, VALIDATED, TESTED = "phantom-00000", "phantom-00005", "phantom-00007"
ANIMALS = {"animal-train": "Mäuse 1", "animal-val": "Mäuse 2", "animal-test": "Mäuse 3"}
SPELLED = unicodedata.normalize("NFD", " MÄUSE3 ")
SHORT = TrainingSettings(preset="small", device="cpu", precision="fp32", batch_size=2, crop=64, steps=2)
BRIEF = StudyOptions(segmentor_steps=2)
REFUSED = r"with the test part|differ only in case, blanks or zeros|generated pairs in"


@pytest.fixture(scope="module")
def clean(small_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world, whose animals have names that can be spelled in several ways."""
    root = tmp_path_factory.mktemp("clean") / "pairs"
    shutil.copytree(small_world, root)
    write_table(root, [{**row, "group": ANIMALS[row["group"]]} for row in read_table(root)])
    return root


@pytest.fixture(scope="module")
def runs(clean: Path, settle_run: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ``run`` and a ``segmentor`` of another seed on the clean world."""
    folder = tmp_path_factory.mktemp("runs")
    segmentor(SegmentorRequest(data=clean, out=folder / "segmentor", settings=replace(SHORT, seed=7)))
    chosen = SegmentorChoice(segmentor_steps=2)
    train(TrainRequest(data=clean, out=folder / "run", segmentor=chosen, settings=SHORT))
    settle_run(folder / "run")
    return folder


def change(root: Path, name: str, **cells: str) -> None:
    """Change cells of one row of a table."""
    rows = [{**dict.fromkeys(cells, ""), **row} for row in read_table(root)]
    write_table(root, [{**row, **(cells if row["name"] == name else {})} for row in rows])


def copy_images(root: Path, name: str) -> None:
    for channel in ("anatomy", "tumour", "label"):
        shutil.copy(root / channel / f"{TESTED}.tif", root / channel / f"{name}.tif")


SMUGGLE: dict[str, Callable[[Path, str], None]] = {
    "by name": lambda root, name: change(root, name, group="Mäuse 3"),
    "renamed": lambda root, name: change(root, name, group=SPELLED),
    "generated from its anatomy": lambda root, name: change(
        root, name, model="1f6c", anatomy_source=TESTED.upper()
    ),
    "generated with its label": lambda root, name: change(root, name, model="1f6c", label_groups=SPELLED),
    "copied": copy_images,
}
"""Makes of a pair one of the test animal."""


def sources(world: Path, **more: object) -> Sources:
    return Sources(anatomy=world, labels=world, **more)


def ask(world: Path, runs: Path, out: Path, recipe: str = "real", **more: object) -> GenerateRequest:
    more = {"sources": sources(world), "device": "cpu", "count": 2, **more}
    return GenerateRequest(run=runs / "run", out=out, recipe=RecipeChoice(recipe), **more)


def training_part(world: Path, runs: Path) -> list[Entry]:
    """The training part as one may take it in Python, without the door of `part_of`."""
    split = load_split(runs / "run")
    return [entry for entry in PairSet.open(world) if entry.name not in (*split.val, *split.test)]


def stream(world: Path, runs: Path, _: Path) -> None:
    """A stream in which the first pair is among the real ones alone."""
    real = training_part(world, runs)
    request = GenerationRequest(real[1:], real[1:], Merged(2), 2, 0)
    next(iter(PairStream(load(runs / "run", "cpu"), request, real, Mix(synthetic=0))))


def from_python(world: Path, runs: Path, out: Path) -> None:
    real = training_part(world, runs)
    write_pairs(load(runs / "run", "cpu"), GenerationRequest(real, real, Merged(2), 2, 0), out)


Verb = Callable[[Path, Path, Path], object]
"""Of the pair set, the runs, and the folder to write."""
GENERATE: dict[str, Verb] = {
    **{
        f"generate {recipe}": lambda world, runs, out, recipe=recipe: generate(ask(world, runs, out, recipe))
        for recipe in ("real", "merged", "bank", "grown")
    },
    **{
        f"generate --refine {step}": lambda world, runs, out, step=step: generate(
            ask(world, runs, out, "bank", refine=(step,))
        )
        for step in REFINE_STEPS
    },
    "generate, gated": lambda world, runs, out: generate(
        ask(world, runs, out, gating=GateChoice(independent_segmentor=runs / "segmentor", attempts=1))
    ),
    "generate from Python": from_python,
    "stream": stream,
}
VERBS: dict[str, Verb] = {
    **GENERATE,
    "train": lambda world, _, out: train(TrainRequest(data=world, out=out, settings=SHORT)),
    "segmentor": lambda world, _, out: segmentor(SegmentorRequest(data=world, out=out, settings=SHORT)),
    "segmentor --split": lambda world, runs, out: segmentor(
        SegmentorRequest(data=world, out=out, split=runs / "run" / "splits.json", settings=SHORT)
    ),
    "evaluate": lambda world, runs, out: evaluate(
        EvaluateRequest(
            run=runs / "run",
            data=world,
            out=out,
            independent=IndependentSegmentorChoice(independent_segmentor=runs / "segmentor"),
            device="cpu",
        )
    ),
    "evaluate, with a segmentor to train": lambda world, runs, out: evaluate(
        EvaluateRequest(
            run=runs / "run",
            data=world,
            out=out,
            independent=IndependentSegmentorChoice(independent_segmentor_steps=2),
            device="cpu",
        )
    ),
    "similarity": lambda world, _, out: similarity(
        SimilarityRequest(data=world, out=out, methods="pix2pix", options=BRIEF, settings=SHORT)
    ),
    "robustness": lambda world, _, out: robustness(
        RobustnessRequest(data=world, out=out, methods="pix2pix", options=BRIEF, settings=SHORT)
    ),
    "ablation": lambda world, _, out: ablation(
        StudyRequest(data=world, out=out, options=BRIEF, settings=SHORT)
    ),
    "downstream": lambda world, _, out: downstream(
        DownstreamRequest(data=world, out=out, sets="real-100", folds=3, options=BRIEF, settings=SHORT)
    ),
    "export": lambda world, _, out: export(ExportRequest(data=[world], format="cellpose", out=out)),
}
CASES = [(verb, how) for verb in VERBS for how in SMUGGLE if (verb, how) != ("downstream", "by name")]
"""Folds are drawn by group: a pair that is said to be of an animal is tested on with it."""


@pytest.mark.parametrize(("verb", "how"), CASES)
def test_no_verb_trains_on_a_test_animal(
    clean: Path, runs: Path, tmp_path: Path, verb: str, how: str
) -> None:
    """A training pair, by split and by table, becomes one of the test animal."""
    world = Path(shutil.copytree(clean, tmp_path / "pairs"))
    SMUGGLE[how](world, TRAINED)
    with pytest.raises((LeakageError, SettingError), match=REFUSED):
        VERBS[verb](world, runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", SMUGGLE)
@pytest.mark.parametrize("verb", GENERATE)
def test_nothing_is_generated_from_a_test_animal_that_lies_elsewhere(
    clean: Path, runs: Path, tmp_path: Path, verb: str, how: str
) -> None:
    """Two pairs that the run's split has never heard of: only what it noted of its test part can tell."""
    world = Path(shutil.copytree(clean, tmp_path / "pairs"))
    SMUGGLE[how](world, TRAINED)
    kept = {TRAINED: "new 1", "phantom-00001": "new 2"}
    rows = [row for row in read_table(world) if row["name"] in kept]
    write_table(world, [{**row, "name": kept[row["name"]], "split": ""} for row in rows])
    for path in [*world.glob("*/*.tif")]:
        if path.stem in kept:
            path.rename(path.with_stem(kept[path.stem]))
        else:
            path.unlink()
    with pytest.raises(LeakageError, match="with the test part"):
        VERBS[verb](world, runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


LEARNED = [(step, how) for step in ("", *REFINE_STEPS) for how in SMUGGLE]


@pytest.mark.parametrize(
    ("step", "how"), [one for one in LEARNED if one not in [("", "copied"), ("insert", "copied")]]
)
def test_nothing_is_learned_of_a_test_animal_among_the_labels(
    clean: Path, runs: Path, tmp_path: Path, step: str, how: str
) -> None:
    """The anatomies are innocent; labels, contrasts, noise and backgrounds are not.

    Where labels alone are read, a copied one cannot be told from another that was drawn alike.
    """
    world = Path(shutil.copytree(clean, tmp_path / "pairs"))
    SMUGGLE[how](world, TRAINED)
    chosen = Sources(anatomy=clean, labels=world)
    with pytest.raises((LeakageError, SettingError), match=REFUSED):
        generate(ask(clean, runs, tmp_path / "out", "bank", sources=chosen, refine=(step,) if step else ()))
    assert not (tmp_path / "out").exists()


def test_what_the_labels_table_tests_on_holds_back_the_anatomies_too(
    clean: Path, runs: Path, tmp_path: Path
) -> None:
    """A run without a split, and a crop of the test animal in a folder of its own."""
    bare = Path(shutil.copytree(runs / "run", tmp_path / "bare"))
    (bare / "splits.json").unlink()
    other = Path(shutil.copytree(clean, tmp_path / "other"))
    write_table(other, [{**row, "split": ""} for row in read_table(other)])
    chosen = Sources(anatomy=other, labels=clean)
    with pytest.raises(LeakageError, match="with the test part"):
        generate(replace(ask(clean, runs, tmp_path / "out", sources=chosen), run=bare))
    assert not (tmp_path / "out").exists()


def test_no_test_pair_lends_its_background_in_python(clean: Path, runs: Path, tmp_path: Path) -> None:
    real, inpainter = training_part(clean, runs), load(runs / "run", "cpu")
    tested = [entry for entry in PairSet.open(clean) if entry.name == TESTED]
    lent = Background(Noise(0.0, 1.0), tested)
    with pytest.raises(LeakageError, match="with the test part"):
        write_pairs(inpainter, GenerationRequest(real, real, Merged(2), 2, 0, (lent,)), tmp_path / "out")


@pytest.mark.parametrize("verb", [*GENERATE, "export"])
def test_the_innocent_pass(clean: Path, runs: Path, tmp_path: Path, verb: str) -> None:
    VERBS[verb](clean, runs, tmp_path / "out")


@pytest.mark.parametrize("how", SMUGGLE)
def test_errors_are_not_looked_for_in_a_test_animal(
    clean: Path, runs: Path, tmp_path: Path, how: str
) -> None:
    """A validation pair becomes one of the test animal."""
    world = Path(shutil.copytree(clean, tmp_path / "pairs"))
    SMUGGLE[how](world, VALIDATED)
    chosen = sources(world, oversample_errors=runs / "run" / "segmentor")
    with pytest.raises((LeakageError, SettingError), match=REFUSED):
        generate(ask(world, runs, tmp_path / "out", "bank", sources=chosen))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("spelled", ["Mäuse 3", SPELLED])
@pytest.mark.parametrize("use", ["gate", "evaluate", "oversample errors", "loop"])
def test_no_segmentor_that_knows_a_test_animal_is_used(
    clean: Path, runs: Path, tmp_path: Path, use: str, spelled: str
) -> None:
    knows = Path(shutil.copytree(runs / "segmentor", tmp_path / "knows"))
    network, card = load_segmentor(knows)
    save_model(knows / MODEL_FILE, network.state_dict(), replace(card, groups_seen=("Mäuse 1", spelled)))
    out, independent = tmp_path / "out", IndependentSegmentorChoice(independent_segmentor=knows)
    verbs: dict[str, Callable[[], object]] = {
        "gate": lambda: generate(ask(clean, runs, out, gating=GateChoice(independent_segmentor=knows))),
        "evaluate": lambda: evaluate(
            EvaluateRequest(run=runs / "run", data=clean, out=out, independent=independent, device="cpu")
        ),
        "oversample errors": lambda: generate(
            ask(clean, runs, out, "bank", sources=sources(clean, oversample_errors=knows))
        ),
        "loop": lambda: train(
            TrainRequest(data=clean, out=out, segmentor=SegmentorChoice(segmentor=knows), settings=SHORT)
        ),
    }
    with pytest.raises(LeakageError, match="has seen 1 test groups"):
        verbs[use]()
    assert not out.exists()
