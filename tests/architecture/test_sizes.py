"""Files and functions stay small enough to be read at once, and their names say what they hold."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "metgan"

MODULE_LINES = 300
FUNCTION_LINES = 40
PARAMETERS = 6
EMPTY_NAMES = {"base", "common", "helpers", "manager", "utils"}

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def size_faults(path: str, source: str) -> list[str]:
    """Everything in one file that is larger than the limits above."""
    lines = len(source.splitlines())
    faults = [f"{path}: {lines} lines, at most {MODULE_LINES}"] if lines > MODULE_LINES else []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, AnyFunction):
            continue
        where = f"{path}:{node.lineno}: {node.name}"
        if (length := body_lines(node)) > FUNCTION_LINES:
            faults.append(f"{where} has a body of {length} lines, at most {FUNCTION_LINES}")
        if (count := parameter_count(node)) > PARAMETERS:
            faults.append(f"{where} has {count} parameters, at most {PARAMETERS}: make a dataclass of them")
    return faults


def body_lines(function: AnyFunction) -> int:
    """Lines from the first statement after the docstring to the last, blank lines and comments included."""
    documented = ast.get_docstring(function, clean=False) is not None
    if documented and len(function.body) == 1:
        return 0
    last = function.body[-1].end_lineno
    assert last is not None
    if documented:
        before = function.body[0].end_lineno
        assert before is not None
        return last - before
    return last - function.body[0].lineno + 1


def parameter_count(function: AnyFunction) -> int:
    """All parameters but self and cls; ``*rest`` and ``**rest`` count as one each."""
    spec = function.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *filter(None, (spec.vararg, spec.kwarg))]
    return sum(parameter.arg not in {"self", "cls"} for parameter in named)


def name_faults(path: Path) -> list[str]:
    """Path parts that say nothing about what is inside."""
    stems = {part.removesuffix(".py").removeprefix("test_") for part in path.parts}
    return [f"{path}: {name!r} does not say what it holds" for name in sorted(stems & EMPTY_NAMES)]


def test_modules_functions_and_signatures_stay_small() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert files, f"no sources below {SOURCE}"
    faults = [
        fault for file in files for fault in size_faults(str(file.relative_to(SOURCE)), file.read_text())
    ]
    assert not faults, "\n".join(["", *faults])


def test_file_and_folder_names_say_what_they_hold() -> None:
    files = [
        file.relative_to(ROOT) for top in ("src", "tests") for file in sorted((ROOT / top).rglob("*.py"))
    ]
    faults = [fault for file in files for fault in name_faults(file)]
    assert not faults, "\n".join(["", *faults])


def function_of(lines: int, docstring: str = "") -> str:
    body = ["def long():", *([f"    {docstring}"] if docstring else []), *["    value = 1"] * lines]
    return "\n".join(body) + "\n"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("value = 1\n" * (MODULE_LINES + 1), "301 lines"),
        (function_of(FUNCTION_LINES + 1), "a body of 41 lines"),
        (function_of(FUNCTION_LINES + 1, '"""Long.\n\n    Very.\n    """'), "a body of 41 lines"),
        ("class Box:\n    def fill(self, a, b, c, d, /, e, *, f, g): ...\n", "7 parameters"),
        ("async def wait(a, b, c, d, e, *rest, **more): ...\n", "7 parameters"),
    ],
)
def test_what_is_too_large_is_found(source: str, fault: str) -> None:
    assert [found for found in size_faults("file.py", source) if fault in found]


@pytest.mark.parametrize(
    "source",
    [
        "value = 1\n" * MODULE_LINES,
        function_of(FUNCTION_LINES),
        function_of(FUNCTION_LINES, '"""Long.\n\n    Very.\n    """'),
        "class Box:\n    def fill(self, a, b, c, *, d, e, f): ...\n",
        'def described():\n    """Only words."""\n',
    ],
)
def test_what_just_fits_is_left_alone(source: str) -> None:
    assert size_faults("file.py", source) == []


def test_empty_names_are_found_and_telling_ones_are_not() -> None:
    assert name_faults(Path("src/metgan/utils/text.py"))
    assert name_faults(Path("src/metgan/losses/base.py"))
    assert name_faults(Path("tests/losses/test_helpers.py"))
    assert name_faults(Path("src/metgan/losses/baseline.py")) == []
