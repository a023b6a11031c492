"""A file imports its own folder and strictly lower floors: the house that docs/design.md describes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "metgan"

FLOORS = (
    ("errors", "memory", "parts", "progress", "types"),
    ("checked", "device", "io", "losses", "networks", "objects", "panels", "seeding"),
    ("images", "labels", "metrics", "pictures", "transforms"),
    ("data", "methods"),
    ("models", "phantom"),
    ("synthesis", "training"),
    ("interop", "studies"),
    ("experiment", "reporting"),
    ("workflows",),
    ("cli", "napari", "web"),
    ("__main__",),
)
"""Lowest floor first. A room is a folder or a single file of src/metgan."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FRONT_DOORS = FLOORS[FLOOR_OF["cli"]]
OPTIONAL_EXTRAS = {"dask", "distributed", "nibabel", "tensorboard"}
SLOW = {"lightning_fabric", "matplotlib"}
"""A second each, for few verbs: `test_public_names.py` holds that the others start without them."""
DYNAMIC_IMPORTS = {"__import__", "import_module"}
ENGINES = {"metgan.synthesis", "metgan.training", "torch"}
KEPT_OUT = {
    "studies": {"jinja2", "matplotlib", "metgan.pictures"},
    "reporting": {"matplotlib", *ENGINES},
}
"""What a room must not import though it stands lower: results are values; pages are made of them alone."""
ONLY_IN = {"jinja2": "reporting", "matplotlib": "pictures"}
"""Where pages are filled in and where is drawn: in one room each."""


@dataclass(frozen=True)
class Import:
    """One imported module by its absolute name: ``from .. import io`` in ``data/pairs.py`` is metgan.io."""

    target: str
    line: int
    relative: bool
    inside_function: bool


def room_of(path: Path) -> str:
    """The room of a path inside src/metgan; the package's own ``__init__.py`` is the room ''."""
    room = path.parts[0].removesuffix(".py")
    return "" if room == "__init__" else room


def imports_in(path: Path, source: str) -> Iterator[Import]:
    """All imports of a file, those under ``if TYPE_CHECKING`` included: a type is a dependency too."""

    def visit(node: ast.AST, inside_function: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, False, inside_function)
        elif isinstance(node, ast.ImportFrom):
            for target in from_targets(path, node):
                yield Import(target, node.lineno, node.level > 0, inside_function)
        deeper = inside_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, deeper)

    return visit(ast.parse(source), inside_function=False)


def from_targets(path: Path, node: ast.ImportFrom) -> list[str]:
    """The absolute names that a ``from`` statement reaches; ``from metgan import io`` reaches metgan.io."""
    package = ["metgan", *path.parent.parts]
    base = package[: max(len(package) - node.level + 1, 0)] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    return [f"metgan.{alias.name}" for alias in node.names] if module == "metgan" else [module]


def import_faults(path: Path, source: str) -> list[str]:
    """What is wrong with the imports of one file, `path` being relative to src/metgan."""
    room = room_of(path)
    if room == "":  # the lazy __init__ opens every door, when asked
        return []
    if room not in FLOOR_OF:
        return [f"{path}: {room!r} stands on no floor; give it one in FLOORS and in docs/design.md"]
    faults = dynamic_import_faults(path, source) if room not in FRONT_DOORS else []
    for found in imports_in(path, source):
        where = f"{path}:{found.line}: {found.target}"
        faults += [f"{where} {fault}" for fault in placement_faults(room, found)]
        faults += [f"{where} {fault}" for fault in mixing_faults(room, found)]
        if found.relative or found.target.partition(".")[0] == "metgan":
            faults += [f"{where} {fault}" for fault in direction_faults(room, found)]
    return faults


def placement_faults(room: str, found: Import) -> Iterator[str]:
    """Imports stand at the top of a file, optional extras, slow libraries and the front doors' apart."""
    is_exempt = (OPTIONAL_EXTRAS | SLOW) & set(found.target.split("."))
    if found.inside_function and not is_exempt and room not in FRONT_DOORS:
        yield "is imported inside a function"


def mixing_faults(room: str, found: Import) -> Iterator[str]:
    """Results know nothing of pages, pages compute nothing, and each is drawn and filled in at one place."""
    names = found.target.split(".")
    reached = {".".join(names[:count]) for count in (1, 2)}
    if reached & KEPT_OUT.get(room, set()):
        yield f"is kept out of {room}"
    elif (home := ONLY_IN.get(names[0], room)) != room:
        yield f"belongs to {home} alone"


def direction_faults(room: str, found: Import) -> Iterator[str]:
    """Imports of metgan lead downwards, absolutely; within a room they are relative."""
    names = found.target.split(".")
    other = names[1] if len(names) > 1 and names[0] == "metgan" else ""
    if found.relative:
        if other != room:
            yield "leaves its folder by a relative import; write it absolutely"
    elif other == room:
        yield "is in the same folder; import it relatively"
    if names == ["metgan", "__version__"] or other == room:
        return
    if other not in FLOOR_OF:
        yield "is in no room; name the module that holds it"
    elif FLOOR_OF[other] == FLOOR_OF[room]:
        yield f"is a sibling of {room} on floor {FLOOR_OF[room]}"
    elif FLOOR_OF[other] > FLOOR_OF[room]:
        yield f"is on floor {FLOOR_OF[other]}, above {room} on floor {FLOOR_OF[room]}"


