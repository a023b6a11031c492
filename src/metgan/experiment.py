"""The only parser of experiment files: TOML to the frozen dataclasses beside the code.

Order of precedence: command line, then file, then the preset's defaults. Unknown keys are errors. A preset
that nobody names is the one that suits the device: the paper's size takes days on a CPU, and `small` hardly
uses a GPU. A preset has two sets of defaults for a method: one of a fixed length, and one that goes on while
validation improves.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomli_w
import torch
from pydantic import TypeAdapter, ValidationError

from metgan.device import choose_device
from metgan.errors import MetganError, SettingError, StorageError, UnknownNameError
from metgan.io import has_file, write_text
from metgan.methods import CATALOGUE, IntensityAugment
from metgan.networks import PresetName
from metgan.seeding import check_seed
from metgan.training import (
    GAN_CONFIGS,
    OPEN_CONFIGS,
    SEGMENTOR_CONFIGS,
    EarlyStopping,
    Engine,
    GanTrainConfig,
    TrainConfig,
)
from metgan.transforms import Augmentation

Table = Mapping[str, Any]
"""Nested tables of settings, as in an experiment file."""
Value = TypeVar("Value")
AnyConfig = TypeVar("AnyConfig", bound=TrainConfig)
METHOD = "metgan"
"""What is trained where no method is named."""
_SECTIONS = ("training", "segmentor", "engine")
_TABLES: Mapping[str, type[IntensityAugment | Augmentation | EarlyStopping]] = {
    "discriminator_augment": IntensityAugment,
    "anatomy_augment": IntensityAugment,
    "augmentation": Augmentation,
    "early_stopping": EarlyStopping,
}
GanConfigs = Mapping[PresetName, GanTrainConfig]
"""Training defaults of a method, by preset."""


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run but its data.

    Parameters
    ----------
    method : str
        Row of the catalogue.
    preset : {"paper", "released", "small"}
    seed : int
    training : GanTrainConfig
        Of the method.
    segmentor : TrainConfig
        Of its segmentor, where none is given.
    engine : Engine
    pretrained_segmentor : str
        Run folder of a segmentor that is given; empty where it is trained first.
    """

    method: str
    preset: PresetName
    seed: int
    training: GanTrainConfig
    segmentor: TrainConfig
    engine: Engine
    pretrained_segmentor: str = ""

    def save(self, path: Path) -> None:
        """Write the resolved experiment as TOML; `load_experiment` reads it back."""
        content = {k: _without_none(v) if isinstance(v, dict) else v for k, v in asdict(self).items()}
        write_text(path, tomli_w.dumps(content))

    def identity(self) -> dict[str, str]:
        """Name every setting as the file does; "auto" is what it means on this machine."""
        tables = asdict(replace(self, engine=_resolved(self.engine)))
        return {
            f"{key}.{name}" if name else key: str(setting) or "none"
            for key, value in tables.items()
            for name, setting in (value.items() if isinstance(value, dict) else [("", value)])
        }


def read_file(path: Path) -> dict[str, Any]:
    """Read an experiment file as nested tables."""
    if not has_file(path):
        raise StorageError(f"there is no file {path}", "an experiment file (TOML)", "Check the path")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StorageError(f"{path} cannot be read ({error})", "a TOML file", "Correct it") from error


def preset_for(device: torch.device) -> PresetName:
    """Return the preset that suits a device: the paper's size on a GPU, `small` on a CPU.

    Examples
    --------
    >>> preset_for(torch.device("cuda")), preset_for(torch.device("cpu"))
    ('paper', 'small')
    """
    return "paper" if device.type == "cuda" else "small"


def names_preset(*layers: Table) -> bool:
    """Return whether any of these tables names a preset, so that `resolve` need not choose one."""
    return any(layer.get("preset") is not None for layer in layers)


