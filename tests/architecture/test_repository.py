"""The repository agrees with itself, and speaks of no particular machine."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import metgan

ROOT = Path(__file__).parents[2]

PLACES = {
    "an absolute path of one machine": re.compile(r"(?<![\w.${}()~*-])/(?:farm|home|root|Users|work)/"),
    "the address of a package registry": re.compile(
        r"index[-_]url|find[-_]links|pypi[.](?:org|python)|pythonhosted[.]org|download[.]pytorch|conda[.]anaconda",
        re.IGNORECASE,
    ),
}


def place_faults(path: str, text: str) -> list[str]:
    """The lines of a file that hold only on one machine or network."""
    return [
        f"{path}:{number}: {kind}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), start=1)
        for kind, pattern in PLACES.items()
        if pattern.search(line)
    ]


def tracked_texts() -> dict[str, str]:
    """The text files that git tracks, by path; a file with a NUL byte is not text."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [path for path in listed.split("\0") if path and (ROOT / path).is_file()]
    contents = {path: (ROOT / path).read_bytes() for path in paths}
    return {path: content.decode() for path, content in contents.items() if b"\0" not in content}


def declared_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def changelog_mentions(version: str, changelog: str) -> bool:
    """Whether a heading stands for this version, or for what is not released yet."""
    return bool(re.search(rf"^## \[(?:Unreleased|{re.escape(version)})\]", changelog, flags=re.MULTILINE))


def test_the_package_and_the_citation_have_the_version_of_pyproject() -> None:
    cited = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)
    assert metgan.__version__ == declared_version()
    assert cited is not None
    assert cited[1] == declared_version()


def test_the_changelog_knows_this_version() -> None:
    assert changelog_mentions(declared_version(), (ROOT / "CHANGELOG.md").read_text())


def test_a_version_missing_from_the_changelog_is_seen() -> None:
    assert not changelog_mentions("0.2.0", "# Changelog\n\n## [0.1.0]\n\nBefore 0.2.0.\n")
    assert not changelog_mentions("0.1.0", "# Changelog\n\n## [0.100]\n")
    assert changelog_mentions("0.1.0", "# Changelog\n\n## [0.1.0] - 2026-01-01\n")


def chosen_by_make() -> dict[str, str]:
    """The tests that each of the three calls of pytest runs, as an expression of their markers."""
    makefile = (ROOT / "Makefile").read_text()
    addopts = shlex.split(settings_of_pytest()["addopts"])
    slow = re.search(r"^SLOW := (.*)$", makefile, flags=re.MULTILINE)
    nightly = re.search(r"^test-all:.*\n\t\$\(PYTEST\) -m \"(.*)\"$", makefile, flags=re.MULTILINE)
    assert slow is not None
    assert nightly is not None
    return {"core": addopts[addopts.index("-m") + 1], "slow": slow[1], "nightly": nightly[1]}


def settings_of_pytest() -> dict[str, Any]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return dict(content["tool"]["pytest"]["ini_options"])


def test_make_runs_every_test_once_whatever_its_markers_and_leaves_to_the_night_what_is_marked_so() -> None:
    """Those that need a GPU or real data are run where there is any."""
    names = [line.partition(":")[0] for line in settings_of_pytest()["markers"]]
    assert {"slow", "nightly", "gpu", "real"} <= {*names}
    for markers in (dict(zip(names, has, strict=True)) for has in product([False, True], repeat=len(names))):
        runs = [call for call, expression in chosen_by_make().items() if eval(expression, {}, dict(markers))]
        if markers["gpu"] or markers["real"]:
            assert runs == []
        else:
            assert len(runs) == 1
            assert ("nightly" in runs) == markers["nightly"]


def test_tracked_files_speak_of_no_particular_machine() -> None:
    faults = [fault for path, text in tracked_texts().items() for fault in place_faults(path, text)]
    assert not faults, "\n".join(["", *faults])


@pytest.mark.parametrize(
    "line",
    [
        f"data = '/{'home'}/someone/data'",
        f"/{'work'}/main",
        f"pip install --extra-index{'-'}url https://example.org/simple",
        f"https://pypi{'.'}org/simple",
    ],
)
def test_a_path_or_registry_of_one_place_is_found(line: str) -> None:
    assert place_faults("file.txt", line)


@pytest.mark.parametrize(
    "line", ["../shared/work/data", "https://example.org/home/page", "$HOME/data", "~/data"]
)
def test_paths_that_hold_everywhere_are_left_alone(line: str) -> None:
    assert place_faults("file.txt", line) == []
