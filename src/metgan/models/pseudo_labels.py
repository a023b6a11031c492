"""Pseudo-labels: what a segmentor is sure of in unlabelled images stands for an annotator's label.

Tumour is where it is surer than `TUMOUR`, none where it is below `BACKGROUND`; in between the label says
nothing, and the pixel is ignored by every loss. Objects are kept whatever their number: metastases are many
and small, unlike organs, of which other authors keep the largest part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metgan.data import IGNORE, Entry, read_pair, without_label
from metgan.images import write_image
from metgan.progress import each
from metgan.types import Mask

from .predict import in_parts
from .predictor import BACKGROUND, TUMOUR, SegmentorPredictor

LABELLED_BY = "labelled_by"
"""Column of the provenance that names the weights of the segmentor that a pseudo-label is of."""


def pseudo_label(predictor: SegmentorPredictor, entries: Sequence[Entry], folder: Path) -> tuple[Entry, ...]:
    """Write the pseudo-labels of pairs; return the pairs with them.

    Parameters
    ----------
    predictor : SegmentorPredictor
    entries : sequence of Entry
        What labels they have already is not looked at.
    folder : Path
        For ``label/`` and ``ignore/``; what lies there under the same names is replaced.

    Raises
    ------
    StorageError, ArrayError
        When an image cannot be read, or is of another dtype than the segmentor reads.
    """
    labelled = []
    bare = [without_label(entry) for entry in entries]
    for part in in_parts(map(read_pair, each(bare, "pseudo-label"))):
        outputs = predictor.predict_proba_all([pair.tumour for pair in part])
        for pair, output in zip(part, outputs, strict=True):
            masks = dict(zip(("label", IGNORE), sure_parts(output), strict=True))
            paths = {kind: folder / kind / f"{pair.entry.name}.tif" for kind in masks}
            for kind, mask in masks.items():
                write_image(paths[kind], mask.astype(np.uint8) * 255)
            provenance = {**pair.entry.provenance, LABELLED_BY: predictor.fingerprint}
            paths = {**pair.entry.paths, **paths}
            labelled.append(replace(pair.entry, paths=paths, provenance=provenance))
    return tuple(labelled)


def sure_parts(output: NDArray[np.float32]) -> tuple[Mask, Mask]:
    """Return tumour and ignored pixels, (Y, X), of what a segmentor gives, in [0, 1].

    Examples
    --------
    >>> tumour, ignored = sure_parts(np.array([[0.0, 0.5, 0.97]], np.float32))
    >>> tumour.tolist(), ignored.tolist()
    ([[False, False, True]], [[False, True, False]])
    """
    tumour = output > TUMOUR
    return tumour, ~tumour & (output >= BACKGROUND)
