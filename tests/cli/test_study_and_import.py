"""Studies and imported checkpoints through the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from metgan.interop.released import LABEL_NAMES, UNET_NAMES, released_name
from metgan.methods import CATALOGUE
from metgan.models import read_card
from metgan.networks import PRESETS, MetGen, Segmentor, build

from .conftest import Capture, Command

TINY = ("--preset", "small", "--steps", 1, "--segmentor-steps", 1, "--crop", 64, "--batch-size", 2)
ON_CPU = ("--device", "cpu", "--precision", "fp32")


@pytest.mark.slow
def test_a_study_prints_its_tables_and_says_where_it_wrote(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path
) -> None:
    words = (world, "--methods", "pix2pix,metgen-cond", *TINY, *ON_CPU, "--out", tmp_path / "study")
    assert metgan("study", "similarity", *words) == 0
    shown = capsys.readouterr().out
    assert "MetGen-Cond" in shown
    assert "study/similarity" in shown.replace("\n", "")
    table = pd.read_csv(tmp_path / "study" / "similarity" / "statistics.csv")
    assert set(table["method"]) == {"pix2pix", "metgen-cond"}
    text = (tmp_path / "study" / "similarity" / "tables.md").read_text()
    assert text.count("| Pix2Pix |") >= 3
    assert "| real images |" in text
    assert metgan("info", tmp_path / "study") == 0
    shown = capsys.readouterr().out
    assert "2 of 2 begun" in shown
    assert "clean pix2pix-seed0" in shown


@pytest.mark.slow
@pytest.mark.parametrize("method", CATALOGUE)
def test_every_method_trains_by_its_name(
    metgan: Command, world: Path, trained: Path, tmp_path: Path, method: str
) -> None:
    short = ("--preset", "small", "--steps", 1, "--batch-size", 2, "--segmentor", trained / "segmentor")
    run = tmp_path / "run"
    assert metgan("train", world, "--method", method, "--out", run, *short, *ON_CPU) == 0
    assert (read_card(run).method, read_card(run).generator) == (method, CATALOGUE[method].generator)


@pytest.mark.slow
def test_a_resumed_study_asks_what_was_asked_before_unless_told_otherwise(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "study")
    assert (
        metgan("study", "similarity", world, "--methods", "pix2pix", "--seeds", 2, *TINY, *ON_CPU, *out) == 0
    )
    table = tmp_path / "study" / "similarity" / "statistics.csv"
    before = table.read_bytes()
    capsys.readouterr()
    assert metgan("study", "similarity", world, *out, "--resume") == 0
    assert table.read_bytes() == before
    told = capsys.readouterr()
    assert "pix2pix: " not in told.err  # nothing was trained
    assert "Finished already, nothing was trained" in told.out
    assert metgan("study", "similarity", world, *out, "--seeds", 3, "--resume") == 0
    assert "Written: " in capsys.readouterr().out  # a third seed was
    assert metgan("study", "similarity", world, *out, "--seeds", 2, "--resume") == 0
    assert "Finished already" in capsys.readouterr().out
    assert metgan("study", "similarity", world, *out, "--resume", "--quick") == 2
    assert "expected steps" in capsys.readouterr().err
    faster = ("--methods", "pix2pix", *TINY, "--learning-rate", 0.002, *ON_CPU)
    assert metgan("study", "similarity", world, *faster, *out) == 2  # there is another
    assert table.read_bytes() == before
    assert metgan("study", "similarity", world, *faster, *out, "--overwrite") == 0
    assert table.read_bytes() != before


def test_an_experiment_file_cannot_choose_what_a_study_compares(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path
) -> None:
    (tmp_path / "file.toml").write_text('preset = "small"\nmethod = "pix2pix"\n')
    words = ("--config", tmp_path / "file.toml", "--out", tmp_path / "study")
    assert metgan("study", "similarity", world, *words) == 2
    assert "a study has its own methods" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("similarity", "--methods", "stargan"), "unknown method 'stargan'"),
        (("robustness", "--share", "0"), "share is 0.0; expected a number above 0"),
        (("similarity", "--seeds", "0"), "seeds is 0; expected a whole number from 1"),
        (("similarity", "--crop", "48"), "at least 64 for this network"),
    ],
)
def test_a_study_that_cannot_be_held_is_refused_and_leaves_nothing(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    """Pix2Pix needs 64 pixels, of which a crop of 48 leaves too few."""
    name, *rest = words
    lengths = ("--preset", "small", "--steps", 1, "--segmentor-steps", 1)
    assert metgan("study", name, world, *lengths, *rest, "--out", tmp_path / "study") == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "study").exists()


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, settle: Callable[[MetGen], None]) -> dict[str, Path]:
    """Fresh networks in the release's form; tests/interop builds them from the layer table instead."""
    folder = tmp_path_factory.mktemp("released")
    generator = build(lambda: MetGen(PRESETS["released"].metgen), 0)
    settle(generator)
    parts = {
        "anatomy": (generator.get_submodule("image_pathway"), UNET_NAMES),
        "label": (generator.get_submodule("label_pathway"), LABEL_NAMES),
        "segmentor": (build(lambda: Segmentor(PRESETS["released"].segmentor), 0).unet, UNET_NAMES),
    }
    for name, (network, names) in parts.items():
        state = {released_name(key, names): value for key, value in network.state_dict().items()}
        torch.save(state, folder / f"{name}.pth")
    return {name: folder / f"{name}.pth" for name in parts}


@pytest.mark.slow
def test_imported_networks_are_runs_that_other_verbs_take(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, released: dict[str, Path]
) -> None:
    run = tmp_path / "run"
    files = ("--anatomy-pathway", released["anatomy"], "--label-pathway", released["label"])
    assert metgan("import", *files, "--segmentor", released["segmentor"], "--data", world, "--out", run) == 0
    assert "cannot guard the test part" in capsys.readouterr().err
    assert metgan("info", run) == 0
    assert "released" in capsys.readouterr().out
    pairs = ("--anatomy", world, "--labels", world, "--count", 2, "--device", "cpu")
    assert metgan("generate", run, *pairs, "--out", tmp_path / "new") == 0
    assert len([*(tmp_path / "new" / "tumour").iterdir()]) == 2
    card = read_card(run / "segmentor")
    assert (card.kind, card.preset, card.normalisation.tumour.per_image) == ("segmentor", "released", True)


@pytest.mark.slow
def test_an_import_without_its_keys_is_refused_and_leaves_nothing(
    metgan: Command, capsys: Capture, world: Path, tmp_path: Path, released: dict[str, Path]
) -> None:
    files = ("--anatomy-pathway", released["label"], "--label-pathway", released["anatomy"])
    assert metgan("import", *files, "--data", world, "--out", tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert "missing (down1.encode.0.conv.weight" in error
    assert "unknown (fc.weight" in error
    assert not (tmp_path / "run").exists()
