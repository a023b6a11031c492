"""What is kept of a large image for a picture."""

from __future__ import annotations

import numpy as np
import pytest

from metgan.panels import LARGEST, Panel


@pytest.mark.parametrize("sides", [(LARGEST, 40), (LARGEST + 1, 40), (30, 3 * LARGEST - 1), (1100, 1300)])
def test_a_large_panel_keeps_every_nth_pixel_and_no_tumour_vanishes(sides):
    step = -(-max(sides) // LARGEST)
    image = np.arange(np.prod(sides)).reshape(sides)
    mask = np.zeros(sides, bool)
    mask[sides[0] - 1, sides[1] - 1] = mask[step // 2, step // 2] = True
    shown = Panel(image, 0, 1, outline=mask)
    label = Panel(mask, 0, 1, colours="mask")
    rows, columns = (np.arange(0, side, step) for side in sides)
    assert np.array_equal(shown.image, image[np.ix_(rows, columns)])
    assert max(shown.image.shape) <= LARGEST
    assert shown.outline.shape == label.image.shape == shown.image.shape
    assert np.argwhere(label.image).tolist() == [[0, 0], [len(rows) - 1, len(columns) - 1]]
    assert np.array_equal(shown.outline, label.image)
    if step > 1:
        assert not mask[::step, ::step][0, 0], "every nth pixel misses the first tumour"
        assert not np.shares_memory(shown.image, image), "the large image is not kept"
