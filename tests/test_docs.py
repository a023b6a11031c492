"""The guides in docs/ are programs; they are run as they stand."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.slow
def test_the_python_guide_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(), flags=re.DOTALL)
    assert len(blocks) > 3
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(block, namespace)
    assert "uint16" in capsys.readouterr().out
    assert len(list((tmp_path / "new-pairs" / "tumour").glob("*.tif"))) == 5


def missing_links(page: Path) -> list[str]:
    """Give the relative links and pictures of a Markdown page that lead nowhere."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    return [t for t in targets if "://" not in t and not (page.parent / t).exists()]


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS.parent / "README.md"], ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    assert missing_links(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](gone.md) ![picture](gone.png) [out](https://example.org)")
    assert missing_links(page) == ["gone.md", "gone.png"]
