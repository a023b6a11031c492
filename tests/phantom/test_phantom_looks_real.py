"""Numbers that say whether the phantom looks like a scan, beside those of cortex and of cleared brain."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from metgan.phantom import ORGANS, PhantomPair, PhantomSettings, draw_pairs
from metgan.types import AnyArray

WINDOW = 128
Measure = Callable[[AnyArray], float]


def spectrum_slope(picture: AnyArray) -> float:
    """Slope of log power over log frequency, 0.03 to 0.3 cycles per pixel, of the logarithm of a square."""
    light = np.log(picture.astype(float) + 1)
    taper = np.hanning(len(light))
    power = np.abs(np.fft.fft2((light - light.mean()) * np.outer(taper, taper))) ** 2
    axis = np.fft.fftfreq(len(light))
    ring = (np.hypot(axis[:, None], axis) * 64).astype(int)  # 1/64 cycles per pixel wide
    mean = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    frequency = (np.arange(len(mean)) + 0.5) / 64
    fitted = (frequency > 0.03) & (frequency < 0.3)
    return float(np.polyfit(np.log(frequency[fitted]), np.log(mean[fitted]), 1)[0])


def grain(picture: AnyArray) -> float:
    """Correlation of neighbours in a row, once what is smoother than 3 pixels is taken away."""
    light = picture.astype(float)
    fine = light - ndimage.gaussian_filter(light, 3)
    return float((fine[:, 1:] * fine[:, :-1]).mean() / fine.var())


def spread(picture: AnyArray) -> float:
    """The 95th percentile over the median: of the tissue, as tumours cover less than a twentieth."""
    return float(np.percentile(picture, 95) / np.median(picture))


# Medians over windows of cellfinder's and DELiVR's published test data, printed and compared by
#     METGAN_REAL_DATA=/path/to/lsfm_real pytest -m real -s tests/data/test_phantom_looks_real.py
REAL: dict[Measure, dict[str, float]] = {
    spectrum_slope: {"cortex anatomy": -2.20, "cortex signal": -2.15, "cleared brain": -2.89},
    grain: {"cortex anatomy": 0.76, "cortex signal": 0.76, "cleared brain": 0.49},
    spread: {"cortex anatomy": 1.29, "cortex signal": 1.39, "cleared brain": 1.18},
}
SLACK = 0.08  # of the largest value: the phantom has four organs that the scans do not show


def is_like_real(measure: Measure, value: float) -> bool:
    """Whether a value lies between the real channels' lowest and highest, or not far outside."""
    known = REAL[measure].values()
    slack = SLACK * max(map(abs, known))
    return min(known) - slack < value < max(known) + slack


def windows(stack: AnyArray, tissue: AnyArray) -> list[AnyArray]:
    """Side by side windows of the planes (Z, Y, X) that lie in the tissue."""
    step = WINDOW // 2
    return [
        plane[y : y + WINDOW, x : x + WINDOW]
        for plane, inside in zip(stack, tissue, strict=True)
        for y in range(0, plane.shape[0] - WINDOW + 1, step)
        for x in range(0, plane.shape[1] - WINDOW + 1, step)
        if inside[y : y + WINDOW, x : x + WINDOW].mean() > 0.95
    ]


@pytest.fixture(scope="module")
def phantom() -> list[PhantomPair]:
    """Sixty pairs as they come by default."""
    return list(draw_pairs(60, PhantomSettings(), seed=21))


@pytest.fixture(scope="module")
def real() -> dict[str, list[AnyArray]]:
    """Windows of the real channels, by name."""
    folder = Path(os.environ.get("METGAN_REAL_DATA", "/nowhere"))
    if not (folder / "cfB_image.tif").exists():
        pytest.skip("METGAN_REAL_DATA names no folder with cfB_image.tif")
    cortex = tifffile.imread(folder / "cfB_image.tif")[::5]  # (Z, C, Y, X)
    tissue = tifffile.imread(folder / "cfB_tissue.tif")[::5] > 0
    cleared = tifffile.imread(folder / "delivr_cfos_image.tif")[:, ::5].reshape(-1, 200, 200)
    return {
        "cortex anatomy": windows(cortex[:, 0], tissue),
        "cortex signal": windows(cortex[:, 1], tissue),
        "cleared brain": windows(cleared, np.ones(cleared.shape, dtype=bool)),
    }


