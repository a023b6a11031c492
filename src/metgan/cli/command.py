"""Commands made of requests: a request's fields are the options, and its docstring is their help."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import MISSING, Field, field, fields, is_dataclass, make_dataclass
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from cyclopts import Parameter, Token, convert

Request = TypeVar("Request")
Result = TypeVar("Result")
_YesNo = Literal["no", "yes"]
_SECTION = "    Parameters\n    ----------\n"


def command(
    request: type[Request],
    run: Callable[[Request], Result],
    show: Callable[[Result], None],
    positional: Collection[str] = (),
) -> Callable[..., None]:
    """Return a function that takes a request's fields as arguments, carries it out and shows the result.

    Parameters
    ----------
    request : dataclass
        Fields that are dataclasses themselves give their own fields as options.
    run, show : callable
    positional : collection of str
        Fields that are given without the name of an option, in this order.
    """

    def called(*values: Any, **options: Any) -> None:
        given = {**dict(zip(positional, values, strict=True)), **options}
        show(run(request(**{name: _plain(value, hints[name]) for name, value in given.items()})))

    hints = get_type_hints(request)
    parameters = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.POSITIONAL_ONLY if one.name in positional else inspect.Parameter.KEYWORD_ONLY,
            default=_default(one, hints[one.name], inspect.Parameter.empty),
            annotation=_annotated(hints[one.name], one),
        )
        for one in sorted(fields(request), key=lambda one: one.name not in positional)  # type: ignore[arg-type]  # a dataclass
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect reads
    called.__annotations__ = {one.name: one.annotation for one in parameters}
    called.__doc__ = _described(request)
    return called


def _whole(_: object, tokens: Sequence[Token]) -> int:
    """Read a whole number; 1.5 is none, and is not rounded to one."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is not a whole number in digits") from None


_Whole = Annotated[int, Parameter(converter=_whole)]


def _annotated(hint: Any, one: Field[Any]) -> Any:
    """Return a field's type, with how its option is read: switches and lists cannot be negated.

    A default that is empty is told in words, if at all.
    """
    shows = False if one.default in ((), "") else None
    if isinstance(hint, type) and is_dataclass(hint):
        return Annotated[_options(hint), Parameter(name="*")]
    if listed := [kind for kind in (hint, *get_args(hint)) if Ellipsis in get_args(kind)]:
        # As tuple[bool, ...] it would be a switch, which takes no value.
        shown = tuple[_YesNo, ...] if listed[0] == tuple[bool, ...] else listed[0]
        convert_to = _separated(listed[0])
        return Annotated[shown | None, Parameter(converter=convert_to, negative="", show_default=shows)]
    many = any(get_origin(kind) in (list, tuple) for kind in (hint, *get_args(hint)))
    is_switch = hint is bool and one.default is False
    negative = "" if is_switch or many else None
    return Annotated[_strict(hint), Parameter(negative=negative, show_default=shows)]


def _separated(kind: Any) -> Callable[[object, Sequence[Token]], tuple[Any, ...]]:
    """Return what reads a tuple of any length: values with commas between, or a list of such at each time."""
    (one, _) = get_args(kind)

    def read(_: object, tokens: Sequence[Token]) -> tuple[Any, ...]:
        if Ellipsis in get_args(one):
            inner = _separated(one)
            return tuple(() if token.value.strip() == "none" else inner(_, [token]) for token in tokens)
        words = [word.strip() for token in tokens for word in token.value.split(",")]
        if one is bool:
            return tuple(convert(_YesNo, [word]) == "yes" for word in words)
        return tuple(convert(one, [word]) for word in words)

    return read


def _strict(hint: Any) -> Any:
    """Return a type whose whole numbers are read by `_whole`, also within lists and beside None."""
    if hint is int:
        return _Whole
    if get_origin(hint) in (list, tuple):
        return get_origin(hint)[tuple(map(_strict, get_args(hint)))]
    if get_origin(hint) is UnionType:
        return reduce(or_, map(_strict, get_args(hint)))
    return hint


@cache
def _options(kind: type[Any]) -> type[Any]:
    """Return a dataclass like `kind`, and derived from it, whose fields tell how their options are read."""
    hints = get_type_hints(kind)
    annotated = [
        (one.name, _annotated(hints[one.name], one), field(default=_default(one, hints[one.name], MISSING)))
        for one in fields(kind)
    ]
    made = make_dataclass(kind.__name__, annotated, bases=(kind,), frozen=True, kw_only=True)
    made.__module__, made.__doc__ = kind.__module__, _described(kind)
    return made


def _plain(value: Any, hint: Any) -> Any:
    """Return a group of options as its own class, so that it equals others and can be pickled."""
    if not (isinstance(hint, type) and is_dataclass(hint)):
        return value
    hints = get_type_hints(hint)
    return hint(**{one.name: _plain(getattr(value, one.name), hints[one.name]) for one in fields(hint)})


def _default(one: Field[Any], hint: Any, otherwise: Any) -> Any:
    """Return a field's default; that of a group of options has the type that is read."""
    if one.default is MISSING:
        return otherwise
    is_group = isinstance(hint, type) and is_dataclass(hint)
    return _options(hint)(**vars(one.default)) if is_group else one.default


def _described(kind: type[Any]) -> str:
    """Return the docstring of a dataclass, with the parameters of those that it is derived from."""
    first = inspect.cleandoc(kind.__doc__ or "").partition("\n")[0]
    sections = [base.__doc__ or "" for base in kind.__mro__ if is_dataclass(base)]
    described = "".join(text.partition(_SECTION)[2].partition("\n\n")[0] + "\n" for text in sections)
    return f"{first}\n\n{_SECTION}{described}"
