"""Images are computed a few at once, and have the same bits in any company."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from metgan.models import MOST_PIXELS, batch_size, predict
from metgan.models.predict import batches
from metgan.networks import GENERATORS, PRESETS, Segmentor, build, channels_last, make_generator
from metgan.networks.presets import GeneratorName
from metgan.types import AnyArray

CPU = torch.device("cpu")


pytestmark = pytest.mark.usefixtures("one_thread")


def images(count: int, side: int, channels: int) -> list[tuple[AnyArray, ...]]:
    """Noise on [-1, 1] and labels of 0 and 1."""
    rng = np.random.default_rng(side)
    noise = rng.uniform(-1, 1, (count, side, side)).astype(np.float32)
    labels = (rng.random((count, side, side)) > 0.95).astype(np.float32)
    return [(x, label)[:channels] for x, label in zip(noise, labels, strict=True)]


@pytest.mark.parametrize("side", [64, 70])
@pytest.mark.parametrize("name", [*GENERATORS, "segmentor"])
def test_an_image_has_the_same_bits_alone_among_three_and_among_eight(name: GeneratorName, side: int) -> None:
    if name == "segmentor":
        segmentor = build(lambda: Segmentor(PRESETS["small"].segmentor), 0).eval()
        network, eight = channels_last(segmentor), images(8, side, 1)
    else:
        network = channels_last(build(lambda: make_generator(name, "small"), 0).eval()).generate
        eight = images(8, side, 2)
    together = predict(network, eight, CPU)
    alone = predict(network, eight[5:6], CPU)
    three = predict(network, [eight[5], eight[0], eight[7]], CPU)
    assert np.array_equal(alone[0], together[5])
    for image, number in zip(three, (5, 0, 7), strict=True):
        assert np.array_equal(image, together[number])
    assert not np.array_equal(together[0], together[7])


def test_an_image_alone_has_other_bits_where_it_is_not_computed_twice_over() -> None:
    """Without this, the test above could not fail."""
    network = build(lambda: make_generator("metgen", "small"), 0).eval()
    (x, label), _ = pair = images(2, 64, 2)
    with torch.inference_mode():
        tensors = [torch.from_numpy(np.stack(channel))[:, None] for channel in zip(*pair, strict=True)]
        both = network.generate(*tensors)
        alone = network.generate(torch.from_numpy(x)[None, None], torch.from_numpy(label)[None, None])
    torch.testing.assert_close(alone[0], both[0])
    assert not torch.equal(alone[0], both[0])


def test_images_of_several_shapes_come_back_in_their_order() -> None:
    mixed = [(np.full((side, 4), side, np.float32),) for side in (3, 5, 3, 7, 5)]
    computed = predict(lambda x: x + 1, mixed, CPU)
    assert [image.shape for image in computed] == [(3, 4), (5, 4), (3, 4), (7, 4), (5, 4)]
    assert all((image == len(image) + 1).all() for image in computed)
    assert predict(lambda x: x, [], CPU) == []


def test_a_batch_holds_no_more_pixels_than_one_large_image() -> None:
    largest: list[int] = []

    def network(x: torch.Tensor) -> torch.Tensor:
        largest.append(x.numel())
        return x

    for side in (64, 200, 256, 300):
        predict(network, [(np.zeros((side, side), np.float32),)] * 9, CPU)
    assert max(largest) <= MOST_PIXELS
    predict(network, [(np.zeros((600, 600), np.float32),)] * 3, CPU)
    assert largest[-3:] == [600 * 600] * 3
    assert batch_size((600, 600)) == 1


def test_every_image_is_in_one_batch() -> None:
    shapes = [(64, 64)] * 19 + [(512, 512)] * 2 + [(64, 64)]
    found = [*batches(shapes)]
    assert sorted(k for batch in found for k in batch) == [*range(22)]
    assert [len(batch) for batch in found] == [4, 4, 4, 4, 4, 1, 1]
