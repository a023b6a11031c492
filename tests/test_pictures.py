"""Pictures decoded again: grey values follow the stated scale, outlines are drawn, bytes repeat."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from metgan.panels import Panel, compare_images
from metgan.pictures import (
    COMPARED,
    COMPARISON,
    Band,
    draw_bands,
    draw_bars,
    draw_comparison,
    draw_curves,
    draw_grid,
)

ORANGE = (255, 176, 0)


def decoded(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def share(picture, colour, tolerance=2):
    """Return the share of pixels of that colour."""
    return (np.abs(picture - np.array(colour)) <= tolerance).all(-1).mean()


def commonest(picture):
    """Return the commonest colour other than the white of the page."""
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    counts[(colours == 255).all(1)] = 0
    return tuple(colours[counts.argmax()].tolist())


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(st.integers(0, 90), st.sampled_from([(0.0, 100.0), (-50.0, 150.0)]))
def test_a_grey_value_is_its_place_on_the_stated_scale(value, scale):
    """Within two of 256 greys: matplotlib cuts off fractions twice, for its table of greys and for bytes."""
    low, high = scale
    picture = decoded(draw_grid([[Panel(np.full((4, 4), value), low, high)]], [""]))
    grey = 255 * (value - low) / (high - low)
    assert commonest(picture) == pytest.approx((grey,) * 3, abs=2)


def test_a_bright_neighbour_in_the_image_does_not_change_the_scale():
    dim = np.full((8, 8), 40.0)
    hot = dim.copy()
    hot[0, 0] = 1e6
    one, other = (commonest(decoded(draw_grid([[Panel(i, 0, 100)]], [""]))) for i in (dim, hot))
    assert one == other
    stretched = commonest(decoded(draw_grid([[Panel(hot, hot.min(), hot.max())]], [""])))
    assert stretched != one


def test_an_outline_is_drawn_only_where_a_mask_has_an_edge():
    image, mask = np.zeros((16, 16)), np.zeros((16, 16), bool)
    disc = mask.copy()
    disc[5:11, 5:11] = True
    outlined, empty, full, none = (
        share(decoded(draw_grid([[Panel(image, 0, 1, outline)]], [""])), ORANGE, 40)
        for outline in (disc, mask, ~mask, None)
    )
    assert outlined > 0.0005
    assert empty == full == none == 0


def test_differences_are_red_above_and_blue_below_and_white_at_zero():
    colours = [
        commonest(decoded(draw_grid([[Panel(np.full((4, 4), v), -1, 1, colours="difference")]], [""])))
        for v in (-1.0, 1.0)
    ]
    (red_below, _, blue_below), (red_above, _, blue_above) = colours
    assert blue_below > red_below
    assert red_above > blue_above


def test_a_difference_says_on_which_scale_it_is_drawn():
    """No difference is white on any scale, so that only the words can differ."""
    none = np.zeros((4, 4))
    one, other = (draw_grid([[Panel(none, -r, r, colours="difference")]], [""]) for r in (1, 0.25))
    assert one != other


@pytest.mark.parametrize("sign", [1, -1])
def test_a_compared_image_that_is_too_bright_differs_upwards(sign):
    real = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)
    mask = np.zeros((8, 8), bool)
    difference = compare_images(real, mask, real + np.float32(sign * 0.1), real)[
        COMPARISON.index("difference")
    ]
    assert difference.image == pytest.approx(sign * 0.1, abs=1e-6)
    assert difference.low == -difference.high
    assert "generated minus real" in COMPARED


def test_rows_of_a_comparison_share_the_widest_scale_of_differences():
    """The same difference of 0.1, once beside a wide grey scale: alone, each row has a scale of its own."""
    wide, narrow = np.linspace(-1, 1, 64).reshape(8, 8), np.linspace(-0.1, 0.1, 64).reshape(8, 8)
    rows = [compare_images(real, real > 2, real + 0.1, real) for real in (wide, narrow)]
    place = COMPARISON.index("difference")
    assert rows[0][place].high > 4 * rows[1][place].high
    shared = [
        [*row[:place], replace(row[place], low=-reach, high=reach)]
        for row, reach in zip(rows, [rows[0][place].high] * 2, strict=True)
    ]
    assert draw_comparison(rows) == draw_grid(shared, COMPARISON)
    assert draw_comparison(rows) != draw_grid(rows, COMPARISON)
    assert "the same in all rows" in COMPARED


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3))
def test_a_grid_grows_with_its_rows_and_columns(rows, columns):
    panel = Panel(np.zeros((4, 4)), 0, 1)
    grid = draw_grid([[panel] * columns] * rows, ["heading"] * columns, ["name"] * rows)
    height, width, _ = decoded(grid).shape
    assert (height, width) == pytest.approx((110 * (2.1 * rows + 0.35), 110 * (2.1 * columns + 0.3)), abs=2)
    assert grid[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_grid_of_shrunken_panels_has_the_size_and_outline_of_one_of_small_panels():
    small, large = np.zeros((400, 400), bool), np.zeros((1600, 1600), bool)
    small[100:300, 100:300] = large[400:1200, 400:1200] = True
    one, other = (
        decoded(draw_grid([[Panel(mask * 1.0, 0, 2, outline=mask)]], ["tumour"])) for mask in (small, large)
    )
    assert one.shape == other.shape
    assert (one != other).any(-1).mean() < 0.02
    assert share(other, ORANGE, 40) > 0.0005


def test_the_same_panels_give_the_same_bytes_and_others_do_not():
    one, again, other = (
        draw_grid([[Panel(np.full((4, 4), v), 0, 10)]], ["anatomy"]) for v in (3.0, 3.0, 4.0)
    )
    assert one == again
    assert one != other


def test_curves_that_span_decades_are_drawn_on_a_log_scale():
    """1, 10, ..., 10^4 is straight on a log scale alone, 1, 2, ..., 5 on a linear one alone."""
    steps = [0, 1, 2, 3, 4]
    curved, straight = (
        draw_curves({"loss": (steps, ys)}, "Loss") for ys in ([10.0**k for k in steps], [1.0, 2, 3, 4, 5])
    )
    blue = (31, 119, 180)  # matplotlib's first colour

    def middle(png):
        picture = decoded(png)
        rows, columns = np.nonzero((np.abs(picture - np.array(blue)) < 30).all(-1))
        at_centre = np.abs(columns - (columns.min() + columns.max()) / 2) < 6
        return (np.median(rows[at_centre]) - rows.min()) / (rows.max() - rows.min())

    assert middle(curved) == pytest.approx(0.5, abs=0.06)
    assert middle(straight) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("values", [[0.0, 0.0], [float("nan"), 1.0], [5.0, 5.0], [-1.0, 2.0]])
def test_curves_of_zeros_gaps_constants_and_negatives_are_drawn(values):
    assert decoded(draw_curves({"loss": ([0, 1], values)}, "Loss")).shape == (330, 572, 3)


def test_bands_reach_from_least_to_most_and_single_points_have_bars() -> None:
    line = {"real": Band([1, 2, 3], [0.5, 0.6, 0.7], [0.4, 0.5, 0.6], [0.6, 0.7, 0.8])}
    thin = {"real": Band([1, 2, 3], [0.5, 0.6, 0.7], [0.5, 0.6, 0.7], [0.5, 0.6, 0.7])}
    point = {"real": Band([2], [0.6], [0.4], [0.8])}
    bare = {"real": Band([2], [0.6], [0.6], [0.6])}
    assert inked(draw_bands(line, "Dice", "samples")) > inked(draw_bands(thin, "Dice", "samples"))
    assert inked(draw_bands(point, "Dice", "samples")) != inked(draw_bands(bare, "Dice", "samples"))
    assert draw_bands(line, "Dice", "samples") == draw_bands(line, "Dice", "samples")


def test_longer_bars_are_for_larger_numbers_and_each_series_has_its_colour() -> None:
    picture = decoded(draw_bars(["one", "two"], {"found": [1, 4], "false": [2, 2]}, "per fold"))
    blue, orange = share(picture, (31, 119, 180)), share(picture, (255, 127, 14))
    assert blue / orange == pytest.approx(5 / 4, rel=0.05)


LONG = (
    "real and synthetic in unlabelled scans (contrast, insert), balanced, strong augmentation, 2x the steps"
)
BLUE, ORANGE_LINE = (31, 119, 180), (255, 127, 14)  # matplotlib's first colours


def columns_of(picture, colour):
    return np.nonzero((np.abs(picture - np.array(colour)) < 30).all(-1).any(0))[0]


def assert_nothing_is_cut_off(picture):
    edges = (picture[:2], picture[-2:], picture[:, :2], picture[:, -2:])
    assert all((edge == 255).all() for edge in edges)


def test_an_axis_of_scores_does_not_go_below_zero() -> None:
    """A line of zeros lies on the axis, not in the middle of a picture that goes from -0.05 to 0.05."""
    picture = decoded(draw_curves({"Dice": ([1, 2, 3], [0.0, 0.0, 0.0])}, "validation"))
    rows = np.nonzero((np.abs(picture - np.array(BLUE)) < 30).all(-1)[:, : picture.shape[1] // 2])[0]
    assert np.median(rows) > 0.75 * picture.shape[0]


def test_long_names_leave_the_lines_their_room() -> None:
    line = Band([1, 2, 3], [0.5, 0.6, 0.7], [0.5, 0.6, 0.7], [0.5, 0.6, 0.7])
    picture = decoded(draw_bands({f"{LONG}, {k}": line for k in range(6)}, "Dice", "samples"))
    # The last line lies over the others; its own sample in the legend is far shorter.
    columns = columns_of(picture, (140, 86, 75))
    assert np.ptp(columns) > 0.7 * picture.shape[1]
    assert_nothing_is_cut_off(picture)


def test_long_names_of_bars_are_not_cut_off() -> None:
    bars = {"found": [4.0, 4.0, 4.0], "false": [2.0, 2.0, 2.0]}
    picture = decoded(draw_bars([LONG, "real", LONG], bars, "per fold"))
    assert_nothing_is_cut_off(picture)
    assert np.ptp(columns_of(picture, BLUE)) > 0.4 * picture.shape[1]


def test_points_of_equal_numbers_stand_side_by_side() -> None:
    """Drawn over each other, the second would hide the first."""
    point = Band([24], [0.6], [0.5], [0.7])
    far = Band([240], [0.6], [0.6], [0.6])
    picture = decoded(draw_bands({"one": point, "other": point, "far": far}, "Dice", "samples"))
    left = picture[:, : picture.shape[1] // 4]  # the legend is at the right
    assert share(left, BLUE, 30) == pytest.approx(share(left, ORANGE_LINE, 30), rel=0.3)


def test_points_that_all_have_one_number_stand_together() -> None:
    """Else the axis shows how little they were moved aside: 7.9945, 7.9960 and so on."""
    point = Band([8], [0.6], [0.5], [0.7])
    picture = decoded(draw_bands({"one": point, "other": point}, "Dice", "samples"))
    left = picture[:, : 3 * picture.shape[1] // 4]  # the legend is at the right
    one, other = (np.median(columns_of(left, colour)) for colour in (BLUE, ORANGE_LINE))
    assert 0 < other - one < 0.1 * picture.shape[1]


def inked(png):
    return int((decoded(png) < 250).any(-1).sum())
