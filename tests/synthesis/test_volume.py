"""A volume is generated region by region, and its voxels do not depend on the regions."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from metgan.data import ChannelScale, FillValues, Normalisation
from metgan.errors import SettingError
from metgan.images import OmeZarrLayout, open_image, writing_ome_zarr
from metgan.labels import extend_light, fill_of
from metgan.networks import (
    GENERATORS,
    Generator,
    GeneratorName,
    LabelSpec,
    MetGen,
    MetGenSpec,
    Pix2PixGenerator,
    Pix2PixSpec,
    UNetSpec,
    build,
    make_generator,
)
from metgan.synthesis import (
    TUMOURS,
    Inpainter,
    VolumeSource,
    inpaint_region,
    inpaint_volume,
    refuse_dependent_on_size,
)

FLOATS = Normalisation(ChannelScale(0.0, 900.0, "float32"), ChannelScale(-1.0, 1.0, "float32"))
FILL = FillValues(anatomy=0.0, tumour=-5.0, usual_anatomy=400.0, usual_tumour=0.2)
CAMERA = Normalisation(
    ChannelScale(100.0, 900.0, "uint16"), ChannelScale(50.0, 650.0, "uint16", ceiling=4095.0)
)
_STAGES = (3, 3, 4, 4, 4)
NARROW: dict[str, Callable[[], Generator]] = {
    "metgen": lambda: MetGen(MetGenSpec(UNetSpec(_STAGES, _STAGES), LabelSpec(width=2, hidden=4))),
    "pix2pix": lambda: Pix2PixGenerator(Pix2PixSpec(width=2, depth=6)),
}
"""As deep as the preset small, and as far-sighted; with few channels."""
WIDE = (1, 70, 1300)  # the network sees 351 pixels around one: the middle of it sees neither end
pytestmark = [pytest.mark.volume, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def make_narrow(inpainter: Inpainter, settle: Callable[[Any], None]) -> Callable[[str], Inpainter]:
    def make(name: str) -> Inpainter:
        network = build(NARROW[name], 3)
        settle(network)
        return Inpainter(network.eval(), inpainter.card, "", torch.device("cpu"))

    return make


@pytest.fixture(scope="module")
def narrow(make_narrow: Callable[[str], Inpainter]) -> Inpainter:
    return make_narrow("metgen")


def compute_in_double(network: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    single = network.double().translate_part
    monkeypatch.setattr(
        network, "translate_part", lambda image, label, *rest: single(image.double(), label.double(), *rest)
    )


def volume(shape: Sequence[int], dtype: str, seed: int = 0) -> np.ndarray:
    """A smooth anatomy with noise, 100 to 900."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.random(shape), (0, 6, 6))
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (100 + 700 * smooth + 100 * rng.random(shape)).astype(dtype)


def label_of(shape: Sequence[int], seed: int = 1) -> np.ndarray:
    """Blobs of a few pixels."""
    return ndimage.gaussian_filter(np.random.default_rng(seed).random(shape), (0, 2, 2)) > 0.57


def source_of(anatomy: np.ndarray, label: np.ndarray, real: np.ndarray | None = None) -> VolumeSource:
    def reading(array: np.ndarray) -> Callable[[Sequence[slice]], np.ndarray]:
        def read(region: Sequence[slice]) -> np.ndarray:
            for side, length in zip(region, array.shape, strict=True):
                assert 0 <= side.start < side.stop <= length
            return array[tuple(region)]

        return read

    reals = None if real is None else reading(real)
    return VolumeSource(anatomy.shape, reading(anatomy), reading(label), reals)


