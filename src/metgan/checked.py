"""Values that are checked by their annotations when they are made: requests, and groups of options.

The command line reads words, paths and lists by the annotations of a request. A Python user writes them
without one, and would hear of a wrong word only where it is used, as a KeyError or not at all.

Notes
-----
The decision a reader would question is why this is no `pydantic`, which reads experiment files. It converts
more than is wanted here ("3" to a number, "yes" to True), or, strictly, refuses a path that is given as text
and a whole number that is numpy's; and its messages have no third part. Numbers are left alone here:
`metgan.workflows` checks each with its range.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from metgan.errors import SettingError

_IN_WORDS = {Path: "a path", bool: "True or False", str: "text", NoneType: "None"}


class Checked:
    """Base of frozen dataclasses whose fields fit their annotations; those with a check of their own call it.

    A path may be given as text, a list as a tuple and the other way round: the field holds what its
    annotation says.

    Raises
    ------
    SettingError
        For a word that is not among those of a ``Literal``, and for what is no path, text, switch, list or
        group of options where one is asked for. It names the field, and what it takes.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Request(Checked):
    ...     out: Path
    ...     part: Literal["train", "test"] = "train"
    >>> Request("new").out.name
    'new'
    >>> Request("new", "trian")
    Traceback (most recent call last):
        ...
    metgan.errors.SettingError: part is 'trian'; expected 'train' or 'test'. Choose one of these.
    """

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            given = getattr(self, name)
            try:
                fitting = _fitted(given, hint)
            except _UnfitError:
                raise SettingError(f"{name} is {given!r}", _described(hint), _remedy(given, hint)) from None
            if fitting is not given:
                object.__setattr__(self, name, fitting)  # before anyone has seen it


class _UnfitError(Exception):
    """A value does not fit its annotation."""


def _fitted(value: Any, hint: Any) -> Any:
    """Return a value as its annotation says."""
    kind = get_origin(hint) or hint
    if kind in (UnionType, Union):
        return _fitted_to_one(value, get_args(hint))
    if kind is Literal:
        fits = any(type(value) is type(word) and value == word for word in get_args(hint))
    elif kind in (list, tuple):
        return kind(_fitted_each(value, hint))
    elif kind is Path:
        if not isinstance(value, str | os.PathLike):
            raise _UnfitError
        return value if isinstance(value, Path) else Path(value)
    else:
        fits = not isinstance(kind, type) or kind in (int, float) or isinstance(value, kind)
    if not fits:
        raise _UnfitError
    return value


def _fitted_to_one(value: Any, hints: Sequence[Any]) -> Any:
    """Return a value as the first of several annotations that it fits."""
    for hint in sorted(hints, key=lambda one: one is not NoneType):
        try:
            return _fitted(value, hint)
        except _UnfitError:
            continue
    raise _UnfitError


def _fitted_each(value: Any, hint: Any) -> list[Any]:
    """Return the values of a list or tuple; text is a single one."""
    if not isinstance(value, list | tuple):
        raise _UnfitError
    hints = _each_of(hint)
    if len(hints) == 1:
        hints *= len(value)
    if len(hints) != len(value):
        raise _UnfitError
    return [_fitted(one, its) for one, its in zip(value, hints, strict=True)]


def _each_of(hint: Any) -> list[Any]:
    """Return the annotations of a list's or tuple's values; one for any number of them."""
    return [one for one in get_args(hint) if one is not Ellipsis]


def _described(hint: Any) -> str:
    """Return in words what an annotation takes."""
    *others, last = _alternatives(hint)
    return f"{', '.join(others)} or {last}" if others else last


def _alternatives(hint: Any) -> list[str]:
    kind = get_origin(hint) or hint
    if kind is Literal:
        return [repr(word) for word in get_args(hint)]
    if kind in (UnionType, Union):
        return [word for one in get_args(hint) for word in _alternatives(one)]
    if kind in (list, tuple):
        each = _each_of(hint)
        count = "" if len(each) == 1 else f"{len(each)} "
        return [f"a {kind.__name__} of {count}values, each {_described(each[0])}"]
    if isinstance(kind, type) and is_dataclass(kind):
        return [f"a {kind.__name__}"]
    return [_IN_WORDS.get(kind, "a number")]


def _remedy(given: Any, hint: Any) -> str:
    kinds = {get_origin(one) or one for one in (hint, *get_args(hint))}
    if isinstance(given, str | os.PathLike) and kinds & {list, tuple}:
        return f"Write [{given!r}]"
    return "Choose one of these" if Literal in kinds else "Correct this value"
