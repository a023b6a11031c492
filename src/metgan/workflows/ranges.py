"""The ranges of a request's numbers, checked when it is built: errors name the option that was given."""

from __future__ import annotations

import math
import sys
from typing import Final

from metgan.errors import SettingError
from metgan.seeding import MAX_SEED
from metgan.training import RANGES

Limits = tuple[float, float]
SEED: Final[Limits] = (0, MAX_SEED)
STEPS: Final[Limits] = RANGES["steps"]
COUNT: Final[Limits] = (1, 2**31 - 1)
SHARE: Final[Limits] = (0.0, 1.0)
NOT_NEGATIVE: Final[Limits] = (0.0, sys.float_info.max)
ABOVE_ZERO: Final[Limits] = (math.ulp(0.0), sys.float_info.max)
FINITE: Final[Limits] = (-sys.float_info.max, sys.float_info.max)
_IN_WORDS: Final = {
    NOT_NEGATIVE: "a number of 0 or more",
    ABOVE_ZERO: "a number above 0",
    FINITE: "a finite number",
}


def check_ranges(request: object, **ranges: Limits) -> None:
    """Refuse the first number of a request that is out of its range; what is not given (None) passes.

    Parameters
    ----------
    request : dataclass
    **ranges : (least, most)
        By the name of the field, both included; a tuple's numbers are checked one by one. Where they are
        whole, so must the numbers be.

    Raises
    ------
    SettingError
        Naming the field, and its value alone.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check_ranges(SimpleNamespace(gap=None, tumours=(1, 0)), gap=(0, 9), tumours=(1, 9))
    Traceback (most recent call last):
        ...
    metgan.errors.SettingError: tumours is 0; expected a whole number from 1 to 9. Choose one in that range.
    """
    for name, limits in ranges.items():
        value = getattr(request, name)
        for number in value if isinstance(value, tuple) else (value,):
            if number is None:
                continue
            if limits in _IN_WORDS and not limits[0] <= number <= limits[1]:
                raise SettingError(f"{name} is {number!r}", _IN_WORDS[limits], "Choose another")
            SettingError.unless_within(name, number, *limits)
