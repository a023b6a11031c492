"""Whether a generated image is one that the generator was trained on, generated from memory.

Notes
-----
The decision a reader would question is what is compared: the generated background, with training images of
other tissue. An anatomy that was trained on has a tumour channel of its own, and to look like that one is the
generator's task, not its fault; what it must not copy from there are the tumours, and those lie where the
foreign label does not ask for them, so that recall and false area tell. Likewise a tumour is where it was
asked for, as in the image that its label is from. What remains is the background: it should follow the
anatomy, and only a generator that ignores the anatomy generates that of another training image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch.nn import functional as nnf

from metgan.data import IGNORE, Entry, FillValues, Pair, fingerprint_of, read_channel, read_label
from metgan.labels import SYMMETRIES, fill_of, symmetry
from metgan.metrics import evaluate_detection
from metgan.objects import RING_GAP
from metgan.types import AnyArray, Camera, Mask

Grid = NDArray[np.float32]

GRID = 32
"""Cells along each side of an image, in which images are compared."""

_LEAST_COVER = 0.5  # share of a cell that must be background for it to be compared
_LEAST_CELLS = 0.1  # share of all cells


class TrainingImages:
    """The tumour channels that a generator has seen, at low resolution, and how bright their tumours are.

    Parameters
    ----------
    entries : sequence of Entry
        With an image ``tumour``, and a ``label`` where there is one; read once.
    fill : FillValues or None, default None
        The constants of the training set, see `metgan.data.Pair.filled`.

    Attributes
    ----------
    fill : FillValues or None
    fingerprint : str
        Names the images by their content, for provenance.
    contrasts, lights : tuple of float
        Of the median tumour of each image whose label holds one, see `metgan.metrics.evaluate_detection`; nan
        where it is undefined.
    """

    def __init__(self, entries: Sequence[Entry], fill: FillValues | None = None) -> None:
        self.fill = fill
        self._groups = np.array([entry.group for entry in entries], object)
        grids, scores = [], []
        for entry in entries:
            tumour = read_channel(entry.paths["tumour"])
            grids.append(_standardised(_to_grid(tumour)))
            if "label" in entry.paths and (label := read_label(entry.paths["label"])).any():
                unscored = _unscored(entry, tumour, label, fill)
                scores.append(evaluate_detection(label, label, tumour, fill=unscored))
        self.contrasts = tuple(score.contrast for score in scores)
        self.lights = tuple(score.light for score in scores)
        self._grids = np.stack(grids).reshape(len(grids), -1) if grids else np.zeros((0, GRID**2), np.float32)
        self.fingerprint = fingerprint_of(entries)

    def __len__(self) -> int:
        return len(self._grids)

    def distance(self, tumour: Camera, label: Mask, group: str) -> float:
        """Return the distance of a generated image to the nearest training image of other tissue.

        Both are averaged over a grid of 32 x 32 cells. The distance is one minus the normalised
        cross-correlation of their backgrounds, the cells outside the label and two pixels around it; the
        generated image is compared in all eight orientations, and the least of all is given.

        Parameters
        ----------
        tumour : Camera
            (Y, X), the generated image.
        label : Mask
            (Y, X), what it was asked to show; with it, where nothing was imaged.
        group : str
            Of the anatomy: training images of this group are left out.

        Returns
        -------
        float, in [0, 2]
            0 is a copy, up to brightness and contrast. nan where there is no image of another group, less
            than a tenth of the image is background, or the background is flat.
        """
        others = self._grids[self._groups != group]
        background = ~ndimage.binary_dilation(label, np.ones((3, 3), bool), RING_GAP)
        cover = _to_grid(background)
        known = cover >= _LEAST_COVER
        if not len(others) or known.mean() < _LEAST_CELLS:
            return float("nan")
        generated = np.divide(_to_grid(np.where(background, tumour, 0)), cover, where=known, out=0 * cover)
        turned = [
            (symmetry(generated, k).ravel(), symmetry(known, k).ravel()) for k in range(SYMMETRIES)
        ]  # each (Y * X,)
        return float(1 - max(_correlation(others, grid, cells) for grid, cells in turned))


def _unscored(entry: Entry, tumour: Camera, label: Mask, fill: FillValues | None) -> Mask | None:
    """Return where no contrast counts a pixel: nothing was imaged, or the label says nothing.

    Without an anatomy only the constants of the set can tell what was imaged.
    """
    ignored = read_label(entry.paths[IGNORE]) if IGNORE in entry.paths else None
    if "anatomy" in entry.paths:
        return Pair(entry, read_channel(entry.paths["anatomy"]), tumour, label, ignored).unscored(fill)
    if fill is None:
        return ignored
    filled = fill_of(tumour, fill.tumour) & ~label
    return filled if ignored is None else filled | ignored


def _correlation(others: Grid, generated: Grid, cells: NDArray[np.bool_]) -> float:
    """Return the greatest correlation of a grid with others, (N, Y * X), on some cells; nan if flat."""
    own = generated[cells] - generated[cells].mean()
    theirs = others[:, cells]
    theirs = theirs - theirs.mean(axis=1, keepdims=True)
    norms = np.sqrt(np.square(theirs).sum(axis=1) * np.square(own).sum())
    if not own.any():
        return float("nan")
    return float((theirs @ own / np.where(norms > 0, norms, np.inf)).max())


def _to_grid(image: AnyArray) -> Grid:
    """Return the means of an image over the cells of the grid."""
    pixels = torch.from_numpy(np.ascontiguousarray(image, np.float32))[None, None]  # (1, 1, Y, X)
    return np.asarray(nnf.adaptive_avg_pool2d(pixels, GRID)[0, 0].numpy(), np.float32)


def _standardised(grid: Grid) -> Grid:
    """Take the mean away and divide by the deviation, so that sums do not suffer from rounding."""
    spread = grid.std()
    return np.asarray((grid - grid.mean()) / (spread if spread > 0 else np.float32(1)), np.float32)
