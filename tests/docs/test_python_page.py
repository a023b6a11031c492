"""docs/python.md names every error and every kind of event."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from metgan import errors
from metgan.progress import Event

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()


def test_the_table_of_errors_is_the_tree_of_errors():
    rows = dict(re.findall(r"^\| `(\w+Error)` \| `(\w+Error)` \|", PAGE, flags=re.MULTILINE))
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.MetganError) and kind is not errors.MetganError
    }
    assert rows == {name: kind.__bases__[-1].__name__ for name, kind in kinds.items()}


def test_every_kind_of_event_is_shown():
    assert all(f"case {kind.__name__}(" in PAGE for kind in get_args(Event))