def dynamic_import_faults(path: Path, source: str) -> list[str]:
    """An import by string would pass unseen, so only the lazy places may use one."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    names = [(getattr(call.func, "id", getattr(call.func, "attr", "")), call.lineno) for call in calls]
    return [f"{path}:{line}: {name} hides an import" for name, line in names if name in DYNAMIC_IMPORTS]


def test_every_import_leads_to_its_own_folder_or_a_lower_floor() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert files, f"no sources below {SOURCE}"
    faults = [fault for file in files for fault in import_faults(file.relative_to(SOURCE), file.read_text())]
    assert not faults, "\n".join(["", *faults])


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("losses/pair.py", "from metgan.training import loop", "above losses on floor 1"),
        ("losses/pair.py", "import metgan.networks", "is a sibling of losses on floor 1"),
        ("losses/pair.py", "from metgan import networks", "is a sibling of losses on floor 1"),
        ("losses/pair.py", "import metgan.metrics", "above losses on floor 1"),
        ("types.py", "from .errors import ArrayError", "leaves its folder"),
        ("data/pairs.py", "from ..io import tiff", "leaves its folder"),
        ("data/pairs.py", "from .... import io", "leaves its folder"),
        ("images/omezarr/store.py", "from ...types import Mask", "leaves its folder"),
        ("data/pairs.py", "from metgan.data.sample import Sample", "import it relatively"),
        ("data/pairs.py", "from metgan import PairSet", "is in no room"),
        ("data/pairs.py", "import metgan", "is in no room"),
        ("data/pairs.py", "def read():\n    import pandas", "inside a function"),
        (
            "data/pairs.py",
            "class Reader:\n    def read(self):\n        from metgan.io import tiff",
            "inside a function",
        ),
        ("data/pairs.py", "if TYPE_CHECKING:\n    from metgan.cli import main", "above data on floor 3"),
        ("data/pairs.py", "module = importlib.import_module('metgan.cli')", "hides an import"),
        ("cli/verbs.py", "def train():\n    from metgan.web import page", "is a sibling of cli"),
        ("studies/comparison.py", "from matplotlib.figure import Figure", "is kept out of studies"),
        ("studies/comparison.py", "import jinja2", "is kept out of studies"),
        ("studies/comparison.py", "from metgan.pictures import draw_grid", "is kept out of studies"),
        ("studies/comparison.py", "from metgan import pictures", "is kept out of studies"),
        ("studies/comparison.py", "from metgan.reporting import Report", "above studies on floor 6"),
        ("reporting/training.py", "from torch import nn", "is kept out of reporting"),
        ("reporting/training.py", "from metgan.training import read_log", "is kept out of reporting"),
        ("reporting/training.py", "from metgan.synthesis.inpainter import load", "is kept out of reporting"),
        ("reporting/report.py", "from metgan.experiment import Experiment", "is a sibling of reporting"),
        ("reporting/training.py", "import matplotlib.pyplot as plt", "is kept out of reporting"),
        ("synthesis/contact_sheet.py", "import matplotlib", "belongs to pictures alone"),
        ("workflows/train.py", "from jinja2 import Environment", "belongs to reporting alone"),
        ("utils/text.py", "", "stands on no floor"),
        ("tools.py", "", "stands on no floor"),
    ],
)
def test_a_misplaced_import_is_found(path: str, source: str, fault: str) -> None:
    assert any(fault in found for found in import_faults(Path(path), source))


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "data/pairs.py",
            "import numpy as np\nfrom metgan.errors import ArrayError\nfrom .sample import Sample",
        ),
        ("data/__init__.py", "from .pairs import PairSet"),
        ("images/omezarr/store.py", "from ..protocol import ImageSource\nfrom . import axes"),
        ("training/journal.py", "def events():\n    from torch.utils.tensorboard import SummaryWriter"),
        ("images/tiff.py", "def read():\n    import tensorboard"),
        (
            "studies/evaluation.py",
            "from metgan.panels import Panel\nfrom metgan.training import train_method",
        ),
        ("reporting/report.py", "from jinja2 import Environment\nfrom metgan.pictures import draw_grid"),
        ("pictures.py", "from matplotlib.figure import Figure\nfrom metgan.panels import Panel"),
        ("cli/verbs.py", "def train():\n    from metgan.training import loop"),
        ("models/stored.py", "from metgan import __version__"),
        ("__init__.py", "def __getattr__(name):\n    return import_module(name)"),
    ],
)
def test_a_well_placed_import_is_left_alone(path: str, source: str) -> None:
    assert import_faults(Path(path), source) == []


def page_faults(source: str) -> list[str]:
    """Strings in code that are the name of a page, a table for people or a picture."""
    strings = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return [
        text
        for text in strings
        if isinstance(text, str) and re.fullmatch(r"[\w/-]+\.(html|j2|md|png|svg)", text)
    ]


@pytest.mark.parametrize("path", sorted((SOURCE / "studies").rglob("*.py")), ids=str)
def test_results_are_written_as_tables_and_never_as_pages_or_pictures(path: Path) -> None:
    assert page_faults(path.read_text(encoding="utf-8")) == []


def test_a_file_that_is_a_page_is_found_and_a_mention_of_one_is_not() -> None:
    assert page_faults('"""Writes grid.png."""\nout / "grid.png"') == ["grid.png"]
    assert page_faults('f"{out}/report.html"; out / "tables.md"') == ["/report.html", "tables.md"]
    assert page_faults('out / "scores.csv"; folder.glob("*.png"); "as report.html says"') == []


def test_the_design_page_shows_the_same_floors() -> None:
    page = (ROOT / "docs" / "design.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", page, flags=re.MULTILINE))
    shown = tuple(tuple(sorted(re.findall(r"`(\w+)`", rows[floor]))) for floor in sorted(rows, key=int))
    assert shown == FLOORS
