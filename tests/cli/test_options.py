"""What the help of an option promises is what holds."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from cyclopts import App

import metgan
from metgan.cli.app import _STUDIES, _VERBS, app

from .conftest import Capture, Command


def help_of(metgan: Command, capsys: Capture, *verb: str) -> str:
    assert metgan(*verb, "--help") == 0
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


@pytest.mark.parametrize(
    "verb",
    [("train",), ("segmentor",), ("generate",), ("demo",), ("study", "similarity"), ("study", "downstream")],
)
def test_where_networks_compute_a_seed_promises_bytes_with_as_many_threads_alone(
    metgan: Command, capsys: Capture, verb: tuple[str, ...]
) -> None:
    """With more threads or fewer, sums are taken in another order, and the bytes are others."""
    text = help_of(metgan, capsys, *verb)
    assert "the same seed gives the same bytes on the same CPU with as many threads (OMP_NUM_THREADS)" in text


def test_what_is_drawn_without_a_network_has_the_same_bytes_anywhere(
    metgan: Command, capsys: Capture
) -> None:
    text = help_of(metgan, capsys, "phantom")
    assert "the same seed gives the same bytes" in text
    assert "threads (OMP_NUM_THREADS)" not in text


@pytest.mark.parametrize("verb", [("generate",), ("prepare",), ("study", "downstream"), ("study", "labels")])
def test_the_help_shows_words_and_numbers_and_nothing_of_python(
    metgan: Command, capsys: Capture, verb: tuple[str, ...]
) -> None:
    text = help_of(metgan, capsys, *verb)
    assert not re.findall(r"default: (?:\(\)|\"\"|None)|\|BOOL|BOOL\b", text)


VERBS = [(verb,) for verb in _VERBS] + [("study", verb) for verb in _STUDIES] + [("import",)]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_choice_that_the_help_shows_is_a_word(
    metgan: Command, capsys: Capture, verb: tuple[str, ...]
) -> None:
    for choices in re.findall(r"choices: ([^\]]*)\]", help_of(metgan, capsys, *verb)):
        assert all(choice.strip() for choice in choices.split(",")), choices


def test_a_list_of_yes_and_no_says_what_it_takes(metgan: Command, capsys: Capture) -> None:
    text = help_of(metgan, capsys, "study", "downstream")
    assert re.search(r"--gated CHOICE\.\.\. .{,99}\[choices: no, yes\]", text)


SOURCE = Path(metgan.__file__).parent
ROOT = Path(__file__).parents[2]
PAGES = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name != "api"]
"""Those of the API hold directives alone: tests/docs/test_api_pages.py."""
TEXTS = [*sorted(SOURCE.rglob("*.py")), *PAGES, ROOT / "README.md"]
FOREIGN = {
    "Cellpose": {"--train", "--dir", "--test_dir", "--mask_filter", "--min_train_masks"},
    "Dask": {"--nthreads", "--port"},
    "nnU-Net": {"--verify_dataset_integrity"},
    "scripts beside metgan": {
        option
        for folder in ("benchmarks", "experiments")
        for script in (ROOT / folder).rglob("*.py")
        for option in re.findall(r"\"(--[a-z][a-z-]*)\"", script.read_text(encoding="utf-8"))
    },
}
"""Options that texts name and other programs take."""
FILES = {"csv", "json", "md", "py", "toml"}


_OPTION = r"(?<![\w-])--[a-z][\w-]*(?![\w{-])"


def leaves(app: App, *path: str) -> Iterator[tuple[str, App]]:
    """Yield each verb, as it is called, and what parses its options."""
    verbs = [name for name in app if not name.startswith("-")]
    for name in verbs:
        yield from leaves(app[name], *path, name)
    if not verbs:
        yield " ".join(path), app


OPTIONS = {
    verb: {name for argument in parsed.assemble_argument_collection() for name in argument.names} | {"--help"}
    for verb, parsed in leaves(app)
}


@pytest.mark.parametrize(("verb", "parsed"), [*leaves(app)], ids=[verb for verb, _ in leaves(app)])
def test_the_help_of_every_option_says_something_that_stands_on_its_own(verb: str, parsed: App) -> None:
    shown = [one for one in parsed.assemble_argument_collection(parse_docstring=True) if one.show]
    assert shown
    for argument in shown:
        words = (argument.parameter.help or "").split()
        assert len(words) >= 4, f"{verb} {argument.names}: {' '.join(words)!r}"
        assert words[0] not in {"As", "From", "Likewise,", "Likewise.", "Of"}, f"{verb} {argument.names}"


def said_in(path: Path) -> str:
    """Return a page without its Python, which tests/test_docs.py runs, or all strings of a Python file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.sub(r"```python\n.*?```", "", text, flags=re.DOTALL)
    strings = (n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant))
    return "\n".join(value for value in strings if isinstance(value, str))


def unknown_options(text: str) -> list[str]:
    """Return the options that a text names and no program takes, or not the verb that it names with them.

    Examples
    --------
    >>> unknown_options("Use metgan export PAIRS --steps 9 --out X, or --judge")
    ['metgan export --steps', '--judge']
    """
    calls = re.findall(r"metgan ((?:study )?[a-z]+)\b([^\n`;.,|]*)", text)
    misplaced = [
        f"metgan {verb} {option}"
        for verb, rest in calls
        for option in re.findall(_OPTION, rest)
        if verb in OPTIONS and option not in OPTIONS[verb]
    ]
    known = set().union(*OPTIONS.values(), *FOREIGN.values())
    absent = [option for option in re.findall(_OPTION, text) if option not in known]
    return list(dict.fromkeys([*misplaced, *absent]))


def unknown_names(text: str) -> list[str]:
    """Return the Python names within a package of metgan that a text names and that are none.

    Examples
    --------
    >>> unknown_names("labels.csv has what metgan.labels.binarise wrote, not labels.binarize or metgan.read")
    ['labels.binarize', 'read']
    """
    packages = "|".join(path.parent.name for path in SOURCE.glob("*/__init__.py"))
    address = rf"(?<![\w/.\[\"-])(metgan\.[A-Za-z_]|(?:{packages})\.[A-Za-z_])(\w*(?:\.[A-Za-z_]\w*)*)"
    dotted = ["".join(parts).removeprefix("metgan.") for parts in re.findall(address, text)]
    return [name for name in dotted if name.split(".")[-1] not in FILES and not resolves(name)]


def resolves(dotted: str) -> bool:
    value: object = metgan
    for name in dotted.split("."):
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(f"{value.__name__}.{name}") if isinstance(value, ModuleType) else None
        if not hasattr(value, name):
            return False
        value = getattr(value, name)
    return True


@pytest.mark.parametrize("path", TEXTS, ids=str)
def test_every_option_and_every_name_that_a_text_advises_exists(path: Path) -> None:
    text = said_in(path)
    assert unknown_options(text) == []
    assert unknown_names(text) == []