def resolve(*layers: Table, configs: GanConfigs = GAN_CONFIGS) -> Experiment:
    """Lay tables over each other, weakest first, and over the defaults of their preset.

    Where no table names a preset, it is the one for the engine's device: `preset_for`.

    Parameters
    ----------
    *layers : table
        A length in steps or epochs is a fixed one, unless ``early_stopping`` stands beside it.
    configs : mapping of preset to GanTrainConfig
        Of the method, where nothing is said of its length.

    Raises
    ------
    SettingError
        For a value out of range, and where a preset is to be chosen for CUDA on a machine without it.

    Examples
    --------
    >>> resolve({"preset": "small", "training": {"epochs": 3}}, {"seed": 7}).training.epochs
    3
    >>> resolve({"engine": {"device": "cpu"}}).preset
    'small'
    """
    merged: dict[str, Any] = {"method": METHOD, "seed": 0}
    for layer in layers:
        _lay_over(merged, layer)
    UnknownNameError.unless_known("key", [field.name for field in fields(Experiment)], *merged)
    engine = _build(Engine, merged.get("engine", {}), "engine")
    preset = merged["preset"] if names_preset(merged) else preset_for(choose_device(engine.device))
    UnknownNameError.unless_known("preset", get_args(PresetName), preset)
    UnknownNameError.unless_known("method", CATALOGUE, merged["method"])
    check_seed(merged["seed"])
    given = merged.get("training", {})
    return Experiment(
        method=merged["method"],
        preset=preset,
        seed=merged["seed"],
        training=_config(_below(given, configs)[preset], given, "training"),
        segmentor=_config(SEGMENTOR_CONFIGS[preset], merged.get("segmentor", {}), "segmentor"),
        engine=engine,
        pretrained_segmentor=str(merged.get("pretrained_segmentor", "")),
    )


def load_experiment(path: Path) -> Experiment:
    """Read an experiment file and resolve it."""
    return resolve(read_file(path))


def _lay_over(below: dict[str, Any], above: Table) -> None:
    for key, value in above.items():
        if key in _SECTIONS and value is not None:
            if not isinstance(value, Mapping):
                raise SettingError(f"{key} = {value!r}", f"a table [{key}]", "Write it as a table")
            section = below.setdefault(key, {})
            given = _without_none(value)
            for one, other in (("steps", "epochs"), ("epochs", "steps")):
                if one in given and other not in given:
                    section.pop(other, None)
            if ("steps" in given or "epochs" in given) and "early_stopping" not in given:
                section.pop("early_stopping", None)
            below[key] = _merged(section, given)
        elif value is not None:
            below[key] = value


def _below(given: Table, otherwise: GanConfigs) -> GanConfigs:
    """Choose the defaults that fill in what is not given: those of the kind of length that is."""
    if "early_stopping" in given:
        return OPEN_CONFIGS
    return GAN_CONFIGS if "steps" in given or "epochs" in given else otherwise


def _config(preset: AnyConfig, given: Table, section: str) -> AnyConfig:
    values = asdict(preset)
    if "steps" in given or "epochs" in given:
        values |= {"steps": None, "epochs": None}
    for name, kind in _TABLES.items():
        if name in values and isinstance(given.get(name), Mapping):
            known = [field.name for field in fields(kind)]
            UnknownNameError.unless_known(f"key of [{section}.{name}]", known, *given[name])
    return _build(type(preset), _merged(values, given), section)


def _merged(below: Table, above: Table) -> dict[str, Any]:
    """Lay a table over another; tables within them are merged likewise."""
    merged = dict(below)
    for key, value in above.items():
        both_tables = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both_tables else value
    return merged


def _build(kind: type[Value], given: Table, section: str) -> Value:
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # kind is a dataclass
    UnknownNameError.unless_known(f"key of [{section}]", known, *given)
    try:
        # As JSON, because strict Python mode refuses to make a dataclass of a table.
        return TypeAdapter(kind).validate_json(json.dumps(dict(given), default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, MetganError):  # the dataclass itself has refused, in its own words
            raise type(cause)(f"{section}: {cause.given}", cause.expected, cause.remedy) from error
        where = ".".join([section, *(str(part) for part in first["loc"])])
        raise SettingError(
            f"{where} = {first.get('input')!r}", first["msg"].lower(), "Correct this value"
        ) from error


def _resolved(engine: Engine) -> Engine:
    with suppress(SettingError):  # a device that this machine lacks is still another than those it has
        engine = engine.resolved()
    return replace(engine, workers=None)  # they change no result


def _without_none(table: Table) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}
