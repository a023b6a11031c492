"""docs/how-to/settings.md has every key of an experiment file, with the defaults of each preset."""

from __future__ import annotations

import re
import tomllib
from dataclasses import astuple, fields, is_dataclass
from pathlib import Path

import pytest

from metgan.experiment import METHOD, Experiment, resolve
from metgan.methods import IntensityAugment
from metgan.training import (
    GAN_CONFIGS,
    OPEN_CONFIGS,
    SEGMENTOR_CONFIGS,
    EarlyStopping,
    Engine,
    GanTrainConfig,
    TrainConfig,
)
from metgan.transforms import STRONG, Augmentation

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "settings.md").read_text()
SECTIONS = {"training", "segmentor", "engine"}
KEYS = {
    "The run": [f.name for f in fields(Experiment) if f.name not in SECTIONS],
    "[training]": [f.name for f in fields(GanTrainConfig)],
    "[segmentor]": [f.name for f in fields(TrainConfig)],
    "[engine]": [f.name for f in fields(Engine)],
    "How crops are distorted": [f.name for f in fields(Augmentation)],
    "What single networks see": [f.name for f in fields(IntensityAugment)],
    "When a training ends early": [f.name for f in fields(EarlyStopping)],
}


def rows(heading: str) -> dict[str, list[str]]:
    """Return the other cells of each row of the table below a heading, by the key in its first cell."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `(\w+)` \| (.+) \|$", section, flags=re.MULTILINE)
    return {key: cells.split(" | ") for key, cells in found}


def shown(value: object) -> str:
    """Return a setting as the page writes it."""
    if is_dataclass(value) and not isinstance(value, type):
        return ", ".join(map(str, astuple(value)))
    return "none" if value is None else str(value)


@pytest.mark.parametrize("heading", KEYS)
def test_the_table_has_each_key_and_no_other(heading):
    assert sorted(rows(heading)) == sorted(KEYS[heading])


@pytest.mark.parametrize("preset", ["small", "paper", "released"])
@pytest.mark.parametrize(
    ("heading", "configs"), [("[training]", OPEN_CONFIGS), ("[segmentor]", SEGMENTOR_CONFIGS)]
)
def test_the_defaults_of_each_preset_are_those_of_the_code(heading, configs, preset):
    column = 1 if preset == "small" else 2
    said = {key: cells[column] for key, cells in rows(heading).items()}
    assert said == {key: shown(getattr(configs[preset], key)) for key in said}


def test_what_the_page_says_of_fixed_lengths_is_so():
    sentence = "`constant_share` is 0.5, `validations` is 9\n(`small`) or 20, and there is no early stopping"
    assert sentence in PAGE
    fixed = {(c.constant_share, c.validations, c.early_stopping) for c in GAN_CONFIGS.values()}
    assert fixed == {(0.5, 9, None), (0.5, 20, None)}
    assert GAN_CONFIGS["small"].validations == 9


def test_the_defaults_of_the_run_and_of_the_engine_are_those_of_the_code():
    plain = {key: cells[1].strip('`"') for key, cells in rows("[engine]").items() if key != "workers"}
    assert plain == {f.name: str(f.default).lower() for f in fields(Engine) if f.name != "workers"}
    stopping = {f.name: str(f.default) for f in fields(EarlyStopping) if f.name != "least"}
    assert {key: rows("When a training ends early")[key][1] for key in stopping} == stopping
    run = resolve({"preset": "small"})
    assert rows("The run")["method"][1] == f'`"{METHOD}"`'
    assert rows("The run")["seed"][1] == str(run.seed)


def test_every_augmentation_is_off_unless_it_is_given():
    for kind in (Augmentation, IntensityAugment):
        assert {f.default for f in fields(kind)} == {0.0}


def test_the_example_and_the_strong_augmentation_are_what_the_code_takes():
    example = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)[0]
    experiment = resolve(tomllib.loads(example))
    assert experiment.training.augmentation == Augmentation(exposure=1.0, balance=0.5)
    assert experiment.engine.workers == 2
    strong = re.search(r"strong augmentation, is `(\{.*?\})`", PAGE, flags=re.DOTALL)
    assert strong is not None
    table = tomllib.loads(f"strong = {' '.join(strong[1].split())}")["strong"]
    assert Augmentation(**table) == STRONG
