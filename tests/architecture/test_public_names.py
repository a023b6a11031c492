"""What a package exports is listed, sorted, present and documented; and importing metgan stays light."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "metgan"
PACKAGES = sorted(
    ".".join(("metgan", *file.parent.relative_to(SOURCE).parts)) for file in SOURCE.rglob("__init__.py")
)
HEAVY = {"lightning_fabric", "matplotlib", "pandas", "scipy", "skimage", "torch"}


def run_config_of(name: str) -> tuple[int, list[str | int]]:
    """CONSTANTS, then Classes, then the rest, numbers by value: the order of ruff's rule RUF022."""
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[0].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def export_faults(package: ModuleType, source: str) -> list[str]:
    """What is wrong with the exports of `package`; its `source` is where constants have their docstrings."""
    if not hasattr(package, "__all__"):
        return [f"{package.__name__} has no __all__"]
    names = list(package.__all__)
    faults = (
        []
        if names == sorted(set(names), key=run_config_of)
        else [f"{package.__name__}.__all__ is not sorted"]
    )
    for name in names:
        if not hasattr(package, name):
            faults.append(f"{package.__name__}.{name} does not exist")
        elif not is_dunder(name) and not is_documented(name, getattr(package, name), source):
            faults.append(f"{package.__name__}.{name} has no docstring")
    return faults


def is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def is_documented(name: str, thing: object, source: str) -> bool:
    """Whether somebody wrote a docstring; the signature that ``dataclass`` fills in is none."""
    if inspect.isclass(thing) or inspect.isroutine(thing) or inspect.ismodule(thing):
        text = getattr(thing, "__doc__", None) if not inspect.isclass(thing) else vars(thing).get("__doc__")
        return bool(text) and not str(text).startswith(f"{name}(")
    return name in documented_constants(source)


@cache
def documented_constants(source: str) -> set[str]:
    """Names assigned at the top of a module and followed by a string."""
    body = ast.parse(source).body
    found = set()
    for statement, after in pairwise(body):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and is_string(after):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def is_string(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def source_of(package: ModuleType) -> str:
    """The code of all modules of a package, one after the other, without what must stand first in a file."""
    folder = Path(str(package.__file__)).parent
    files = sorted(folder.rglob("*.py"))
    texts = (file.read_text().replace("from __future__ import annotations", "") for file in files)
    return "\npass\n".join(texts)  # the docstring of a file is none of the constant that ends the one before


def loaded_by(code: str) -> set[str]:
    """The modules in a fresh interpreter after it ran `code`."""
    report = "\nimport sys as _sys; print('\\nLOADED', *_sys.modules)"
    command = [sys.executable, "-c", code + report]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_every_folder_of_sources_is_a_package() -> None:
    folders = {file.parent for file in SOURCE.rglob("*.py")}
    bare = sorted(
        str(folder.relative_to(SOURCE)) for folder in folders if not (folder / "__init__.py").exists()
    )
    assert not bare, f"no __init__.py in {bare}"


@pytest.mark.parametrize("name", PACKAGES)
def test_every_export_is_listed_sorted_present_and_documented(name: str) -> None:
    package = import_module(name)
    faults = export_faults(package, source_of(package))
    assert not faults, "\n".join(["", *faults])


def test_faulty_exports_are_found() -> None:
    source = """
from dataclasses import dataclass
def bare(): ...
@dataclass
class Point:
    x: int
LIMIT = 3
"""
    package = ModuleType("sample")
    assert export_faults(package, source) == ["sample has no __all__"]
    exec(compile(source, "sample", "exec", dont_inherit=True), vars(package))
    vars(package)["__all__"] = ["bare", "LIMIT", "Point", "gone"]
    assert export_faults(package, source) == [
        "sample.__all__ is not sorted",
        "sample.bare has no docstring",
        "sample.LIMIT has no docstring",
        "sample.Point has no docstring",
        "sample.gone does not exist",
    ]


def test_good_exports_are_left_alone() -> None:
    source = '''
LIMIT = 3
"""Three."""
class Point:
    """A point."""
def scale2():
    """Twice."""
scale10 = scale2
'''
    package = ModuleType("sample")
    exec(compile(source, "sample", "exec", dont_inherit=True), vars(package))
    vars(package)["__all__"] = ["LIMIT", "Point", "scale2", "scale10"]
    assert export_faults(package, source) == []


def test_importing_metgan_loads_nothing_heavy() -> None:
    assert not loaded_by("import metgan") & (HEAVY | {"numpy"})


def test_asking_the_command_line_for_help_loads_nothing_heavy() -> None:
    code = """
import sys
from metgan.cli import main
sys.argv = ["metgan", "--help"]
try:
    main()
except SystemExit as end:
    assert end.code in (None, 0), end.code
"""
    assert not loaded_by(code) & HEAVY


def test_what_few_verbs_use_arrives_with_these_alone() -> None:
    """They take as long as torch itself, at each call and in each worker: curves, trainings, statistics."""
    slow = {"lightning_fabric", "matplotlib", "scipy.signal", "scipy.stats", "torch._dynamo"}
    assert not loaded_by("import metgan.workflows") & slow


def test_a_heavy_import_is_seen() -> None:
    assert {"numpy", "scipy", "scipy.stats"} <= loaded_by("from scipy import stats")
