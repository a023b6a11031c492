"""Pseudo-labels: what a segmentor is sure of in unlabelled images stands for an annotator's label.

Tumour is where it is surer than `TUMOUR`, none where it is below `BACKGROUND`; in between the label says
nothing, and the pixel is ignored by every loss. Objects are kept whatever their number: metastases are many
and small, unlike organs, of which other authors keep the largest part alone.

A resumed training would else read all of them anew. So a record beside them says by which weights they were
read, and what the files of each held, image and masks: where all of that is as it was, they are kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metgan.data import IGNORE, Entry, read_pair, without_label
from metgan.images import write_image
from metgan.io import has_file, write_json
from metgan.progress import each, note
from metgan.types import Mask

from .predict import in_parts
from .predictor import BACKGROUND, TUMOUR, SegmentorPredictor

LABELLED_BY = "labelled_by"
"""Column of the provenance that names the weights of the segmentor that a pseudo-label is of."""

_MASKS = ("label", IGNORE)
_RECORD = "made-of.json"


def pseudo_label(predictor: SegmentorPredictor, entries: Sequence[Entry], folder: Path) -> tuple[Entry, ...]:
    """Write the pseudo-labels of pairs; return the pairs with them.

    Parameters
    ----------
    predictor : SegmentorPredictor
    entries : sequence of Entry
        What labels they have already is not looked at.
    folder : Path
        For ``label/`` and ``ignore/``, and the record of what they are of. What lies there under the same
        names is kept where it is of the same weights and the same image, else replaced.

    Raises
    ------
    StorageError, ArrayError
        When an image cannot be read, or is of another dtype than the segmentor reads.
    """
    labelled = [_labelled(entry, folder, predictor.fingerprint) for entry in entries]
    record = _Record.read(folder, predictor.fingerprint)
    fresh = [entry for entry in labelled if not record.holds(entry)]
    if len(fresh) < len(labelled):
        kept = len(labelled) - len(fresh)
        note(f"{kept} of {len(labelled)} pseudo-labels are there, of the same weights and images: kept")
    paths = {entry.name: entry.paths for entry in fresh}
    try:
        for part in in_parts(map(read_pair, each([*map(without_label, fresh)], "pseudo-label"))):
            outputs = predictor.predict_proba_all([pair.tumour for pair in part])
            for pair, output in zip(part, outputs, strict=True):
                for kind, mask in zip(_MASKS, sure_parts(output), strict=True):
                    write_image(paths[pair.entry.name][kind], mask.astype(np.uint8) * 255)
                record.add(pair.entry.name, paths[pair.entry.name])
    finally:
        if record.contents:  # also what a call that is interrupted has come to
            record.write(folder)
    return tuple(labelled)


def _labelled(entry: Entry, folder: Path, fingerprint: str) -> Entry:
    """Return a pair with where its pseudo-label lies, and the weights that it is of."""
    bare = without_label(entry)
    masks = {kind: folder / kind / f"{bare.name}.tif" for kind in _MASKS}
    provenance = {**bare.provenance, LABELLED_BY: fingerprint}
    return replace(bare, paths={**bare.paths, **masks}, provenance=provenance)


@dataclass
class _Record:
    """By which weights, and between which outputs, pseudo-labels were made; of each, what its files held."""

    segmentor: str
    contents: dict[str, str] = field(default_factory=dict)
    sure: tuple[float, float] = (BACKGROUND, TUMOUR)

    @classmethod
    def read(cls, folder: Path, segmentor: str) -> _Record:
        """Return what there is of these weights; nothing where there is no record that can be understood."""
        found = cls(segmentor)
        if has_file(folder / _RECORD):
            try:
                told = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
                if (told["segmentor"], *told["sure"]) == (segmentor, *found.sure):
                    found.contents |= told["contents"]
            except (ValueError, TypeError, KeyError):
                note(f"{folder / _RECORD} cannot be understood: all pseudo-labels are made anew")
        return found

    def holds(self, entry: Entry) -> bool:
        """Tell whether the files of a pair hold what they did."""
        known = self.contents.get(entry.name)
        return known is not None and all(map(has_file, _files(entry.paths))) and known == _hash(entry.paths)

    def add(self, name: str, paths: Mapping[str, Path]) -> None:
        self.contents[name] = _hash(paths)

    def write(self, folder: Path) -> None:
        contents = dict(sorted(self.contents.items()))
        told = {"segmentor": self.segmentor, "sure": self.sure, "contents": contents}
        write_json(folder / _RECORD, told)


def _files(paths: Mapping[str, Path]) -> list[Path]:
    """Return what a pseudo-label is of, and its masks."""
    return [paths[kind] for kind in ("tumour", *_MASKS)]


def _hash(paths: Mapping[str, Path]) -> str:
    found = hashlib.sha256()
    for path in _files(paths):
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:16]


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
