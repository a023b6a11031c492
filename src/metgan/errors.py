"""The error tree: everything metgan refuses, said so that the reader knows what to do.

Every message has three parts: what was given, what was expected, what to do. They are
arguments of the constructor, so that none can be forgotten. Each error is also the
built-in error a caller would expect (``ValueError``, ``OSError``, ``KeyError``), so code
that has never heard of metgan catches it all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


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


class EmptyDrawError(ArrayError):
    """What was drawn at random has no tumour, or no room for one; another draw may have."""


class SettingError(MetganError, ValueError):
    """A setting or a combination of settings makes no sense."""


class StorageError(MetganError, OSError):
    """A file or folder is missing, unreadable, unwritable or not what it claims to be."""


class UnknownNameError(MetganError, KeyError):
    """A name stands in no table; the message lists the known ones."""

    @classmethod
    def listing(cls, kind: str, given: str, known: Iterable[str]) -> UnknownNameError:
        """Build the error for a `given` name of this `kind` from the `known` names."""
        return cls(f"unknown {kind} {given!r}", f"one of: {', '.join(known)}", "Choose one of these")


class LeakageError(MetganError, ValueError):
    """A network or a label would be tested on a group that it was made from."""


class DivergedError(MetganError, ArithmeticError):
    """A training's loss became NaN or infinite."""
