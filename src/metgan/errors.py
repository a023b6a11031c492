"""The error tree: everything metgan refuses, said so that the reader knows what to do.

Every message has three parts: what was given, what was expected, what to do. They are
arguments of the constructor, so that none can be forgotten. Each error is also the
built-in error a caller would expect (``ValueError``, ``OSError``, ``KeyError``), so code
that has never heard of metgan catches it all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral, Real


class MetganError(Exception):
    """Root of all errors that metgan raises on purpose.

    Parameters
    ----------
    given : str
        What was found, with its value: ``"label has values {0, 2}"``.
    expected : str
        What is accepted instead: ``"a binary mask {0, 1}"``.
    remedy : str
        The next step for the reader, a full sentence without the full stop.

    Examples
    --------
    >>> print(ArrayError("label has values {0, 2}", "a binary mask {0, 1}", "Binarise it"))
    label has values {0, 2}; expected a binary mask {0, 1}. Binarise it.
    """

    def __init__(self, given: str, expected: str, remedy: str) -> None:
        super().__init__(given, expected, remedy)
        self.given = given
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.given}; expected {self.expected}. {self.remedy}."

    def __reduce__(self) -> tuple[Callable[..., MetganError], tuple[str, str, str]]:
        return type(self), (self.given, self.expected, self.remedy)


class ArrayError(MetganError, ValueError):
    """An array has a shape, dtype or value that its reader cannot take."""

    @classmethod
    def if_masked(cls, name: str, array: object) -> None:
        """Raise for a masked array of NumPy with pixels that are masked: they would count like others."""
        masked = getattr(array, "mask", None) if hasattr(array, "filled") else None
        if masked is not None and (count := int(masked.sum())):
            raise cls(
                f"{name} is a masked array with {count} masked pixels",
                "an array of which every pixel counts",
                "Give array.filled(value) with the value that stands for pixels without light",
            )


class EmptyDrawError(ArrayError):
    """What was drawn at random has no tumour, or no room for one; another draw may have."""


class SettingError(MetganError, ValueError):
    """A setting or a combination of settings makes no sense."""

    @classmethod
    def unless_within(cls, setting: str, value: float, least: float, most: float) -> None:
        """Raise unless `value` is from `least` to `most`, both included; where these are whole, it must be.

        NaN and infinity are in no range. One call is the rule of a quantity for option, file and Python.

        Examples
        --------
        >>> SettingError.unless_within("learning_rate", 2e-4, 1e-12, 1.0)
        >>> SettingError.unless_within("gap", 1.5, 1, 9)
        Traceback (most recent call last):
            ...
        metgan.errors.SettingError: gap is 1.5; expected a whole number from 1 to 9. Choose one in that range.
        """
        is_whole = isinstance(least, int)
        fits = isinstance(value, Integral if is_whole else Real) and not isinstance(value, bool)
        if not (fits and least <= value <= most):
            kind = "a whole number" if is_whole else "a number"
            raise cls(f"{setting} is {value!r}", f"{kind} from {least} to {most}", "Choose one in that range")


class StorageError(MetganError, OSError):
    """A file or folder is missing, unreadable, unwritable or not what it claims to be."""


class ShortMemoryError(MetganError, MemoryError):
    """There is not as much memory as the work takes."""


class UnknownNameError(MetganError, KeyError):
    """A name stands in no table; the message lists the known ones."""

    @classmethod
    def unless_known(cls, kind: str, known: Iterable[str], *given: object) -> None:
        """Raise for the first `given` name of this `kind` that is not among the `known`, which are listed."""
        names = [*known]
        for name in given:
            if name not in names:
                expected = f"one of: {', '.join(names)}"
                raise cls(f"unknown {kind} {str(name)!r}", expected, "Choose one of these")


class LeakageError(MetganError, ValueError):
    """A network or a label would be tested on a group that it was made from."""


class DivergedError(MetganError, ArithmeticError):
    """A training's loss became NaN or infinite."""
