"""Of an image in its surroundings, the decoder computes what the image depends on, and no more."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from metgan.networks import MetGenSpec, UNetSpec, windows
from metgan.networks.blocks import mirror
from metgan.networks.spade import LabelSpec
from metgan.networks.windows import cut, windows_of

from .test_metgen import BEHIND, LABEL, TINY, lively, noise, spots
from .test_tiles import FOUR, SIX

TAPS_SIX = MetGenSpec(UNetSpec((2,) * 4, (2,) * 4), LabelSpec(LABEL.width, LABEL.hidden, taps="six"))
ONE = MetGenSpec(UNetSpec((2,), (2,)), LABEL)


@pytest.mark.parametrize("spec", [TINY, FOUR, SIX, BEHIND, TAPS_SIX, ONE])
@pytest.mark.parametrize("sides", [(70, 101), (64, 64)])
def test_a_painting_has_the_pixels_of_the_whole_with_its_surroundings(
    spec: MetGenSpec, sides: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image, label = lively(spec), noise(2, 1, *sides), spots(2, 1, *sides)
    inner = tuple(slice(network.margin, network.margin + side) for side in sides)
    with torch.inference_mode():
        surrounded = [mirror(x, network.margin) for x in (image, label)]
        whole = cut(network.translate(*surrounded), inner).clamp(-1, 1)
        torch.testing.assert_close(network.generate(image, label), whole)
        monkeypatch.setattr("metgan.networks.metgen._REACH", 1)  # too little: it can fail
        assert (network.generate(image, label) - whole).abs().max() > 1e-6


def test_a_label_far_from_a_window_is_read_as_the_whole_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    network, image, label = lively(FOUR), noise(1, 1, 64, 64), spots(1, 1, 64, 64)
    with torch.inference_mode():
        whole = network.translate(image, label)
        for part in (
            (slice(0, 3), slice(60, 64)),
            (slice(20, 21), slice(1, 40)),
            (slice(0, 64), slice(0, 64)),
        ):
            torch.testing.assert_close(network.translate_part(image, label, part), cut(whole, part))
        monkeypatch.setattr("metgan.networks.spade._READ", 2)
        part = (slice(30, 32), slice(30, 32))
        assert (network.translate_part(image, label, part) - cut(whole, part)).abs().max() > 1e-9


def test_the_finest_stages_see_a_fraction_of_the_surroundings() -> None:
    network = lively(SIX)
    seen: list[int] = []
    finest = network.image_pathway.up[0]
    assert isinstance(finest, nn.Module)
    hook = finest.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[-1]))
    with torch.inference_mode():
        network.generate(noise(1, 1, 64, 64), spots(1, 1, 64, 64))
    network.generate(noise(1, 1, 64, 64), spots(1, 1, 64, 64))  # in training, the whole
    hook.remove()
    assert seen == [64 + 2 * 3, 64 + 2 * network.margin]


def test_windows_end_where_the_image_does() -> None:
    (first, second) = windows_of((slice(0, 64), slice(2, 60)), (64, 64), 2, reach=3)
    assert first.read == (slice(0, 64), slice(0, 63))
    assert second.kept == (slice(0, 32), slice(0, 32))
    assert windows.halve((slice(1, 2),)) == (slice(0, 1),)
