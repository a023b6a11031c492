"""The guides in docs/ are programs; they are run as they stand."""

import re
from pathlib import Path

import pytest

from metgan.data import (
    SPLIT_FILE,
    ChannelScale,
    Normalisation,
    PairSet,
    StoredPairs,
    fit_pairs,
    save_split,
    stated_split,
)
from metgan.methods import CATALOGUE
from metgan.models import MODEL_FILE, ModelCard, read_card, save_model
from metgan.networks import PRESETS, MetGen, build
from metgan.phantom import LABORATORIES
from metgan.studies import TrainingSetGrid, choose_training_sets

DOCS = Path(__file__).parents[1] / "docs"


def run_page(name: str) -> int:
    """Run a page's Python blocks one after the other, and give their number."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(), flags=re.DOTALL)
    namespace: dict[str, object] = {"__name__": name}
    for block in blocks:
        exec(block, namespace)
    return len(blocks)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_the_guide_to_a_method_of_ones_own_trains_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_page("methods.md") == 2
    assert float(capsys.readouterr().out) > 0  # the new term was asked
    card = read_card(tmp_path / "run")
    assert (card.method, card.generator) == ("metgan-edges", "metgen")


def test_the_table_of_methods_in_the_docs_is_the_catalogue():
    page = (DOCS / "methods.md").read_text()
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", page, flags=re.MULTILINE)
    assert named == [*CATALOGUE]


def test_the_tables_of_laboratories_in_the_docs_are_those_that_can_be_drawn():
    page = (DOCS / "laboratories.md").read_text()
    described = re.findall(r"^\| `([a-z0-9-]+)` \| ([^|]+) \|$", page, flags=re.MULTILINE)
    assert described == [(name, each.description) for name, each in LABORATORIES.items()]
    measured = re.findall(r"^\| `([a-z0-9-]+)` \| (\d+) \| (\d+), (\d+) \|", page, flags=re.MULTILINE)
    settings = [(each.settings.size, each.pairs, each.groups) for each in LABORATORIES.values()]
    assert [(name, *map(int, numbers)) for name, *numbers in measured] == [
        (name, *numbers) for name, numbers in zip(LABORATORIES, settings, strict=True)
    ]


def test_the_table_of_arms_in_the_docs_is_the_studys_and_stars_are_the_quick_set():
    page = (DOCS / "studies.md").read_text()
    listed = page[page.index("Those of `all`, with a star") :].split("\n\n")[1]
    named = re.findall(r"^- `([a-z0-9.-]+)`( \*)?$", listed, re.MULTILINE)
    asked = {"all": [name for name, _ in named], "quick-set": [name for name, star in named if star]}
    for name, written in asked.items():
        assert written == [one.name for one in choose_training_sets(name, TrainingSetGrid())]


def test_the_file_of_training_sets_in_the_docs_can_be_asked(tmp_path):
    page = (DOCS / "studies.md").read_text()
    (tmp_path / "mine.toml").write_text(re.search(r"```toml\n(.*?)```", page, flags=re.DOTALL)[1])
    assert len(choose_training_sets(str(tmp_path / "mine.toml"), TrainingSetGrid())) == 5


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_the_guide_to_the_stream_trains_a_network(tmp_path, monkeypatch, capsys, small_world, settle):
    """The run is one of an untrained generator: what it paints is not looked at."""
    pairs = PairSet.open(small_world)
    (tmp_path / "pairs").symlink_to(small_world)
    network = build(lambda: MetGen(PRESETS["small"].metgen), 0)
    settle(network)
    units = fit_pairs(StoredPairs(pairs))
    card = ModelCard("generator", "metgan", "metgen", "small", units, ("animal-train",), "", 1, 1, 0, "test")
    save_model(tmp_path / "run" / MODEL_FILE, network.state_dict(), card)
    save_split(stated_split(pairs.entries), tmp_path / "run" / SPLIT_FILE)
    monkeypatch.chdir(tmp_path)
    assert run_page("stream.md") == 1
    assert capsys.readouterr().out.count("loss") == 2


@pytest.mark.slow
def test_the_python_guide_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_page("python.md") > 3
    assert "uint16" in capsys.readouterr().out
    assert len(list((tmp_path / "new-pairs" / "tumour").glob("*.tif"))) == 5


@pytest.mark.usefixtures("one_thread")
def test_the_guide_to_volumes_generates_a_region(tmp_path, monkeypatch, capsys, settle):
    network = build(lambda: MetGen(PRESETS["small"].metgen), 0)
    settle(network)
    units = Normalisation(ChannelScale(100.0, 4000.0, "uint16"), ChannelScale(50.0, 650.0, "uint16"))
    card = ModelCard("generator", "metgan", "metgen", "small", units, (), "", 1, 1, 0, "test")
    save_model(tmp_path / "run" / MODEL_FILE, network.state_dict(), card)
    monkeypatch.chdir(tmp_path)
    assert run_page("how-to/volumes.md") == 1
    assert capsys.readouterr().out == "(2, 96, 64) uint16\n"


def test_the_guide_to_formats_writes_and_reads_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_page("how-to/formats.md") == 3
    out = capsys.readouterr().out
    assert "CZYX (2, 20, 300, 280) (5.0, 1.3, 1.3) ('autofluorescence', 'tumour') ('tumours',)" in out
    assert out.endswith("17\n")
    written = {"scan.ome.zarr", "inverted.ome.zarr", "deepmact", "pairs"}
    assert {path.name for path in tmp_path.iterdir()} == written


def missing_links(page: Path) -> list[str]:
    """Return the relative links and pictures of a Markdown page that lead nowhere."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    return [t for t in targets if "://" not in t and not (page.parent / t).exists()]


@pytest.mark.parametrize(
    "page",
    [*DOCS.rglob("*.md"), DOCS.parent / "README.md"],
    ids=lambda page: page.relative_to(DOCS.parent).as_posix(),
)
def test_every_relative_link_leads_somewhere(page):
    assert missing_links(page) == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) [there](gone.md) ![picture](gone.png) [out](https://example.org)")
    assert missing_links(page) == ["gone.md", "gone.png"]
