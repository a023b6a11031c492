"""Reports: one page that needs nothing beside it."""

from __future__ import annotations

import base64
import io
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from metgan.pictures import draw_curves
from metgan.reporting import Figure, Report, Section, Table, training_section
from metgan.studies import read_history
from metgan.training.log import TrainingLog

NASTY = "<script>alert('a & b')</script>"


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(tmp_path: Path) -> Page:
    picture = Figure(draw_curves({"loss": ([1, 2], [0.5, 0.25])}, "losses"), f'"curve" {NASTY}')
    table = Table(("score", NASTY), [[NASTY, "0.5"]], NASTY)
    section = Section(NASTY, [NASTY, "µm ≥ 1"], code=NASTY, table=table, figures=[picture, picture])
    Report(NASTY, NASTY, [section, Section("Bare")], [(NASTY, NASTY)]).save(tmp_path)
    return Page(tmp_path / "report.html")


def test_a_page_refers_to_no_file_and_no_address(page: Page) -> None:
    references = [
        value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href")
    ]
    assert references
    assert all(value is not None and value.startswith("data:image/png;base64,") for value in references)
    assert not {"link", "script", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_pictures_in_the_page_are_whole_and_described(page: Page) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == 2
    for attributes in images:
        png = base64.b64decode(str(attributes["src"]).partition(",")[2], validate=True)
        with Image.open(io.BytesIO(png)) as picture:
            picture.load()
            assert picture.format == "PNG"
        assert attributes["alt"] == f'"curve" {NASTY}'


def test_text_is_shown_as_it_is_and_never_run(page: Page) -> None:
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count(NASTY) == 13
    assert "µm ≥ 1" in page.text


def test_a_section_without_tables_and_pictures_is_only_a_heading(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("h2"), tags.count("table"), tags.count("pre")) == (2, 1, 1)


def test_pictures_that_are_files_too_lie_beside_the_page(tmp_path: Path) -> None:
    figure = Figure(draw_curves({"loss": ([1, 2], [0.5, 0.25])}, "losses"), "curve")
    Report("A", "b", [Section("c", figures=[figure])], files={"grid.png": figure}).save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"grid.png", "report.html"}
    assert (tmp_path / "grid.png").read_bytes() == figure.png


def test_tables_are_written_as_markdown_and_sections_without_one_are_left_out(tmp_path: Path) -> None:
    table = Table(("score", "µm"), [["Dice", "0.5"]], "Means.")
    Report("A", "b", [Section("Bare", ["Said."]), Section("One", ["First."], table=table)]).save_tables(
        tmp_path
    )
    lines = [
        "## One",
        "",
        "First.",
        "",
        "| score | µm |",
        "| --- | --- |",
        "| Dice | 0.5 |",
        "",
        "Means.",
        "",
    ]
    assert (tmp_path / "tables.md").read_text(encoding="utf-8") == "\n".join(lines)


def test_the_training_chapter_shows_losses_and_validation(tmp_path: Path) -> None:
    journal = TrainingLog(tmp_path, ("seconds", "rate", "paired", "val_dice"), 0)
    journal.write(10, {"seconds": 3.0, "rate": 1e-3, "paired": 5.0})
    journal.write(20, {"seconds": 7.4, "rate": 1e-3, "paired": 4.0, "val_dice": 0.5})
    journal.close()
    section = training_section(read_history(tmp_path))
    assert section.paragraphs == ["20 steps, which took 7 s, pauses left out."]
    assert len(section.figures) == 2


def test_the_training_chapter_says_how_its_pictures_are_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "step-0000020.png").write_bytes(b"a picture")
    (figure,) = training_section(read_history(tmp_path)).figures
    assert "step-0000020" in figure.caption
    assert "generated minus real" in figure.caption


def test_the_training_chapter_of_a_run_without_a_journal_is_empty_and_not_an_error(tmp_path: Path) -> None:
    section = training_section(read_history(tmp_path))
    assert section.paragraphs[0].startswith("0 steps")
    assert section.figures == []
