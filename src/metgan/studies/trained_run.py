"""What a run's folder tells of its training, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.data import SPLIT_FILE, load_split
from metgan.io import has_folder
from metgan.models import ModelCard, read_card
from metgan.training import (
    LOG_FILE,
    SEGMENTOR_FOLDER,
    Status,
    least_steps,
    read_log,
    read_status,
    trained_seconds,
)

from .warnings import warning_of


@dataclass(frozen=True)
class TrainingHistory:
    """How a training went.

    Attributes
    ----------
    rows : sequence of mapping
        Rows of the log, as text by column; empty where there is no log.
    seconds : float
        That it took, without pauses.
    status : Status or None
        Why it ended, and what was said on the way; None where that was not noted.
    sample : (str, bytes) or None
        The last picture of validation images: its name and its PNG; None where there is none.
    """

    rows: Sequence[Mapping[str, str]]
    seconds: float
    status: Status | None
    sample: tuple[str, bytes] | None

    @property
    def steps(self) -> int:
        """The last step that was logged; 0 where none was."""
        return int(self.rows[-1]["step"]) if self.rows else 0


@dataclass(frozen=True)
class TrainedRun:
    """A method's run, and how the training of its generator and of the segmentor in its loop went.

    Attributes
    ----------
    folder : path
    card : ModelCard
    warning : str
        What whoever uses the generator should be told; "" for nothing: see `metgan.studies.warning_of`.
    least_steps : int
        The shortest training that its preset takes by itself on as many pairs.
    history : TrainingHistory
    segmentor : TrainingHistory or None
        None where the segmentor was given, or there is none.
    """

    folder: Path
    card: ModelCard
    warning: str
    least_steps: int
    history: TrainingHistory
    segmentor: TrainingHistory | None


def read_history(run: Path) -> TrainingHistory:
    """Read the log, the status and the last picture of a run folder; empty where there are none."""
    samples = sorted((run / "samples").glob("*.png")) if has_folder(run / "samples") else []
    sample = (samples[-1].stem, samples[-1].read_bytes()) if samples else None
    return TrainingHistory(read_log(run / LOG_FILE), trained_seconds(run), read_status(run), sample)


def read_trained_run(run: Path) -> TrainedRun:
    """Read the run folder of a method that was trained.

    Raises
    ------
    StorageError
        When it holds no model, or no split.
    """
    card, segmentor = read_card(run), run / SEGMENTOR_FOLDER
    return TrainedRun(
        run,
        card,
        warning_of(card, run),
        least_steps(card.preset, len(load_split(run / SPLIT_FILE).train)),
        read_history(run),
        read_history(segmentor) if has_folder(segmentor) else None,
    )
