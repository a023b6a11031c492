"""The mean of three orientations: each voxel in its own three planes, whatever the regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from metgan.data import ChannelScale, FillValues, Normalisation
from metgan.errors import ArrayError
from metgan.networks import LabelSpec, MetGen, MetGenSpec, UNetSpec, build
from metgan.synthesis import Inpainter, VolumeSource, inpaint_in_three_orientations, inpaint_region

FLOATS = Normalisation(ChannelScale(-1.0, 1.0, "float32"), ChannelScale(-1.0, 1.0, "float32"))
SHAPE = (40, 48, 56)
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def narrow(inpainter: Inpainter, settle: Callable[[Any], None]) -> Inpainter:
    stages = (3, 3, 4, 4, 4)
    network = build(lambda: MetGen(MetGenSpec(UNetSpec(stages, stages), LabelSpec(width=2, hidden=4))), 0)
    settle(network)
    card = replace(inpainter.card, normalisation=FLOATS)
    return Inpainter(network.eval(), card, "", torch.device("cpu"))


def volume(seed: int = 0) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 3)
    return (0.4 * smooth / smooth.std()).clip(-1, 1).astype(np.float32)


def label_of() -> np.ndarray:
    label = np.zeros(SHAPE, bool)
    label[10:14, 20:26, 30:35] = True
    return label


def source_of(anatomy: np.ndarray, label: np.ndarray, real: np.ndarray | None = None) -> VolumeSource:
    def reading(array: np.ndarray) -> Callable[[Sequence[slice]], np.ndarray]:
        return lambda region: array[tuple(region)]

    return VolumeSource(
        anatomy.shape, reading(anatomy), reading(label), None if real is None else reading(real)
    )


def whole(inpainter: Inpainter, source: VolumeSource, block: Sequence[int] = SHAPE) -> np.ndarray:
    made = np.empty(source.shape, inpainter.card.normalisation.tumour.dtype)
    for start in product(*(range(0, n, side) for n, side in zip(source.shape, block, strict=True))):
        region = tuple(slice(at, min(at + b, n)) for at, b, n in zip(start, block, source.shape, strict=True))
        made[region] = inpaint_in_three_orientations(inpainter, source, region)
    return made


def test_each_orientation_has_its_share(narrow: Inpainter, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the network gives the pixel in the next column: along X, X and Y."""

    def look_ahead(image: torch.Tensor, _: torch.Tensor, part: tuple[slice, ...], __: object) -> torch.Tensor:
        columns = (torch.arange(part[1].start, part[1].stop) + 1).clamp(max=image.shape[-1] - 1)
        return image[:, :, part[0]][..., columns]

    monkeypatch.setattr(narrow.generator, "translate_part", look_ahead)
    anatomy = volume()
    made = whole(narrow, source_of(anatomy, np.zeros(SHAPE, bool)), (17, 20, 31))
    along_x, along_y = anatomy[:, :, [*range(1, 56), 55]], anatomy[:, [*range(1, 48), 47]]
    margin = (slice(None), slice(0, 46), slice(0, 54))  # beyond it lies what the network is shown mirrored
    assert np.allclose(made[margin], ((2 * along_x + along_y) / 3)[margin], atol=1e-6)


def test_voxels_do_not_depend_on_the_regions(narrow: Inpainter) -> None:
    source = source_of(volume(), label_of())
    regions = (slice(8, 14), slice(20, 25), slice(30, 34)), (slice(10, 18), slice(22, 24), slice(28, 36))
    one, other = (inpaint_in_three_orientations(narrow, source, region) for region in regions)
    assert np.ptp(one) > 0.05
    assert np.abs(one[2:6, 2:4] - other[:4, :, 2:6]).max() < 1e-5
    (plane,) = inpaint_region(narrow, source, (slice(10, 11), *regions[0][1:]))
    assert np.abs(one[2] - plane).max() > 1e-3


def test_a_real_channel_is_kept_away_from_the_label(narrow: Inpainter) -> None:
    real = volume(1)
    made = whole(narrow, source_of(volume(), label_of(), real))
    far = ~ndimage.binary_dilation(label_of(), np.ones((3, 3, 3)), 3)
    assert np.abs(made - real)[far].max() < 1e-6
    assert (made > real + 1e-4).any()


def test_what_one_orientation_alone_takes_for_fill_has_the_mean_of_the_others(
    narrow: Inpainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet of the constant, one voxel thick, is an area along Z alone; a cube is one in each."""
    monkeypatch.setattr(
        narrow.generator,
        "translate_part",
        lambda image, _, part, __: torch.full_like(image, 0.5)[:, :, part[0], part[1]],
    )
    units = replace(FLOATS, fill=FillValues(-1.0, -1.0, 0.0, 0.0))
    ours = Inpainter(narrow.generator, replace(narrow.card, normalisation=units), "", torch.device("cpu"))
    anatomy = volume().clip(-0.9, 1)
    anatomy[5, 10:30, 10:30] = anatomy[20:30, 20:30, 20:30] = -1
    made = whole(ours, source_of(anatomy, np.zeros(SHAPE, bool)), (23, 25, 28))
    assert (made[20:30, 20:30, 20:30] == -1).all()
    made[20:30, 20:30, 20:30] = 0.5
    assert np.allclose(made, 0.5)


def test_a_volume_of_few_planes_is_refused(narrow: Inpainter) -> None:
    source = source_of(volume()[:7], label_of()[:7])
    with pytest.raises(ArrayError, match=r"7 x 48 x 56.*three orientations"):
        inpaint_in_three_orientations(narrow, source, tuple(slice(0, n) for n in source.shape))
