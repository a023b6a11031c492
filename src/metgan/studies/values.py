"""Values of a training set: what is refused, and how numbers are written in names."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Final, cast

from metgan.errors import SettingError

_DIGITS: Final = 4


def check_number(name: str, value: object, most: float) -> None:
    """Refuse what is no number from 0 to `most`, or has more decimals than a name can hold."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise SettingError(f"{name} is {value!r}", f"a number from 0 to {most:g}", "Correct this value")
    SettingError.unless_within(name, cast(float, value), 0.0, most)
    if round(float(value), _DIGITS) != value:
        given, advice = f"{name} is {value!r}", f"Round it, to {round(float(value), _DIGITS)}"
        raise SettingError(given, f"{_DIGITS} decimals at most, so that names are short", advice)


def written(value: float, shift: int = 0) -> str:
    """Return a number with its decimal point moved to the right, without idle zeros."""
    text = f"{Decimal(repr(float(value))).scaleb(shift):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
