"""One linear map per channel, there and back."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from metgan.data import ChannelScale, Entry, FillValues, Normalisation, Pair, fit_pairs
from metgan.errors import ArrayError, SettingError
from metgan.labels import fill_of, find_fill_value

few = settings(max_examples=60, deadline=None)


def fit(anatomies: list, tumours: list, scaling: str = "shared") -> Normalisation:
    """The normalisation of pairs of these images, without tumours."""
    entry = Entry("a", "a", "", "", {})
    images = zip(anatomies, tumours, strict=True)
    return fit_pairs([Pair(entry, x, y, np.zeros(x.shape, bool)) for x, y in images], scaling)


INTEGERS = st.sampled_from(["uint8", "uint16"])


@st.composite
def scales(draw: st.DrawFn) -> ChannelScale:
    dtype = draw(INTEGERS)
    most = int(np.iinfo(dtype).max)
    low = draw(st.floats(0, most - 1))
    return ChannelScale(low, draw(st.floats(low + 1, most)), dtype)


@few
@given(scales(), st.data())
def test_integers_within_the_range_come_back_to_the_digit(scale: ChannelScale, data: st.DataObject) -> None:
    inside = st.integers(int(np.ceil(scale.low)), int(scale.high))
    image = data.draw(hnp.arrays(scale.dtype, (3, 4), elements=inside))
    back = scale.undo(scale.apply(image))
    assert back.dtype == image.dtype
    np.testing.assert_array_equal(back, image)


@few
@given(scales(), st.data())
def test_brighter_stays_at_least_as_bright_within_minus_1_and_1(
    scale: ChannelScale, data: st.DataObject
) -> None:
    image = np.sort(data.draw(hnp.arrays(scale.dtype, 12)))
    scaled = scale.apply(image)
    assert scaled.dtype == np.float32
    assert (np.diff(scaled) >= 0).all()
    assert -1 <= scaled[0] <= scaled[-1] <= 1
    assert (np.diff(scale.undo(scaled).astype(int)) >= 0).all()


def test_the_ends_and_the_middle_of_the_range_are_minus_1_1_and_0() -> None:
    scale = ChannelScale(100, 300, "uint16")
    assert scale.apply(np.array([100, 200, 300], np.uint16)).tolist() == [-1, 0, 1]


def test_what_lies_outside_comes_back_as_the_end_of_the_range() -> None:
    scale = ChannelScale(100, 300, "uint16")
    image = np.array([0, 99, 301, 65535], np.uint16)
    assert scale.apply(image).tolist() == [-1, -1, 1, 1]
    assert scale.undo(scale.apply(image)).tolist() == [100, 100, 300, 300]


def test_undoing_more_than_1_stays_within_the_dtype_without_wrapping() -> None:
    scale = ChannelScale(0, 250, "uint8")
    assert scale.undo(np.array([-1.5, 1.2], np.float32)).tolist() == [0, 255]


def test_a_float_camera_keeps_its_dtype_and_its_fractions() -> None:
    scale = fit([np.linspace(0, 1, 50, dtype=np.float32)] * 2, [np.eye(9, dtype=np.float32)] * 2)
    image = np.array([[0.25, 0.5]], np.float32)
    back = scale.undo(scale.apply(image, "anatomy"), "anatomy")
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, image, atol=1e-6)


@few
@given(st.lists(hnp.arrays(np.uint16, (5, 6)), min_size=1, max_size=3))
def test_the_range_is_numpys_percentiles_over_all_images_together(images: list[np.ndarray]) -> None:
    fill = find_fill_value(images)
    light = [image.ravel() if fill is None else image[~fill_of(image, fill)] for image in images]
    low, high = np.percentile(np.concatenate(light), [0.1, 99.95])
    if low == high:
        with pytest.raises(SettingError):
            fit(images, images)
        return
    scale = fit(images, images).tumour
    assert (scale.low, scale.high, scale.dtype) == (low, high, "uint16")


def test_one_hot_pixel_does_not_set_the_scale() -> None:
    image = np.arange(10_000, dtype=np.uint16).reshape(100, 100) % 500
    hot = image.copy()
    hot[0, 0] = 65535
    plain, spoilt = (fit([i], [i]).anatomy for i in (image, hot))
    assert hot.max() > 100 * image.max()
    assert spoilt.high == pytest.approx(plain.high, rel=0.01)


def test_each_channel_has_its_own_scale() -> None:
    dim, bright = np.arange(51, dtype=np.uint8), np.arange(1000, 9000, 50, dtype=np.uint16)
    normalisation = fit([dim], [bright])
    assert (normalisation.anatomy.dtype, normalisation.tumour.dtype) == ("uint8", "uint16")
    assert normalisation.apply(bright, "tumour").max() == 1
    assert normalisation.undo(np.zeros(1, np.float32), "anatomy").tolist() == [25]


def test_a_flat_channel_is_refused() -> None:
    flat, image = np.full((4, 4), 7, np.uint8), np.arange(16, dtype=np.uint8)
    with pytest.raises(SettingError, match=r"robust range is 7\.0 to 7\.0; expected images with contrast"):
        fit([image, image], [flat, flat])


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (float("nan"), 1), (0, float("nan"))])
def test_a_range_that_does_not_rise_is_refused(low: float, high: float) -> None:
    with pytest.raises(SettingError):
        ChannelScale(low, high, "uint8")


def test_images_of_two_dtypes_are_refused_with_both_named() -> None:
    images = [np.arange(9, dtype=np.uint8), np.arange(9, dtype=np.uint16)]
    with pytest.raises(ArrayError, match=r"anatomy images of 2 dtypes \(uint16, uint8\)"):
        fit(images, images[:1] * 2)
    with pytest.raises(ArrayError, match="anatomy images of 0 dtypes"):
        fit([], [])


@few
@given(scales(), scales())
def test_plain_numbers_and_back_is_identity(anatomy: ChannelScale, tumour: ChannelScale) -> None:
    normalisation = Normalisation(anatomy, tumour)
    assert Normalisation.from_dict(asdict(normalisation)) == normalisation


RANGES = np.array([[0, 10, 100], [50, 60, 250]], np.uint16)  # two images of three pixels, as rows


def test_scaled_by_itself_every_image_fills_the_range() -> None:
    """Extremes 0 to 100 and 50 to 250; shared, neither would reach -1 and 1."""
    images = [row[None] for row in RANGES]
    own = fit(images, images, "per-image")
    for image in images:
        scaled = own.apply(image, "tumour")
        assert (scaled.min(), scaled.max()) == (-1, 1)
        assert own.share_outside(image * 2, "tumour") == 0


def test_scaled_by_itself_an_image_leads_back_to_the_median_extremes() -> None:
    images = [row[None] for row in RANGES]
    own = fit(images, images, "per-image")
    assert (own.tumour.low, own.tumour.high) == (25, 175)
    back = own.undo(np.float32([[-1, 0, 1]]), "tumour")
    assert back.tolist() == [[25, 100, 175]]
    assert back.dtype == np.uint16


def test_a_flat_image_scaled_by_itself_takes_the_common_range() -> None:
    images = [row[None] for row in RANGES]
    own = fit(images, images, "per-image")
    flat = np.full((1, 3), 100, np.uint16)
    assert own.apply(flat, "tumour").tolist() == [[0, 0, 0]]


def test_as_shared_two_images_of_different_brightness_stay_different() -> None:
    images = [row[None] for row in RANGES]
    own = fit(images, images, "per-image")
    bright, dim = images[1], images[1] // 2
    assert np.array_equal(own.apply(bright, "tumour"), own.apply(dim, "tumour"))
    shared = own.as_shared()
    assert not np.array_equal(shared.apply(bright, "tumour"), shared.apply(dim, "tumour"))
    assert shared.tumour.low == own.tumour.low


def test_the_kind_of_scaling_is_stored() -> None:
    images = [row[None] for row in RANGES]
    for scaling in ("shared", "per-image"):
        kept = fit(images, images, scaling)
        assert Normalisation.from_dict(asdict(kept)) == kept
        assert kept.anatomy.per_image == (scaling == "per-image")


def filled_pairs() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Four pairs of uneven light about 1000 and 500, of which the left half was filled in with 0."""
    rng = np.random.default_rng(0)
    anatomies = [np.rint(rng.normal(1000, 100, (40, 40))).astype(np.uint16) for _ in range(4)]
    tumours = [np.rint(rng.normal(500, 50, (40, 40))).astype(np.uint16) for _ in range(4)]
    for image in (*anatomies, *tumours):
        image[:, :20] = 0
    return anatomies, tumours


