"""Counted one image after the other, brightnesses give what numpy says of all pixels together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.data.pixel_values import PixelSample, PixelValues, pixel_values

SHARES = [0.0, 0.1, 33.3, 50.0, 90.0, 99.0, 99.95, 100.0]
few = settings(max_examples=60, deadline=None)


def images_of(dtype: str) -> st.SearchStrategy[list[np.ndarray]]:
    elements = st.floats(-1e3, 1e3, width=32) if dtype == "float32" else None
    return st.lists(
        hnp.arrays(dtype, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=elements), min_size=1
    )


def counted(images: list[np.ndarray]) -> PixelValues:
    values = pixel_values(images[0].dtype)
    for image in images:
        values.add(image)
    return values


@few
@given(st.sampled_from(["uint8", "uint16", "float32"]).flatmap(images_of))
def test_percentiles_median_and_mean_are_numpys_over_all_images_together(images: list[np.ndarray]) -> None:
    values, pixels = counted(images), np.concatenate([image.ravel() for image in images])
    assert values.percentiles(SHARES) == np.percentile(pixels, SHARES).tolist()
    assert np.mean(values.middle()) == np.median(pixels)
    assert values.brightest == pixels.max()
    assert values.size == pixels.size
    assert values.mean(np.float64) == pytest.approx(pixels.mean(dtype=np.float64), rel=1e-12, abs=1e-12)


@few
@given(st.sampled_from(["uint8", "uint16", "float32"]).flatmap(images_of), st.sampled_from([0, 50, 90, 99]))
def test_values_that_occur_are_counted_from_a_percentile_on(images: list[np.ndarray], share: int) -> None:
    pixels = np.concatenate([image.ravel() for image in images])
    _, counts = np.unique(pixels[pixels >= np.percentile(pixels, share)], return_counts=True)
    assert counted(images).counts_from(share).tolist() == counts.tolist()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_without_a_pixel_there_is_no_middle(dtype: str) -> None:
    values = pixel_values(np.dtype(dtype))
    assert (values.size, values.middle().size) == (0, 0)


def test_of_too_many_floats_an_even_part_is_kept_and_the_same_each_time() -> None:
    """A hundred images that become brighter: a part that came first, or last, would have another median."""
    images = [np.linspace(k, k + 1, 1000, dtype=np.float32) for k in range(100)]
    samples = [PixelSample(np.dtype(np.float32), most=5000) for _ in range(2)]
    for image in images:
        for sample in samples:
            sample.add(image)
    one, again = samples
    assert 2000 < one.size <= 5000
    assert np.array_equal(one.pixels, again.pixels)
    assert one.percentiles([10, 50, 90]) == pytest.approx([10, 50, 90], abs=2)
