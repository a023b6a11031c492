"""Random numbers as a function of where they are used.

A draw depends on the seed, a purpose and a position alone, never on how many draws came before. That
is why a resumed run equals an uninterrupted one, and why pair 17 is the same alone and among a thousand.
"""

from __future__ import annotations

import zlib

import numpy as np

from metgan.errors import SettingError

MAX_SEED = 2**53 - 1
"""Largest seed: every reader of JSON, TOML and tables keeps whole numbers up to here exactly."""


def check_seed(seed: int) -> None:
    """Refuse a seed that is no whole number from 0 to `MAX_SEED`; raises a `SettingError`."""
    SettingError.unless_within("seed", seed, 0, MAX_SEED)


def stream(seed: int, purpose: str, *position: int) -> np.random.Generator:
    """Return the generator for one purpose at one position.

    Parameters
    ----------
    seed : int
        The run's seed, 0 or more.
    purpose : str
        What is drawn, such as "crop"; different purposes are independent.
    *position : int
        Step, epoch or index, 0 or more. Zeros at the end do not count, see Notes.

    Notes
    -----
    numpy's ``SeedSequence`` fills short seeds up with zeros, so ``stream(0, "crop", 5)`` and
    ``stream(0, "crop", 5, 0)`` give the same numbers, as do ``stream(0, "crop")`` and
    ``stream(0, "crop", 0)``. To set them apart would change what old seeds give; so where positions of one
    purpose differ in length, the longer ones must not end in 0.

    Examples
    --------
    >>> bool(stream(0, "crop", 5).random() == stream(0, "crop", 5).random())
    True
    >>> bool(stream(0, "crop", 5).random() == stream(0, "flip", 5).random())
    False
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *position])
