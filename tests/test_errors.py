"""Every refusal says what was given, what was expected and what to do, and survives being sent."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metgan import errors
from metgan.data import check_camera
from metgan.errors import (
    ArrayError,
    LeakageError,
    MetganError,
    SettingError,
    ShortMemoryError,
    StorageError,
    UnknownNameError,
)
from metgan.images import ArrayImage
from metgan.labels import binarise, check_binary
from metgan.metrics.lesions import check_masks
from metgan.metrics.similarity import check_pair
from metgan.objects.components import check_mask

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MetganError)]
every_kind = pytest.mark.parametrize("kind", ALL)


@every_kind
@given(*[st.text(max_size=20)] * 3)
def test_the_message_has_its_three_parts_in_order(kind, given_, expected, remedy):
    error = kind(given_, expected, remedy)
    assert str(error) == f"{given_}; expected {expected}. {remedy}."
    assert (error.given, error.expected, error.remedy) == (given_, expected, remedy)


@every_kind
@given(st.tuples(*[st.text(max_size=20)] * 3))
def test_errors_are_the_same_after_pickling_and_copying(kind, parts):
    error = kind(*parts)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert (str(again), again.given, again.expected, again.remedy) == (str(error), *parts)


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (ArrayError, ValueError),
        (SettingError, ValueError),
        (LeakageError, ValueError),
        (StorageError, OSError),
        (UnknownNameError, KeyError),
        (ShortMemoryError, MemoryError),
    ],
)
def test_code_that_never_heard_of_metgan_catches_them(kind, builtin):
    with pytest.raises(builtin, match="what; expected else"):
        raise kind("what", "else", "Do it")
    assert issubclass(kind, MetganError)


@every_kind
def test_no_part_can_be_forgotten(kind):
    with pytest.raises(TypeError):
        kind("given", "expected")


def test_an_unknown_name_is_answered_with_the_known_ones():
    UnknownNameError.unless_known("method", ["metgan", "pix2pix"], "pix2pix", "metgan")
    with pytest.raises(UnknownNameError) as refused:
        UnknownNameError.unless_known("method", ["metgan", "pix2pix"], "metgan", "megtan")
    expected = "unknown method 'megtan'; expected one of: metgan, pix2pix. Choose one of these."
    assert str(refused.value) == expected


@pytest.mark.parametrize(
    "take",
    [
        check_binary,
        binarise,
        lambda array: check_camera(array, "x"),
        lambda array: ArrayImage(array, "YX"),
        lambda array: check_pair(array, array),
        lambda array: check_masks({"x": array}),
        lambda array: check_mask(array, "x"),
    ],
)
def test_an_array_with_masked_pixels_is_refused_wherever_arrays_are_checked(
    take: Callable[..., object],
) -> None:
    with pytest.raises(ArrayError, match=r"masked array with 3 masked pixels.*filled\(value\)"):
        take(np.ma.masked_equal(np.eye(3), 1))


def test_an_array_that_masks_nothing_is_as_any_other() -> None:
    assert not check_binary(np.ma.masked_array(np.zeros((2, 2)))).any()
