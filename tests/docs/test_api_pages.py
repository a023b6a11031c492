"""Each package and module has a page in docs/api/, and all that it exports is shown there."""

from __future__ import annotations

import re
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE, PAGES = ROOT / "src" / "metgan", ROOT / "docs" / "api"
PACKAGES = sorted(file.parent.name for file in SOURCE.glob("*/__init__.py"))
MODULES = sorted(file.stem for file in SOURCE.glob("*.py") if not file.stem.startswith("_"))


def expected_directives(package: Path, exports: list[str]) -> list[str]:
    """What the page of a package asks mkdocstrings for: the package, and what it would overlook.

    A function in a file of its own name is taken for the file, which is no export.
    """
    files = {file.stem for file in package.glob("*.py")}
    overlooked = [f"metgan.{package.name}.{name}.{name}" for name in exports if name in files]
    return [f"metgan.{package.name}", *overlooked]


def directives(page: str) -> list[str]:
    return re.findall(r"^::: (\S+)$", page, flags=re.MULTILINE)


def exports_of(package: str) -> list[str]:
    return list(import_module(f"metgan.{package}").__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_the_page_of_a_package_asks_for_all_its_exports(name):
    page = (PAGES / f"{name}.md").read_text()
    assert directives(page) == expected_directives(SOURCE / name, exports_of(name))
    assert not re.search(r"\b(members|filters|show_if_no_docstring)\b", page)  # what could leave some out


@pytest.mark.parametrize("name", MODULES)
def test_a_module_on_the_ground_floor_has_its_page(name):
    assert directives((PAGES / f"{name}.md").read_text()) == [f"metgan.{name}"]


def test_the_menu_has_each_page_and_no_other_is_there():
    menu = re.findall(r"- api/(\w+)\.md", (ROOT / "mkdocs.yml").read_text())
    assert sorted(menu) == sorted(["metgan", *PACKAGES, *MODULES])
    assert sorted(page.stem for page in PAGES.glob("*")) == sorted(menu)


def test_an_export_that_is_called_as_its_file_needs_a_directive_of_its_own(tmp_path):
    package = tmp_path / "music"
    package.mkdir()
    (package / "play.py").touch()
    assert expected_directives(package, ["Score", "play"]) == ["metgan.music", "metgan.music.play.play"]
    assert directives("::: metgan.music\n\nsee ::: metgan.music.play\n") == ["metgan.music"]


def shown(inventory: bytes) -> set[str]:
    """The names in an ``objects.inv``: four lines of comment, then compressed lines, each name first."""
    lines = zlib.decompress(inventory.split(b"\n", 4)[4]).decode().splitlines()
    return {line.split(" ", 1)[0] for line in lines}


@pytest.mark.slow
def test_the_site_that_is_built_shows_every_export(tmp_path):
    pytest.importorskip("mkdocs", reason="make docs installs what the documentation needs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    names = shown((tmp_path / "objects.inv").read_bytes())
    hidden = [
        f"metgan.{package}.{each}"
        for package in PACKAGES
        for each in exports_of(package)
        if not {f"metgan.{package}.{each}", f"metgan.{package}.{each}.{each}"} & names
    ]
    assert hidden == []
    assert {"metgan.errors.LeakageError", "metgan.progress.Listener", "metgan.types.Camera"} <= names
