"""One self-contained HTML page: prose, tables and pictures, with no file or address beside it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from metgan import __version__
from metgan.io import write_text


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

    ``facts`` are (value, meaning).
    """

    title: str
    lead: str
    sections: Sequence[Section]
    facts: Sequence[tuple[str, str]] = ()
    footer: str = field(
        default_factory=lambda: f"Made by metgan {__version__} on {date.today().isoformat()}."
    )

    def save(self, path: Path) -> None:
        """Write the page, all or nothing."""
        environment = Environment(
            loader=PackageLoader("metgan.studies", ""), autoescape=True, undefined=StrictUndefined
        )
        write_text(path, environment.get_template("report.html.j2").render(report=self))
