"""Pair sets as verbs take them: their labelled pairs, and a word on those without a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch

from metgan.data import Entry, PairSet
from metgan.errors import SettingError, StorageError
from metgan.experiment import load_experiment
from metgan.io import has_file
from metgan.models import MODEL_FILE, SegmentorPredictor, pseudo_label
from metgan.progress import note
from metgan.training import SEGMENTOR_FOLDER

from .settings import CONFIG_FILE


def open_labelled(root: Path, use: str = "") -> PairSet:
    """Open a pair set that needs labelled pairs, and note what becomes of the others.

    Parameters
    ----------
    root : Path
    use : str, default ""
        What becomes of pairs without a label, as a note says it; "" to leave them out.

    Raises
    ------
    StorageError, SettingError
        As for `PairSet.open`, and where no pair has a label.
    """
    pairs = PairSet.open(root).labelled
    if not pairs.unlabelled:
        return pairs
    count = len(pairs.unlabelled)
    note(f"{count} of the {count + len(pairs)} pairs in {root} have no label, and {use or 'are left out'}")
    return pairs if use else replace(pairs, unlabelled=())


def open_unlabelled(root: Path | None) -> tuple[Entry, ...]:
    """Open pairs that are taken as unlabelled, whatever labels they have; none where no folder is given.

    Raises
    ------
    StorageError, SettingError
        As for `PairSet.open`; for generated pairs, whose tumour channels are not real.
    """
    if root is None:
        return ()
    pairs = PairSet.open(root)
    entries = (*pairs.entries, *pairs.unlabelled)
    if generated := [entry.name for entry in entries if entry.is_generated]:
        raise SettingError(
            f"{len(generated)} generated pairs in {root}, taken as unlabelled",
            "scans of which both channels are real",
            "Give a pair set of real pairs for --unlabelled",
        )
    return entries


@dataclass(frozen=True)
class PseudoLabels:
    """The labels of unlabelled pairs, as the segmentor of a run reads them.

    Parameters
    ----------
    run : Path
        Run of a generator.
    folder : Path
        For the pseudo-labels.
    device : torch.device
    """

    run: Path
    folder: Path
    device: torch.device

    def __call__(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """Return the pairs with their pseudo-labels; the segmentor is looked for if there are any.

        Raises
        ------
        SettingError
            When the run has no segmentor.
        StorageError
            When the one that it was given is not there any more.
        """
        if not entries:
            return ()
        if not has_file(self._segmentor / MODEL_FILE):
            if self._given:
                raise StorageError(
                    f"the segmentor that {self.run} was trained with is not at {self._given} any more",
                    "the folder that config.toml of the run names as pretrained_segmentor",
                    "Put it back, or change its place there",
                )
            raise SettingError(
                f"{len(entries)} pairs without a label to insert tumours in, for the run {self.run}, which "
                "was trained without a segmentor that could read them",
                "annotated pairs, or a run with a segmentor",
                "Give annotated pairs for --anatomy, or train metgan",
            )
        note(f"{len(entries)} pairs without a label get pseudo-labels from {self._segmentor}")
        return pseudo_label(self.predictor, entries, self.folder)

    @cached_property
    def predictor(self) -> SegmentorPredictor:
        """The segmentor that reads them, loaded when it is first asked for."""
        return SegmentorPredictor(self._segmentor, self.device)

    @property
    def _segmentor(self) -> Path:
        """The segmentor in the loop of the run: its own, or the one that it was given."""
        return Path(self._given) if self._given else self.run / SEGMENTOR_FOLDER

    @property
    def _given(self) -> str:
        """Where the run's segmentor is that was trained before it; "" for its own."""
        config = self.run / CONFIG_FILE
        return load_experiment(config).pretrained_segmentor if has_file(config) else ""
