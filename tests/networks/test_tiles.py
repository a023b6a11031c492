"""Large images are computed in tiles, and have the pixels of the whole."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from metgan.networks import (
    EmptyFeatures,
    Generator,
    MetGen,
    MetGenSpec,
    Segmentor,
    UNet,
    UNetSpec,
    build,
    tiles,
)
from metgan.networks.pix2pix import Pix2PixGenerator, Pix2PixSpec
from metgan.networks.resnet import ResNetGenerator, ResNetSpec
from metgan.networks.tiles import apply_unet, divide
from metgan.networks.windows import cut, whole_of
from metgan.progress import progress

from .test_metgen import BEHIND, LABEL, TINY, lively, noise, spots

SIX = MetGenSpec(UNetSpec((2,) * 6, (2,) * 6), LABEL)  # the paper's depth
FOUR = MetGenSpec(UNetSpec((2,) * 4, (2,) * 4), LABEL)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 128 pixels with their surroundings, and images of more are large ones."""
    monkeypatch.setattr(tiles, "SIDE", 128)
    monkeypatch.setattr(tiles, "WHOLE", 128)


def in_tiles(network: Generator, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    return network.translate_part(image, label, whole_of(image))


@pytest.mark.parametrize("side", [768, 1024])
def test_no_tile_is_larger_than_a_tile_and_no_pixel_is_left_out(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiles, "SIDE", side)
    monkeypatch.setattr(tiles, "WHOLE", 1024)
    for sizes in ((4096, 4096), (1040, 1024), (3000, 700), (20_000, 64)):
        written = torch.zeros(sizes, dtype=torch.uint8)
        for tile in tiles.divide(sizes, 93):
            assert all(part.stop - part.start <= side for part in tile.region)
            written[tile.core] += 1
        assert (written == 1).all()
    assert len(tiles.divide((1024, 1024), 93)) == len(tiles.divide((512, 2048), 93)) == 1


@pytest.mark.parametrize(
    ("spec", "sides"), [(TINY, (70, 300)), (FOUR, (320, 90)), (SIX, (290, 330)), (BEHIND, (300, 64))]
)
def test_metgen_paints_a_large_image_in_tiles_with_the_pixels_of_the_whole(
    spec: MetGenSpec, sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image, label = lively(spec), noise(1, 1, *sides), spots(1, 1, *sides)
    with torch.inference_mode():
        whole, tiled = network.translate(image, label), in_tiles(network, image, label)
        torch.testing.assert_close(tiled, whole)
        monkeypatch.setattr("metgan.networks.metgen.fine_halo", lambda _: 16)  # too small: it can fail
        monkeypatch.setattr("metgan.networks.metgen._fine_label_halo", lambda _: 16)
        assert (in_tiles(network, image, label) - whole).abs().max() > 1e-6


@pytest.mark.parametrize("stages", [2, 4, 6])
def test_a_unet_reads_a_large_image_in_tiles_with_the_pixels_of_the_whole(
    stages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = UNet(UNetSpec((2,) * stages, (2,) * stages)).double().eval()
    plain.load_state_dict(_lively_weights(plain))
    image = noise(2, 1, 301, 78)
    with torch.inference_mode():
        whole = plain(image)
        torch.testing.assert_close(apply_unet(plain, image), whole)
        monkeypatch.setattr(tiles, "fine_halo", lambda _: 16)
        assert (apply_unet(plain, image) - whole).abs().max() > 1e-6 or stages == 2


def test_a_large_image_tells_by_tiles_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("metgan.progress.SLOW", 0.0)
    with torch.inference_mode(), progress("generate", 1):
        in_tiles(lively(FOUR), noise(1, 1, 320, 90), spots(1, 1, 320, 90))
    told = [line.split(", ")[-1] for line in capsys.readouterr().err.splitlines()]
    counts = [sum(line.startswith(kind) for line in told) for kind in ("coarse tile", "tile")]
    assert min(counts) > 1
    assert told == [
        f"{kind} {k + 1} of {count}"
        for kind, count in zip(("coarse tile", "tile"), counts, strict=True)
        for k in range(count)
    ]


@pytest.mark.parametrize("spec", [TINY, FOUR, SIX, BEHIND])
@pytest.mark.parametrize("start", [0, 101, 260])
def test_a_part_of_a_large_image_has_the_pixels_of_the_whole_and_its_decoder_sees_little_more(
    spec: MetGenSpec, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image, label = lively(spec), noise(1, 1, 90, 320), spots(1, 1, 90, 320)
    part, seen = (slice(20, 70), slice(start, start + 60)), []
    finest = network.image_pathway.up[0]
    with torch.inference_mode():
        whole = cut(network.translate(image, label), part)
        hook = finest.register_forward_hook(lambda _, given, __: seen.append(given[0][0, 0].numel()))
        torch.testing.assert_close(network.translate_part(image, label, part), whole)
        hook.remove()
        assert sum(seen) < 1.6 * 50 * 60
        monkeypatch.setattr("metgan.networks.metgen.coarse_stages", of_a_blank_image)
        assert (network.translate_part(image, label, part) - whole).abs().max() > 1e-6


def of_a_blank_image(unet: UNet, image: torch.Tensor, features: Sequence[torch.Tensor]) -> torch.Tensor:
    return tiles.coarse_stages(unet, torch.zeros_like(image), features)


def test_an_encoder_of_tiles_that_are_too_narrow_gives_other_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    network, image, label = lively(FOUR), noise(1, 1, 90, 320), spots(1, 1, 90, 320)
    with torch.inference_mode():
        whole = network.translate(image, label)
        monkeypatch.setattr(tiles, "encoder_halo", lambda _: 16)
        assert (in_tiles(network, image, label) - whole).abs().max() > 1e-6


@pytest.mark.parametrize("sides", [(90, 320), (64, 64)])  # in tiles, and as a whole
def test_features_of_an_empty_label_are_computed_once_for_images_of_one_place(sides: tuple[int, int]) -> None:
    network, part = lively(FOUR), (slice(10, 60), slice(5, 60))
    images = [noise(1, 1, *sides) * factor for factor in (1.0, 0.5, 0.2)]
    empty, far = torch.zeros(1, 1, *sides).double(), torch.zeros(1, 1, *sides).double()
    far[..., 40, 20 if sides[1] == 64 else 300] = 1
    labels = [empty, far, empty]
    calls: list[int] = []
    known: EmptyFeatures = {}
    with torch.inference_mode():
        hook = network.label_pathway.blocks[-1].register_forward_hook(lambda *_: calls.append(1))
        expected = [network.translate_part(*pair, part) for pair in zip(images, labels, strict=True)]
        each_time, calls[:] = len(calls), []
        made = [network.translate_part(*pair, part, known) for pair in zip(images, labels, strict=True)]
        hook.remove()
    assert all(map(torch.equal, made, expected))
    assert (expected[0] - 2 * expected[1]).abs().max() > 1e-6
    assert len(calls) <= each_time * 2 // 3
    assert len(known) > 0


def _lively_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    dice = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(value.shape, generator=dice, dtype=value.dtype) * 0.5 if value.dim() > 1 else value
        for name, value in network.state_dict().items()
    }


def test_pix2pix_is_tiled_by_its_halo_and_cyclegan_is_not() -> None:
    network: Generator = build(lambda: Pix2PixGenerator(Pix2PixSpec(width=2, depth=4)), 0).double().eval()
    image, label = noise(1, 1, 300, 90), spots(1, 1, 300, 90)
    with torch.inference_mode():
        torch.testing.assert_close(in_tiles(network, image, label), network.translate(image, label))
    resnet = ResNetGenerator(ResNetSpec(width=2, blocks=1)).double().eval()
    with torch.inference_mode():
        assert torch.equal(in_tiles(resnet, image, label), resnet.translate(image, label))


def test_a_network_that_trains_takes_the_image_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    network = lively(TINY)

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(MetGen, "translate_part", refuse)
    network.generate(noise(1, 1, 64, 64), spots(1, 1, 64, 64)).sum().backward()
    with torch.inference_mode(), pytest.raises(AssertionError):
        network.generate(noise(1, 1, 64, 64), spots(1, 1, 64, 64))


def test_the_released_segmentor_is_taken_as_a_whole() -> None:
    segmentor = Segmentor(UNetSpec((2,) * 3, (2,) * 3, align_corners=True)).eval()
    image = noise(1, 1, 300, 64).float()
    with torch.inference_mode():
        assert torch.equal(apply_unet(segmentor.unet, image), segmentor(image))


def test_tiles_cover_each_pixel_once_and_begin_on_the_grid() -> None:
    seen = torch.zeros(450, 390)
    for tile in divide(seen.shape, 30, 32):
        seen[tile.core] += 1
        assert all(side.start % 32 == 0 for side in tile.region)
        assert all(side.stop - side.start <= 128 for side in tile.region)
    assert bool((seen == 1).all())
