"""Requests that are aimed at what a segmentor misses."""

from __future__ import annotations

from pathlib import Path

from metgan.data import PairSet, Split, part_of
from metgan.errors import SettingError
from metgan.labels import Bank
from metgan.models import Reader
from metgan.synthesis import Generation, Inpainter, aim, find_weak_spots

from .folders import note


def aimed(
    request: Generation, segmentor: Path | None, labels: Path | None, painter: Inpainter, split: Split | None
) -> Generation:
    """Give the request, aimed at what a segmentor misses of the validation part of `labels`, a pair set.

    Without a segmentor, the request itself.

    Raises
    ------
    SettingError
        With another recipe than bank, or without labels.
    LeakageError
        When the segmentor has seen a test group: it would let test tissue choose what is trained on.
    """
    if segmentor is None:
        return request
    if labels is None or not isinstance(request.recipe, Bank):
        raise SettingError(
            f"--aim-at with the recipe {request.recipe.name}",
            "--recipe bank, which chooses among the tumours of --labels",
            "Use --recipe bank, or leave --aim-at out",
        )
    pairs = PairSet.open(labels)
    reader = Reader(segmentor, painter.device)
    tested = split.groups(pairs.entries, "test") if split else {e.group for e in pairs if e.split == "test"}
    reader.card.refuse_to_have_seen(tested, "choosing training pairs")
    spots = find_weak_spots(reader, part_of(pairs.entries, "val", split))
    note(f"{segmentor} on the validation part: {spots}")
    return aim(request, spots)