def test_fill_is_left_out_of_the_range() -> None:
    anatomies, tumours = filled_pairs()
    filled = fit(anatomies, tumours)
    light = [[image[:, 20:] for image in images] for images in (anatomies, tumours)]
    plain = fit(*light)
    assert (filled.anatomy, filled.tumour) == (plain.anatomy, plain.tumour)
    medians = [float(np.median(np.stack(images))) for images in light]
    assert filled.fill == FillValues(0.0, 0.0, *medians)
    assert plain.fill is None
    assert filled.tumour.low > 300, "0 would be the lowest percentile"


def test_fill_of_one_channel_alone_is_no_fill_of_the_pair() -> None:
    anatomies, tumours = filled_pairs()
    tumours = [np.where(image == 0, image[:, ::-1], image) for image in tumours]
    assert fit(anatomies, tumours).fill is None
    assert fit(tumours, anatomies).fill is None


def test_the_fill_is_stored_with_the_map_and_may_be_missing_in_older_models() -> None:
    normalisation = fit(*filled_pairs())
    content = asdict(normalisation)
    assert Normalisation.from_dict(content) == normalisation
    assert Normalisation.from_dict(content | {"fill": None}).fill is None
    del content["fill"]
    assert Normalisation.from_dict(content).fill is None


def test_fill_is_not_counted_as_light_of_another_brightness() -> None:
    anatomies, tumours = filled_pairs()
    normalisation = fit(anatomies, tumours)
    assert normalisation.share_outside(anatomies[0], "anatomy") < 0.01
    darker = np.where(anatomies[0] == 0, 0, anatomies[0] // 3).astype(np.uint16)
    assert normalisation.share_outside(darker, "anatomy") > 0.9