def regions(shape: Sequence[int], block: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    sides = [
        [slice(at, min(at + side, n)) for at in range(0, n, side)]
        for n, side in zip(shape, block, strict=True)
    ]
    return product(*sides)


def whole(inpainter: Inpainter, source: VolumeSource, block: Sequence[int]) -> np.ndarray:
    made = np.zeros(source.shape, inpainter.card.normalisation.tumour.dtype)
    for region in regions(source.shape, block):
        made[region] = inpaint_region(inpainter, source, region)
    return made


def with_units(inpainter: Inpainter, units: Normalisation) -> Inpainter:
    card = replace(inpainter.card, normalisation=units)
    return Inpainter(inpainter.generator, card, "test", torch.device("cpu"))


@pytest.mark.parametrize("name", ["metgen", "pix2pix"])
def test_the_voxels_are_those_of_the_whole_plane_whatever_the_regions(
    make_narrow: Callable[[str], Inpainter], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In double precision to the last bits, so that what differs in single is rounding alone."""
    ours = with_units(make_narrow(name), FLOATS)
    network = ours.generator
    anatomy, label = volume(WIDE, "float32"), label_of(WIDE)
    source = source_of(anatomy, label)
    expected = ours.inpaint(anatomy[0], label[0])
    assert expected.std() > 1e-2
    assert np.abs(whole(ours, source, (1, 70, 500))[0] - expected).max() < 1e-4
    compute_in_double(network, monkeypatch)
    expected = ours.inpaint(anatomy[0], label[0])
    for block in ((1, 70, 256), (1, 33, 500)):
        assert np.abs(whole(ours, source, block)[0] - expected).max() < 1e-6


def test_regions_without_their_halo_show_seams(narrow: Inpainter, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = with_units(narrow, FLOATS)
    anatomy = ndimage.gaussian_filter(volume(WIDE, "float32"), (0, 3, 3))
    label = np.zeros(WIDE, bool)
    source = source_of(anatomy, label)
    expected = ours.inpaint(anatomy[0], label[0])
    natural = seam(expected, 256)  # the network's own grid shows there, too
    assert seam(whole(ours, source, (1, 70, 256))[0], 256) == pytest.approx(natural, rel=0.01)
    monkeypatch.setattr(type(ours.generator), "halo", 0)
    without = whole(ours, source, (1, 70, 256))[0]
    assert np.abs(without - expected).max() > 1e-3
    assert seam(without, 256) > 3 * natural


def seam(image: np.ndarray, every: int) -> float:
    """How large the mean jump across borders between blocks is, in mean jumps between other columns."""
    jumps = np.abs(np.diff(image.astype(float), axis=1)).mean(0)
    borders = np.arange(every - 1, len(jumps), every)
    return float(jumps[borders].mean() / np.delete(jumps, borders).mean())


@pytest.mark.parametrize("seed", range(3))
def test_what_is_shown_where_planes_were_filled_in_is_that_of_the_whole_plane(
    make_narrow: Callable[[str], Inpainter], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Columns: dark light to 700, fill to 1100, bright light to 1300, fill to 2900, light.

    A stand-in for the network gives what it is shown 300 columns further. Seen from the block that ends at
    700, the fill from 900 on is as bright as light that the network does not see.
    """

    def look_ahead(
        image: torch.Tensor, _: torch.Tensor, part: tuple[slice, ...], *_known: object
    ) -> torch.Tensor:
        rows, columns = part
        ahead = torch.arange(columns.start, columns.stop) + 300
        return image[:, :, rows][..., ahead.clamp(max=image.shape[-1] - 1)]

    ours = with_units(make_narrow("metgen"), replace(FLOATS, fill=FILL))
    monkeypatch.setattr(ours.generator, "translate_part", look_ahead)
    shape = (1, 40, 3000)
    anatomy, label = volume(shape, "float32", seed) / 4, label_of(shape, seed + 9)
    label[..., 690:2900] = False
    anatomy[..., 1100:1300] *= 4
    anatomy[..., 700:1100] = anatomy[..., 1300:2900] = 0
    anatomy[:, :20, 500:700] = 0
    label[0, 5:9, 1800:1804] = True  # asked for where nothing was imaged
    made = whole(ours, source_of(anatomy, label), (1, 40, 350))[0]
    expected = ours.inpaint(anatomy[0], label[0])
    assert np.abs(made - expected).max() < 1e-5
    assert (made[:, 2000:2800] == FILL.tumour).all()
    assert made[6, 1801] != FILL.tumour
    # The fill is not light: taken for tissue, what is generated beside it is another.
    plain = with_units(ours, FLOATS).inpaint(anatomy[0], label[0])
    assert np.abs(plain[:, 650:690] - made[:, 650:690]).max() > 1e-3


def test_light_that_goes_on_into_fill_is_decided_within_one_and_a_half_halos() -> None:
    """The bound that `inpaint_region` reads by, on random fill."""
    rng, halo = np.random.default_rng(0), 20
    for _ in range(20):
        image = rng.integers(1, 999, (120, 200)).astype(np.float32)
        image[ndimage.gaussian_filter(rng.random(image.shape), 8) > 0.5] = 0
        fill = fill_of(image, 0)
        extended = extend_light(image, fill, 1.0)
        context = halo + int(np.ceil(np.sqrt(2) * halo)) + 5
        columns = slice(90, 110)
        read = slice(90 - context, 110 + context)
        part = extend_light(image[:, read], fill_of(image[:, read], 0), 1.0)
        seen = ndimage.binary_dilation(~fill[:, columns], np.ones((3, 3)), halo)  # within reach, same columns
        ours = part[:, columns.start - read.start : columns.stop - read.start]
        assert np.allclose(ours[seen], extended[:, columns][seen], atol=1e-4)


def test_a_plane_is_what_inpaint_gives_of_it_within_one_grey_level(narrow: Inpainter) -> None:
    ours = with_units(narrow, CAMERA)
    shape = (3, 64, 400)
    anatomy, label = volume(shape, "uint16"), label_of(shape)
    label[1] = False
    made = whole(ours, source_of(anatomy, label), (2, 64, 128))
    assert made.dtype == np.uint16
    for k in range(len(anatomy)):
        expected = ours.inpaint(anatomy[k], label[k]).astype(int)
        assert np.ptp(expected) > 1
        assert np.abs(made[k] - expected).max() <= 1


def test_the_camera_s_ceiling_is_kept_and_real_light_beyond_it_too(inpainter: Inpainter) -> None:
    units = replace(CAMERA, tumour=replace(CAMERA.tumour, ceiling=300.0))
    ours = with_units(inpainter, units)
    anatomy, label = volume((1, 64, 64), "uint16"), label_of((1, 64, 64))
    assert whole(ours, source_of(anatomy, label), (1, 64, 64)).max() == 300
    real = np.full(anatomy.shape, 400, np.uint16)
    real[:, :32] = 100
    made = whole(ours, source_of(anatomy, label, real), (1, 64, 64))
    assert (made[:, 32:] == 400).all()
    assert made[:, :32].max() <= 300


def test_inserting_keeps_each_pixel_away_from_the_labels_and_does_not_depend_on_the_regions(
    inpainter: Inpainter,
) -> None:
    ours = with_units(inpainter, FLOATS)
    shape = (2, 70, 1000)
    anatomy, real = volume(shape, "float32"), volume(shape, "float32", 5) / 1000
    label = np.zeros(shape, bool)
    label[0, 20:30, 513:524] = True  # beside a border of the one, within the other regions
    label[0, 33:37, 100:109] = True
    source = source_of(anatomy, label, real)
    made, other = whole(ours, source, (2, 70, 512)), whole(ours, source, (1, 35, 400))
    far = ~ndimage.binary_dilation(label[0], np.ones((3, 3)), 3)
    assert (made[0][far] == real[0][far]).all()
    assert (made[1] == real[1]).all()
    assert (made >= real).all()
    assert (made[0] > real[0])[20:30, 510:512].any()  # beyond the border
    assert np.abs(made - other).max() < 1e-4


def test_fill_and_planes_without_labels_cost_no_call_of_the_network(
    inpainter: Inpainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = with_units(inpainter, replace(CAMERA, fill=replace(FILL, tumour=7)))
    anatomy, label = np.zeros((2, 64, 64), np.uint16), np.zeros((2, 64, 64), bool)
    calls = []
    network = type(ours.generator)
    before = network.translate_part
    monkeypatch.setattr(network, "translate_part", lambda *given: calls.append(1) or before(*given))
    assert (whole(ours, source_of(anatomy, label), (2, 64, 64)) == 7).all()
    real = volume(anatomy.shape, "uint16")
    light = volume(anatomy.shape, "uint16", 2)
    assert (whole(ours, source_of(light, label, real), (2, 64, 64)) == real).all()
    assert not calls
    whole(ours, source_of(light, label), (2, 64, 64))  # no label, and generated all the same
    assert len(calls) == 2


@pytest.mark.parametrize("name", GENERATORS)
def test_only_a_generator_with_a_halo_takes_volumes(inpainter: Inpainter, name: GeneratorName) -> None:
    network = make_generator(name, "small").eval()
    card = replace(inpainter.card, generator=name)
    ours = Inpainter(network, card, "", torch.device("cpu"))
    if name != "resnet":
        refuse_dependent_on_size(ours)
        return
    with pytest.raises(SettingError, match=r"generator resnet, preset small.*depend on the size"):
        refuse_dependent_on_size(ours)


def test_a_model_of_images_scaled_one_by_one_is_refused(inpainter: Inpainter) -> None:
    alone = replace(CAMERA, anatomy=replace(CAMERA.anatomy, per_image=True))
    with pytest.raises(SettingError, match="each scaled by its own range"):
        refuse_dependent_on_size(with_units(inpainter, alone))


def test_memory_does_not_grow_with_the_number_of_planes(tmp_path: Path, narrow: Inpainter) -> None:
    inpainter = with_units(narrow, CAMERA)

    def peak(planes: int) -> int:
        shape = (planes, 256, 256)

        def read(region: Sequence[slice]) -> np.ndarray:  # a made-up volume that is nowhere in memory
            sides = [side.stop - side.start for side in region]
            return np.full(sides, 500 + region[0].start, np.uint16)

        source = VolumeSource(shape, read, lambda region: read(region) < 0)
        layout = OmeZarrLayout(
            shape=shape, dtype="uint16", labels={TUMOURS: "uint8"}, chunks=(4, 128, 128), blocks=(4, 256, 256)
        )
        tracemalloc.start()
        with writing_ome_zarr(tmp_path / f"{planes}.zarr", layout, "test") as writer:
            inpaint_volume(writer, inpainter, source)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert open_image(tmp_path / f"{planes}.zarr").shape == shape
        return most

    peak(4)  # what is loaded once
    few, many = (peak(16), peak(48))  # 4 and 12 blocks, of which one to three are in memory
    added = 32 * 256 * 256 * 2
    assert many < few + added / 2
