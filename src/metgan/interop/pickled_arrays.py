"""Arrays out of Python's pickles, without running what a pickle may ask for.

Unpickling calls whatever a file names, so that a hostile one can do anything. Here nothing is called but what
stands in this module: for each of the few functions of numpy that a pickled array names there is a stand-in
that notes its arguments, and the array is then made from these, by us. Any other name is refused.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from metgan.errors import StorageError
from metgan.io import check_image_file
from metgan.types import AnyArray

_NUMBERS = "biuf"
_CORES = ("numpy.core", "numpy._core")
_TRUSTED = "Ask whoever made it for the arrays as .npy or TIFF; do not unpickle what you do not trust"


class _DType:
    """What a pickle says of a dtype: its name, and its byte order."""

    def __init__(self, name: str) -> None:
        self.dtype = np.dtype(name) if isinstance(name, str) else np.dtype("O")
        if self.dtype.kind not in _NUMBERS:
            raise pickle.UnpicklingError(f"an array of {name!r}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order: Literal["<", ">", "="] = state[1] if state[1] in ("<", ">") else "="
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """What a pickle says of an array, until it has said all."""

    def __init__(self) -> None:
        self.array: AnyArray | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, raw = state
        self.array = _array(raw, dtype, shape, "F" if is_fortran else "C")


def _array(raw: bytes | bytearray, dtype: _DType, shape: tuple[int, ...], order: str) -> AnyArray:
    """Return an array of bytes, of exactly as many as its shape takes."""
    if not isinstance(dtype, _DType) or not isinstance(raw, bytes | bytearray | str):
        raise pickle.UnpicklingError("an array of objects")
    content = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)
    lengths = tuple(int(n) for n in shape)
    if min(lengths, default=0) < 0 or math.prod(lengths) * dtype.dtype.itemsize != len(content):
        raise pickle.UnpicklingError(f"{len(content)} bytes for an array of shape {shape}")
    flat = np.frombuffer(content, dtype.dtype)
    return flat.reshape(lengths, order="F" if order == "F" else "C").copy()


class _Call:
    """A stand-in that a pickle can call, and do nothing else with."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> Any:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise pickle.UnpicklingError("a pickle that changes what it calls")


def _scalar(dtype: _DType, raw: bytes | str) -> float | int | bool:
    value: float | int | bool = _array(raw, dtype, (), "C").item()  # type: ignore[arg-type]  # latin1 text
    return value


def _encode(text: str, encoding: str = "latin1") -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"the encoding {encoding!r}")
    return text.encode("latin1")


_STAND_INS: Final[Mapping[tuple[str, str], Callable[..., Any]]] = {
    **{(f"{core}.multiarray", "_reconstruct"): lambda *_: _Array() for core in _CORES},
    **{(f"{core}.multiarray", "scalar"): _scalar for core in _CORES},
    **{
        (f"{core}.numeric", "_frombuffer"): lambda raw, dtype, shape, order: _array(raw, dtype, shape, order)
        for core in _CORES
    },
    ("numpy", "dtype"): lambda name, *_: _DType(name),
    ("numpy", "ndarray"): lambda *_: _Array(),
    ("_codecs", "encode"): _encode,
}
"""What a pickled array names, and what is done in its place."""


class _Unpickler(pickle._Unpickler):
    """Knows the stand-ins alone; in Python, so that a hostile file fails without taking the process along."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _Call(_STAND_INS[module, name])


def read_pickled(path: Path | str) -> Any:
    """Read a pickle of arrays, and of dictionaries, lists, texts and numbers around them.

    Returns
    -------
    object
        What was pickled; arrays are of booleans, integers or floats.

    Raises
    ------
    StorageError
        When the file is missing or damaged, or names anything but numpy's arrays; nothing of it is run.
    """
    path = Path(path)
    check_image_file(path, "a pickled array")
    try:
        with path.open("rb") as file:
            found = _Unpickler(file, encoding="latin1").load()
        return _without_stand_ins(found, {})
    except Exception as error:  # a hostile file may provoke any
        raise StorageError(
            f"{path} cannot be read as a pickle of arrays ({error or type(error).__name__})",
            "arrays of numbers, and nothing that would have to be run",
            _TRUSTED,
        ) from error


def _without_stand_ins(found: Any, known: dict[int, Any]) -> Any:
    """Return what was read, with the arrays in the place of what stood for them; what is there twice, once.

    `known` is what was made of an object before, by its id: lists of one list twice, thirty deep, would
    otherwise take as long as all of them written out.
    """
    if id(found) not in known:
        known[id(found)] = _made_of(found, known)
    return known[id(found)]


def _made_of(found: Any, known: dict[int, Any]) -> Any:
    if isinstance(found, _Array):
        if found.array is None:
            raise pickle.UnpicklingError("an array without content")
        return found.array
    if isinstance(found, dict):
        return {key: _without_stand_ins(value, known) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return type(found)(_without_stand_ins(value, known) for value in found)
    if isinstance(found, _Call | _DType):
        raise pickle.UnpicklingError("no array")
    return found
