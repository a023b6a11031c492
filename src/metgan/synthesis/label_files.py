"""The labels that a request draws from: files, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from metgan.data import Entry, read_label
from metgan.errors import ArrayError
from metgan.types import Mask


class LabelFiles(Sequence[Mask]):
    """Labels that are read when they are asked for."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> Mask: ...
    @overload
    def __getitem__(self, index: slice) -> LabelFiles: ...
    def __getitem__(self, index: int | slice) -> Mask | LabelFiles:
        if isinstance(index, slice):
            return LabelFiles(self.entries[index])
        return read_label(self.entries[index].paths["label"])


def with_tumours(labels: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the labels that hold a tumour.

    Raises
    ------
    ArrayError
        When there are labels, and none holds one.
    """
    positive = tuple(entry for entry in labels if read_label(entry.paths["label"]).any())
    if labels and not positive:
        raise ArrayError(
            f"none of the {len(labels)} labels holds a tumour",
            "at least one non-zero label",
            "Give other --labels",
        )
    return positive
