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
ALLOWED = {
    *("LabelRecipe", "RecipeChoice", "VolumeRecipe", "VolumeRecipeChoice"),
    *("recipe", "label_recipe", "volume_recipe", "recipes"),
}
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


SECTIONS = {"Parameters", "Returns", "Yields", "Raises", "Attributes", "Notes", "Examples", "References"}


def docstring_faults(text: str) -> list[str]:
    """Return the headings that numpydoc has not, and classes in "Returns" that are not in the annotation."""
    faults = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        told = ast.get_docstring(node) or ""
        faults += [h for h in re.findall(r"^(.+)\n---+$", told, re.MULTILINE) if h not in SECTIONS]
        returned = re.search(r"^(?:Returns|Yields)\n-+\n(\S.*)", told, re.MULTILINE)
        if isinstance(node, ast.FunctionDef) and returned and node.returns:
            annotated = re.findall(r"\w+", ast.unparse(node.returns))
            faults += [n for n in re.findall(r"\b[A-Z][a-z]\w*", returned[1]) if n not in annotated]
    return faults


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=str)
def test_docstrings_have_the_sections_of_numpydoc_and_return_what_is_annotated(path: Path) -> None:
    assert docstring_faults(path.read_text(encoding="utf-8")) == []


def test_a_foreign_heading_and_a_former_class_are_noticed() -> None:
    text = '''def f() -> tuple[PairPlan, int]:
    """Return it.

    {}
    -------
    tuple of {}, int
    """
'''
    assert docstring_faults(text.format("Returns", "PairPlan")) == []
    assert docstring_faults(text.format("Returns", "Plan")) == ["Plan"]
    assert docstring_faults(text.format("Choices", "PairPlan")) == ["Choices"]