@pytest.mark.parametrize("channel", ["anatomy", "tumour"])
@pytest.mark.parametrize("measure", REAL)
def test_a_typical_picture_lies_among_the_real_ones(
    phantom: list[PhantomPair], channel: str, measure: Measure
) -> None:
    assert is_like_real(measure, float(np.median([measure(getattr(pair, channel)) for pair in phantom])))


@pytest.mark.parametrize("measure", REAL)
def test_noise_without_tissue_would_not_pass_for_a_scan(measure: Measure) -> None:
    noise = np.random.default_rng(0).poisson(1000, (WINDOW, WINDOW))
    assert not is_like_real(measure, measure(noise))


def test_the_tumour_channel_has_a_bright_tail_and_the_anatomy_less_of_one(phantom: list[PhantomPair]) -> None:
    tail = {
        channel: np.median(
            [
                np.ptp(np.percentile(getattr(pair, channel), [50, 99.8]))
                / np.ptp(np.percentile(getattr(pair, channel), [5, 50]))
                for pair in phantom
            ]
        )
        for channel in ("anatomy", "tumour")
    }
    assert tail["tumour"] > 1.3 * tail["anatomy"]


def test_no_row_or_column_stands_out_as_a_stripe_or_a_seam() -> None:
    calm = PhantomSettings(edge_fraction=0.0, confusers_per_image=0.0, empty_fraction=1.0)
    rows, columns = np.zeros((2, calm.size))
    for pair in draw_pairs(40, calm, seed=9):
        light = np.log(pair.tumour.astype(float))
        rows += (light - light.mean()).mean(axis=1) / 40
        columns += (light - light.mean()).mean(axis=0) / 40
    for profile in (rows, columns):
        bends = np.diff(profile, 2)
        assert np.abs(bends).max() < 6 * bends.std()
        assert abs(profile[0] - profile[-1]) < 0.25


@pytest.mark.slow
def test_organs_can_be_told_apart_by_their_texture(phantom: list[PhantomPair]) -> None:
    # Nearest neighbour, among other animals, in numbers that know nothing of brightness; chance is 0.2.
    pairs = list(draw_pairs(150, PhantomSettings(edge_fraction=0.0, confusers_per_image=0.0), seed=13))
    numbers = np.array([texture(pair.anatomy) for pair in pairs])  # (pair, number)
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    away = np.linalg.norm(numbers[:, None] - numbers[None], axis=2)
    animals = np.array([pair.group for pair in pairs])
    away[animals[:, None] == animals] = np.inf
    organs = np.array([list(ORGANS).index(pair.organ) for pair in pairs])
    assert (organs[away.argmin(axis=1)] == organs).mean() > 0.6


def texture(picture: AnyArray) -> list[float]:
    """Logarithmic contrast in three bands of sizes, skew and direction, all independent of the gain."""
    light = np.log(picture.astype(float))
    blurred = [light, *(ndimage.gaussian_filter(light, sigma) for sigma in (1, 2, 4, 8))]
    bands = [fine - coarse for fine, coarse in pairwise(blurred[1:])]
    skews = [float((band**3).mean() / band.std() ** 3) for band in bands]
    gy, gx = np.gradient(blurred[1])
    moment = np.array([[(gy * gy).mean(), (gy * gx).mean()], [(gy * gx).mean(), (gx * gx).mean()]])
    low, high = np.linalg.eigvalsh(moment)
    return [*(float(np.log(band.std())) for band in bands), *skews, float(np.log(high / low))]


@pytest.mark.real
@pytest.mark.parametrize("measure", REAL)
def test_the_numbers_for_the_real_channels_are_what_the_data_give(
    real: dict[str, list[AnyArray]], measure: Measure
) -> None:
    typical = {name: float(np.median([measure(window) for window in found])) for name, found in real.items()}
    print(f"\n{measure.__name__}: {typical}")
    assert typical == pytest.approx(REAL[measure], abs=0.006)
