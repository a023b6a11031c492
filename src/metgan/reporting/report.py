"""One self-contained HTML page: prose, tables and pictures, with no file or address beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from metgan import __version__
from metgan.io import replacing, write_text


@dataclass(frozen=True)
class Figure:
    """A PNG with its caption, which is also its text for those who cannot see it."""

    png: bytes
    caption: str

    @property
    def base64(self) -> str:
        """The picture as the page holds it."""
        return base64.b64encode(self.png).decode()


@dataclass(frozen=True)
class Table:
    """Rows of ready-made text under a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str


@dataclass(frozen=True)
class Section:
    """One heading with what belongs to it, shown in this order."""

    heading: str
    paragraphs: Sequence[str] = ()
    code: str = ""
    table: Table | None = None
    figures: Sequence[Figure] = ()


@dataclass(frozen=True)
class Report:
    """A page: title, a sentence or two, a few large figures, sections.

    ``facts`` are (value, meaning), ``files`` the figures that are files beside the page too, by their names.
    """

    title: str
    lead: str
    sections: Sequence[Section]
    facts: Sequence[tuple[str, str]] = ()
    files: Mapping[str, Figure] = field(default_factory=dict)
    footer: str = field(
        default_factory=lambda: f"Made by metgan {__version__} on {date.today().isoformat()}."
    )

    def save(self, out: Path) -> None:
        """Write ``report.html`` into a folder, after the figures that are files too; each all or nothing."""
        for name, figure in self.files.items():
            with replacing(out / name) as temporary:
                temporary.write_bytes(figure.png)
        environment = Environment(
            loader=PackageLoader("metgan.reporting", ""), autoescape=True, undefined=StrictUndefined
        )
        write_text(out / "report.html", environment.get_template("report.html.j2").render(report=self))

    def save_tables(self, out: Path) -> None:
        """Write ``tables.md``: the tables and what is said before them, to be pasted into a page."""
        blocks = []
        for section in self.sections:
            if section.table is not None:
                lines = [section.table.header, ["---"] * len(section.table.header), *section.table.rows]
                rows = "\n".join("| " + " | ".join(line) + " |" for line in lines)
                parts = (f"## {section.heading}", *section.paragraphs, rows, section.table.caption)
                blocks.append("\n\n".join(parts) + "\n")
        write_text(out / "tables.md", "\n".join(blocks))
