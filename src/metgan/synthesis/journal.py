"""Which pairs of a set are made already: a line per pair, so that a killed generation goes on.

``pairs.csv`` is written when all are there; until then the lines stand in a hidden file beside it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from metgan.data import read_table, sync_images, write_table
from metgan.errors import StorageError
from metgan.io import append_text, has_file, write_text

Row = Mapping[str, object]

_NOTES = ".done.csv"


def note_pairs(out: Path, rows: Sequence[Row]) -> None:
    """Remember finished pairs, once their images are on the disk; a line cut short by a kill does not count.

    Raises
    ------
    StorageError
        When the pairs that are there have other columns.
    """
    path = out / _NOTES
    sync_images(out)
    if not has_file(path):
        write_text(path, _lines(rows))
        return
    with path.open(newline="", encoding="utf-8") as file:
        columns = next(csv.reader(file), None)
    if columns != [*rows[0], "end"]:
        raise StorageError(
            f"{out} holds pairs that another version of metgan has begun",
            "pairs with the columns of this one",
            "Use --overwrite",
        )
    append_text(path, _lines(rows, header=False))


def finished_pairs(out: Path) -> dict[str, Row]:
    """Return the rows of pairs that are there already, of a killed call or of a shorter one, by number."""
    rows: list[Row] = [dict(row) for row in read_table(out)]
    path = out / _NOTES
    if has_file(path):
        with path.open(newline="", encoding="utf-8") as file:
            noted = [dict(row) for row in csv.DictReader(file) if row.pop("end", None) == "."]
        if noted:  # written anew without the line that the kill cut short
            write_text(path, _lines(noted))
        else:
            path.unlink()
        rows += noted
    # A set that was not generated has no numbers; its rows are refused for want of a recipe.
    return {str(row.get("number", k)): row for k, row in enumerate(rows)}


def _lines(rows: Sequence[Row], *, header: bool = True) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*rows[0], "end"])
    if header:
        writer.writeheader()
    writer.writerows({**row, "end": "."} for row in rows)
    return text.getvalue()


def is_unfinished(out: Path) -> bool:
    """Tell whether a generation into `out` was stopped before its end."""
    return has_file(out / _NOTES)


def count_noted(out: Path) -> int:
    """Return how many pairs a generation that was stopped had made; changes nothing."""
    with (out / _NOTES).open(newline="", encoding="utf-8") as file:
        return sum(row.get("end") == "." for row in csv.DictReader(file))


def close_table(out: Path, rows: list[Row]) -> None:
    """Write the whole table, and forget the notes."""
    write_table(out, rows)
    (out / _NOTES).unlink(missing_ok=True)


def refuse_other_request(row: Row, settings: Mapping[str, str], out: Path) -> None:
    """Refuse to go on with a set of which a pair was made in another way than is asked for now.

    Parameters
    ----------
    row : mapping
        Provenance of a finished pair.
    settings : mapping of str to str
        What all pairs of the request have in common.
    out : Path
        The set, for the message.
    """
    for key, wanted in settings.items():
        if row.get(key) != wanted:
            raise StorageError(
                f"{out} holds pairs of {key} {row.get(key)}",
                f"{key} {wanted}, as asked for now",
                "Resume with the same settings, or use --overwrite",
            )
