"""Trained networks applied to images: a few of one shape at once, with the same bits in any company.

Generation, gate, evaluation, validation and studies all come through here.

Notes
-----
How many images are computed at once follows from their shape alone, so that memory does not grow with
them: large ones are computed one by one, and beyond `metgan.networks.tiles.WHOLE` in tiles. Of several, each
has the bits that it has among others. Alone it has not: torch computes a small convolution of one image by
another kernel, which adds in another order. So one image alone is computed twice over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from metgan.data import Pair
from metgan.types import AnyArray

MOST_IMAGES: Final = 4
"""Most images that are computed at once: a CPU computes more of them no faster."""
MOST_PIXELS: Final = 2**17
"""Most pixels of them together: 4 of 181 x 181, 2 of 256 x 256."""


def batch_size(shape: Sequence[int]) -> int:
    """Return how many images of a shape, (Y, X), are computed at once.

    Examples
    --------
    >>> batch_size((96, 96)), batch_size((256, 256)), batch_size((4096, 4096))
    (4, 2, 1)
    """
    return max(1, min(MOST_IMAGES, MOST_PIXELS // max(1, math.prod(shape))))


def predict(
    network: Callable[..., Tensor], images: Sequence[Sequence[AnyArray]], device: torch.device
) -> list[NDArray[np.float32]]:
    """Apply a network in eval mode to each of several images.

    Parameters
    ----------
    network : function of tensors, (N, 1, Y, X)
        Gives (N, 1, Y, X), of each of the N images by itself.
    images : sequence of sequences of array, (Y, X)
        Of each image what the network takes, such as anatomy and label; images may differ in shape.
    device : torch.device

    Returns
    -------
    list of array, (Y, X), float32
        In the order of the images; each is the same to the bit whichever others it is computed with.
    """
    computed: dict[int, NDArray[np.float32]] = {}
    with torch.inference_mode():
        for batch in batches([image[0].shape for image in images]):
            is_alone = len(batch) == 1 and batch_size(images[batch[0]][0].shape) > 1
            rows = [*batch, *batch] if is_alone else batch
            channels = zip(*(images[k] for k in rows), strict=True)
            tensors = [_tensor(channel, device) for channel in channels]
            found = network(*tensors)[:, 0].float().cpu().numpy()  # (N, Y, X)
            computed.update({k: found[row] for row, k in enumerate(batch)})
    return [computed[k] for k in range(len(images))]


def batches(shapes: Sequence[tuple[int, ...]]) -> Iterator[list[int]]:
    """Yield the numbers of the images that are computed at once, by their shapes.

    Examples
    --------
    >>> [*batches([(96, 96), (512, 512), (96, 96), (512, 512)])]
    [[0, 2], [1], [3]]
    """
    for shape in dict.fromkeys(shapes):
        alike = [k for k, other in enumerate(shapes) if other == shape]
        size = batch_size(shape)
        yield from (alike[start : start + size] for start in range(0, len(alike), size))


def in_parts(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Yield, of images that are read one after the other, those that are computed at once."""
    part: list[Pair] = []
    for pair in pairs:
        shape = pair.tumour.shape
        if part and (part[0].tumour.shape != shape or len(part) == batch_size(shape)):
            yield part
            part = []
        part.append(pair)
    if part:
        yield part


def _tensor(images: Sequence[AnyArray], device: torch.device) -> Tensor:
    stacked = np.stack(images).astype(np.float32, copy=False)
    return torch.from_numpy(stacked)[:, None].to(device)  # (N, 1, Y, X)
