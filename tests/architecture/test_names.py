"""Code, options and files go by the field's words; those of an earlier, private language do not return."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path("src/metgan")
RETIRED = {
    "judge": "discriminator, or independent_segmentor",
    "judges": "discriminators",
    "convince": "generator_loss",
    "discern": "discriminator_loss",
    "verdict": "result, or logits",
    "verdicts": "fake_logits",
    "player": "network",
    "players": "networks",
    "painter": "generator, or inpainter",
    "painters": "generators",
    "referee": "independent_segmentor",
    "curriculum": "training_data",
    "recipe": "config (a LabelRecipe is one)",
    "pace": "schedule",
    "draft": "plan",
    "drafts": "plans",
    "residue": "background",
    "residues": "backgrounds",
    "inlay": "insert_tumours",
    "inlaid": "inserted",
    "aim": "oversample",
    "contest": "method_runs",
    "team": "method_group",
    "teams": "method_groups",
    "trial": "setup",
    "yardstick": "baseline, or reference",
    "arm": "training_set",
    "arms": "training_sets",
    "standings": "comparison_statistics",
    "chapter": "section",
    "chapters": "sections",
    "likeness": "similarity",
    "doubt": "warning",
    "doubts": "warnings",
    "claim": "prepare",
    "lap": "epoch",
    "fallen": "rejected",
}
"""Word by word of a name: what it is called in the field."""
ALLOWED = {"LabelRecipe", "RecipeChoice", "recipe", "label_recipe", "recipes"}
"""A label's recipe is the users' word."""


def words_of(name: str) -> list[str]:
    """Split a name at its underscores and capitals.

    Examples
    --------
    >>> words_of("check_PatchGAN"), words_of("GanTrainConfig")
    (['check', 'patch', 'gan'], ['gan', 'train', 'config'])
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names_in(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def retired_in(names: Iterator[str]) -> dict[str, str]:
    found = {name: RETIRED[word] for name in names for word in words_of(name) if word in RETIRED}
    return {name: word for name, word in found.items() if name not in ALLOWED}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=str)
def test_names_are_the_fields_words(path: Path) -> None:
    """Options are parameters of functions, so these are read here as well."""
    assert retired_in(iter([path.stem])) == {}
    assert retired_in(names_in(path.read_text(encoding="utf-8"))) == {}


def test_a_retired_word_is_found_in_any_name() -> None:
    text = "class JudgeSpec:\n    def convince_it(self, players): return self.to_painter(lap=1)\n"
    assert [*retired_in(names_in(text))] == ["JudgeSpec", "convince_it", "players", "to_painter", "lap"]
    assert retired_in(names_in("overlap = garment(relapse=1).charm\n")) == {}
