"""The table of a pair set, ``pairs.csv``: a row for each pair, in text."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

import pandas as pd

from metgan.errors import StorageError
from metgan.io import has_file, has_folder, normal_form, replacing, sync_folder

from .entry import CHANNELS, IGNORE

TABLE: Final = "pairs.csv"
"""Name of a pair set's table."""
KNOWN: Final = ("name", "group", "organ", "split")
"""The columns that every table has, the rest being provenance."""
_SEPARATORS = (",", ";", "\t")  # spreadsheets write one or another, by the language of the system
_FORM = "a CSV table in UTF-8 with commas between its columns"
_SAVE_AGAIN = "Correct it, or save it again: in Excel as CSV UTF-8"
_LISTED = 5
_AT_ONCE = 4096  # lines: as text, those of a large table take much memory


def write_table(root: Path, *parts: Collection[Mapping[str, object]]) -> None:
    """Write ``pairs.csv``, all or nothing; every row needs ``name, group, organ, split``.

    The images that it names are on the disk before it is. The parts are gone through twice.
    """
    columns = dict.fromkeys(chain(KNOWN, chain.from_iterable(chain(*parts))))
    sync_images(root)
    with replacing(root / TABLE) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*columns], restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(chain(*parts))


def sync_images(root: Path) -> None:
    """Have the names of the images that `write_pair` wrote on the disk."""
    for channel in (*CHANNELS, IGNORE):
        if has_folder(root / channel):
            sync_folder(root / channel)


def read_table(root: Path, name: str = TABLE) -> list[dict[str, str]]:
    """Read ``pairs.csv``, or the table of another `name`, as rows of text; empty when there is none.

    Text is in normal form, and so are the names of the four columns that every table has: ``Group `` is read
    as ``group``.

    Raises
    ------
    StorageError
        When something is there that is no such table, or cannot be read.
    """
    return [*table_rows(root, name)]


def table_rows(root: Path, name: str = TABLE) -> Iterator[dict[str, str]]:
    """Yield the rows of `read_table` one by one; raises as it does, of names twice after the last."""
    path = root / name
    if not has_file(path):
        return
    lines = _lines(path)
    columns = [normal_form(str(column)) for column in next(lines)]
    columns = [column.casefold() if column.casefold() in KNOWN else column for column in columns]
    if "name" not in columns or len(set(columns)) < len(columns):
        told = f"{path} has columns {', '.join(columns)}"
        raise StorageError(told, f"{_FORM} and a column 'name', each column once", _SAVE_AGAIN)
    names: Counter[str] = Counter()
    for line in lines:
        row = {c: normal_form(str(cell)) for c, cell in zip(columns, line, strict=True)}
        if not any(row.values()):  # as spreadsheets leave them below the last
            continue
        names[row["name"]] += 1
        yield row
    if twice := [name for name, count in names.items() if count > 1]:
        told = f"{path} has {len(twice)} names twice ({listing(twice)})"
        raise StorageError(told, "a column 'name' without duplicates", "Correct it")


def _lines(path: Path) -> Iterator[Sequence[object]]:
    """Yield the lines of a CSV table, the first too, which has a field for each column."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
        separator = next((one for one in _SEPARATORS if one in first), ",")
        with pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, header=None, chunksize=_AT_ONCE
        ) as frames:
            for frame in frames:
                yield from frame.fillna("").to_numpy().tolist()
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise StorageError(f"{path} cannot be read ({error})", _FORM, _SAVE_AGAIN) from error


def listing(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
