"""How provenance names several pairs in one cell of ``pairs.csv``, so that each can be read again exactly.

A group or a file may have any name, spaces and semicolons among its characters. So names stand between
semicolons, and a semicolon within a name is written ``%3B``, as in a URL.
"""

from __future__ import annotations

from collections.abc import Iterable

_SEPARATOR = ";"


def join_names(names: Iterable[str]) -> str:
    """Write names as one text, in their order; no name gives an empty text.

    Examples
    --------
    >>> join_names(["mouse 1", "a;b"])
    'mouse 1;a%3Bb'
    """
    return _SEPARATOR.join(name.replace("%", "%25").replace(_SEPARATOR, "%3B") for name in names)


def split_names(text: str) -> list[str]:
    """Return the names that `join_names` wrote.

    Examples
    --------
    >>> split_names("mouse 1;a%3Bb"), split_names("")
    (['mouse 1', 'a;b'], [])
    """
    parts = text.split(_SEPARATOR) if text else []
    return [part.replace("%3B", _SEPARATOR).replace("%25", "%") for part in parts]
