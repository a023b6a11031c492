"""What decides a run: the options, over the file, over the preset; and nothing that was mistyped."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from metgan.device import choose_device
from metgan.errors import MetganError, SettingError, StorageError, UnknownNameError
from metgan.experiment import Experiment, load_experiment, preset_for, read_file, resolve
from metgan.networks import PresetName
from metgan.training import (
    GAN_CONFIGS,
    OPEN_CONFIGS,
    SEGMENTOR_CONFIGS,
    EarlyStopping,
    Engine,
    GanTrainConfig,
)
from metgan.transforms import Augmentation

RECIPES = st.fixed_dictionaries(
    {},
    optional={
        "batch_size": st.integers(1, 99),
        "crop": st.integers(1, 999),
        "learning_rate": st.floats(1e-9, 1),
        "constant_share": st.floats(0, 1),
        "validations": st.integers(1, 99),
    },
)
GAN_CONFIGS_GIVEN = st.tuples(
    RECIPES,
    st.fixed_dictionaries({}, optional={"pool_size": st.integers(0, 99), "ema_decay": st.floats(0, 0.999)}),
).map(lambda both: both[0] | both[1])
LENGTHS = st.sampled_from(["steps", "epochs"]).flatmap(
    lambda n: st.fixed_dictionaries({n: st.integers(1, 99)})
)
TABLES = st.fixed_dictionaries(
    {"preset": st.sampled_from(["paper", "released", "small"])},
    optional={
        "seed": st.integers(0, 2**31),
        "training": st.tuples(GAN_CONFIGS_GIVEN, LENGTHS).map(lambda pair: pair[0] | pair[1]),
        "segmentor": RECIPES,
        "engine": st.fixed_dictionaries(
            {}, optional={"device": st.sampled_from(["auto", "cpu"]), "deterministic": st.booleans()}
        ),
    },
)


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_a_saved_experiment_comes_back(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "config.toml"
    experiment = resolve(table)
    experiment.save(path)
    assert load_experiment(path) == experiment


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["paper", "released", "small"]), GAN_CONFIGS_GIVEN, GAN_CONFIGS_GIVEN)
def test_options_win_over_the_file_and_the_file_over_the_preset(
    preset: str, file: dict[str, Any], options: dict[str, Any]
) -> None:
    config = resolve({"preset": preset, "training": file}, {"training": options}).training
    for field in fields(GanTrainConfig):
        by_preset = getattr(GAN_CONFIGS[preset], field.name)
        wanted = options.get(field.name, file.get(field.name, by_preset))
        assert getattr(config, field.name) == wanted


@pytest.mark.parametrize("preset", ["paper", "small"])
def test_nothing_given_but_the_preset_is_its_recipe(preset: PresetName) -> None:
    assert resolve({"preset": preset}) == Experiment(
        "metgan", preset, 0, GAN_CONFIGS[preset], SEGMENTOR_CONFIGS[preset], Engine()
    )


@pytest.mark.parametrize(("device", "preset"), [("cpu", "small"), ("cuda", "paper"), ("cuda:1", "paper")])
def test_the_preset_suits_the_device(device: str, preset: str) -> None:
    assert preset_for(torch.device(device)) == preset


@pytest.mark.parametrize("layers", [[], [{"preset": None}], [{"seed": 3}]])
def test_without_a_preset_the_engines_device_chooses_it(layers: list[dict[str, Any]]) -> None:
    on_cpu = {"engine": {"device": "cpu"}}
    assert resolve(*layers, on_cpu) == resolve({"preset": "small"}, *layers, on_cpu)
    assert resolve(*layers).preset == preset_for(choose_device("auto"))


def test_a_preset_that_is_named_needs_no_device() -> None:
    assert resolve({"preset": "paper", "engine": {"device": "cpu"}}).preset == "paper"
    assert resolve({"preset": "small", "engine": {"device": "cuda"}}).preset == "small"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA here")
def test_no_preset_is_chosen_for_cuda_where_there_is_none() -> None:
    with pytest.raises(SettingError, match="device cuda on a machine without CUDA"):
        resolve({"engine": {"device": "cuda"}})


def test_a_preset_in_the_options_changes_what_the_file_left_open() -> None:
    experiment = resolve({"preset": "paper", "training": {"crop": 77}}, {"preset": "small"})
    assert experiment.training.crop == 77
    assert experiment.training.batch_size == GAN_CONFIGS["small"].batch_size
    assert experiment.segmentor == SEGMENTOR_CONFIGS["small"]


def test_options_that_were_not_given_change_nothing() -> None:
    file = {"seed": 4, "training": {"steps": 9}}
    nothing = {"seed": None, "preset": None, "training": {"steps": None, "epochs": None, "crop": None}}
    assert resolve(file, nothing) == resolve(file)


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ([{"epochs": 3}], (None, 3)),
        ([{"steps": 3}], (3, None)),
        ([{"epochs": 3}, {"steps": 5}], (5, None)),
        ([{"steps": 5}, {"epochs": 3}], (None, 3)),
        ([{"steps": 5}, {"crop": 64}], (5, None)),
    ],
)
def test_a_length_in_steps_and_one_in_epochs_replace_each_other(
    layers: list[dict[str, int]], wanted: tuple[int | None, int | None]
) -> None:
    for preset in ("paper", "small"):  # one counts epochs, the other steps
        config = resolve({"preset": preset}, *({"training": layer} for layer in layers)).training
        assert (config.steps, config.epochs) == wanted


def test_both_lengths_at_once_are_refused_in_the_recipes_own_words() -> None:
    with pytest.raises(SettingError, match="training: epochs=3 and steps=5; expected exactly one of them"):
        resolve({"training": {"steps": 5, "epochs": 3}})


@pytest.mark.parametrize(
    ("table", "known"),
    [
        ({"sead": 1}, "seed"),
        ({"training": {"step": 1}}, "steps"),
        ({"segmentor": {"learning-rate": 1}}, "learning_rate"),
        ({"engine": {"gpu": True}}, "device"),
        ({"preset": "tiny"}, "paper, released, small"),
        ({"method": "cyclegan2"}, "metgan"),
        ({"preset": ["small"]}, "paper, released, small"),
        ({"method": 3}, "metgan"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(table: dict[str, Any], known: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"unknown .*; expected one of: .*{known}"):
        resolve(table)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("training", "steps", "3"),
        ("training", "steps", 3.0),
        ("training", "steps", True),
        ("training", "crop", [256]),
        ("segmentor", "learning_rate", "fast"),
        ("engine", "deterministic", "yes"),
        ("engine", "deterministic", 1),
        ("engine", "device", "gpu"),
        ("engine", "precision", 32),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_its_address(section: str, key: str, value: object) -> None:
    with pytest.raises(SettingError, match=rf"{section}\.{key} = ") as caught:
        resolve({section: {key: value}})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    "table",
    [
        {"training": {"steps": 0}},
        {"training": {"learning_rate": -1}},
        {"training": {"learning_rate": float("nan")}},
        {"training": {"ema_decay": 1}},
        {"segmentor": {"batch_size": -4}},
    ],
)
def test_a_value_out_of_range_is_refused_with_its_section(table: dict[str, Any]) -> None:
    (section,) = table
    with pytest.raises(SettingError, match=rf"^{section}: .*; expected .*\.$"):
        resolve(table)


@pytest.mark.parametrize(
    "key",
    [
        "pool_size",
        "ema_decay",
        "discriminator_lr_ratio",
        "discriminator_augment",
        "anatomy_augment",
        "early_stopping",
    ],
)
def test_a_setting_of_gans_is_refused_for_the_segmentor(key: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"key of \[segmentor\] '{key}'"):
        resolve({"segmentor": {key: 0}})


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, 2**53, 2**64])
def test_a_seed_is_a_whole_number_with_both_ends(seed: object) -> None:
    with pytest.raises(SettingError, match=f"a whole number from 0 to {2**53 - 1}"):
        resolve({"seed": seed})


def test_a_light_is_laid_over_the_presets_and_comes_back_from_its_file(tmp_path: Path) -> None:
    preset = resolve({"preset": "small"}).training
    changed = resolve({"preset": "small"}, {"training": {"discriminator_augment": {"noise": 0.3}}})
    assert changed.training == replace(
        preset, discriminator_augment=replace(preset.discriminator_augment, noise=0.3)
    )
    assert changed.training != preset
    changed.save(tmp_path / "config.toml")
    assert load_experiment(tmp_path / "config.toml") == changed


def test_a_mistyped_key_of_a_light_is_refused() -> None:
    with pytest.raises(
        UnknownNameError, match=r"unknown key of \[training.discriminator_augment\] 'brighness'"
    ):
        resolve({"preset": "small", "training": {"discriminator_augment": {"brighness": 0.3}}})


@pytest.mark.parametrize("layers", [[{"training": 3}], [{"training": {"steps": 3}}, {"training": "long"}]])
def test_a_section_that_is_no_table_is_refused(layers: list[dict[str, Any]]) -> None:
    with pytest.raises(SettingError, match=r"expected a table \[training\]"):
        resolve(*layers, {"training": {"crop": 64}})


def test_a_whole_number_is_a_fine_learning_rate() -> None:
    assert resolve({"training": {"learning_rate": 1}}).training.learning_rate == 1


@pytest.mark.parametrize("content", [b"seed = ", b"\xff", b"[training]\nsteps = 1\n[training]\n"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(StorageError, match=r"a\.toml cannot be read"):
        load_experiment(tmp_path / "a.toml")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"there is no file .*a\.toml"):
        read_file(tmp_path / "a.toml")


def test_a_date_in_a_file_is_refused_like_any_wrong_type(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[training]\nsteps = 2021-04-21\n")
    with pytest.raises(MetganError, match=r"training\.steps = '2021-04-21'"):
        load_experiment(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("preset", "section", "below"),
    [
        ("small", "training", Augmentation()),
        ("small", "segmentor", Augmentation()),
        ("paper", "training", Augmentation()),
    ],
)
def test_an_augmentation_in_a_file_is_laid_over_the_presets(
    tmp_path: Path, preset: str, section: str, below: Augmentation
) -> None:
    asked = resolve({"preset": preset, section: {"augmentation": {"blur": 1.5}}})
    config = asked.training if section == "training" else asked.segmentor
    assert config.augmentation == replace(below, blur=1.5)
    asked.save(tmp_path / "config.toml")
    assert load_experiment(tmp_path / "config.toml") == asked


def test_a_mistyped_key_of_an_augmentation_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown key of \[segmentor.augmentation\] 'blurr'"):
        resolve({"preset": "small", "segmentor": {"augmentation": {"blurr": 1.5}}})


@pytest.mark.parametrize(
    ("layers", "steps", "stops_early"),
    [
        ([], 360, True),
        ([{"crop": 64}], 360, True),
        ([{"steps": 9}], 9, False),
        ([{"early_stopping": {"patience": 7}}], 360, True),
        ([{"steps": 9, "early_stopping": {"patience": 7}}], 9, True),
        ([{"steps": 9, "early_stopping": {"patience": 7}}, {"steps": 30}], 30, False),
        ([{"steps": 9, "early_stopping": {"patience": 7}}, {"crop": 64}], 9, True),
    ],
)
def test_a_length_is_fixed_unless_early_stopping_stands_beside_it(
    layers: list[dict[str, Any]], steps: int, stops_early: bool
) -> None:
    tables = ({"training": layer} for layer in layers)
    config = resolve({"preset": "small"}, *tables, configs=OPEN_CONFIGS).training
    assert (config.steps, config.early_stopping is not None) == (steps, stops_early)
    kind = OPEN_CONFIGS if stops_early else GAN_CONFIGS
    assert config.constant_share == kind["small"].constant_share


@pytest.mark.parametrize("preset", ["paper", "released", "small"])
def test_an_open_length_comes_back_from_its_file_and_so_does_the_fixed_one_that_replaced_it(
    tmp_path: Path, preset: str
) -> None:
    path = tmp_path / "config.toml"
    experiment = resolve({"preset": preset}, configs=OPEN_CONFIGS)
    assert experiment.training == OPEN_CONFIGS[preset]  # type: ignore[index]  # one of the presets
    experiment.save(path)
    assert load_experiment(path) == experiment
    fixed = resolve(read_file(path), {"training": {"steps": 1000}}, configs=OPEN_CONFIGS)
    assert fixed.training == replace(experiment.training, steps=1000, epochs=None, early_stopping=None)
    fixed.save(path)
    assert load_experiment(path) == fixed


def test_what_is_left_out_of_early_stopping_is_the_presets() -> None:
    config = resolve({"preset": "paper", "training": {"early_stopping": {"patience": 9}}}).training
    preset = OPEN_CONFIGS["paper"].early_stopping
    assert config.early_stopping == replace(preset or EarlyStopping(), patience=9)
    assert config.early_stopping != EarlyStopping(patience=9)


def test_a_mistyped_key_of_early_stopping_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown key of \[training.early_stopping\] 'patient'"):
        resolve({"preset": "small", "training": {"early_stopping": {"patient": 3}}})


def test_processes_that_cut_crops_are_no_part_of_what_a_run_is() -> None:
    one, other, third = (
        resolve({}, {"preset": "small", "engine": {"device": "cpu", **engine}})
        for engine in ({"workers": 0}, {"workers": 2}, {"precision": "bf16"})
    )
    assert one.identity() == other.identity() != third.identity()


def test_a_file_that_windows_saved_with_a_mark_at_its_start_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('preset = "small"\n', encoding="utf-8-sig")
    assert read_file(tmp_path / "a.toml") == {"preset": "small"}
