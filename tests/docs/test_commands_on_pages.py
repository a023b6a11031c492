"""What pages tell readers to type is understood by the command line; results keep their commit's words."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from cyclopts import CycloptsError

from metgan.cli.app import app
from metgan.errors import MetganError

ROOT = Path(__file__).parents[2]
PAGES = [
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if "results" not in page.parts),
    ROOT / "README.md",
]
STUDIES = ("similarity", "robustness", "ablation", "downstream")
OTHERS = {"--help", "--min_train_masks", "--nthreads", "--synthetic"}
"""Options of other programs, of benchmarks and of all verbs."""


def commands(page: str) -> list[list[str]]:
    """Return the words behind ``metgan`` of each call in the code blocks of a page."""
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE))
    lines = re.findall(r"^metgan +((?!=).+)$", blocks.replace("\\\n", " "), flags=re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def not_understood(words: list[str]) -> str:
    """Return why the command line refuses these words; "" where it takes them. Nothing is carried out."""
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except (CycloptsError, MetganError) as error:
        return f"metgan {shlex.join(words)}: {error}"
    return ""


def options() -> set[str]:
    """Return the options of all verbs."""
    verbs = [app[name] for name in app if not name.startswith("-") and name != "study"]
    studies = [app["study"][name] for name in STUDIES]
    return {
        name
        for verb in [*verbs, *studies]
        for argument in verb.assemble_argument_collection()
        for name in argument.names
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_call_on_a_page_is_understood(page):
    assert [why for words in commands(page.read_text()) if (why := not_understood(words))] == []


def test_every_option_in_the_text_of_a_page_is_one():
    known = options() | OTHERS
    unknown = [
        f"{page.relative_to(ROOT)}: {option}"
        for page in PAGES
        for option in re.findall(r"`(--[a-z][\w-]*)[^`\n]*`", page.read_text())
        if option not in known
    ]
    assert unknown == []


def test_calls_that_are_out_of_date_are_noticed():
    page = "```\nmetgan train pairs \\\n --out run  # and on\n```\nmetgan gone\n```python\nmetgan = 1\n```\n"
    assert commands(page) == [["train", "pairs", "--out", "run"]]
    assert not_understood(["train", "pairs", "--out", "run"]) == ""
    for words in (["train", "pairs", "--to", "run"], ["trian", "pairs", "--out", "run"], ["train", "pairs"]):
        assert not_understood(words)
    assert {"--recipe", "--sets", "--axes"} <= options()
    assert "--referee" not in options()
