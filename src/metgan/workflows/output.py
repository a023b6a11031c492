"""The folder that a workflow writes to: held over the whole call, and checked before it is called written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from metgan.checked import Checked
from metgan.errors import SettingError
from metgan.io import has_folder, is_half_deleted, prepare_output, reserve_folder
from metgan.models import load_generator, load_segmentor, read_card
from metgan.progress import note
from metgan.studies import warning_of
from metgan.training import CHECKPOINT

RUN = "a run"
STUDY = "a study"
GENERATED = "generated pairs"
"""Not what prepared pairs are called: --overwrite of one never deletes the other."""


@dataclass(frozen=True, kw_only=True)
class OutputPolicy(Checked):
    """What may happen to an output folder that is not empty.

    Parameters
    ----------
    resume : bool
        Continue where a stopped call left off.
    overwrite : bool
        Delete what an earlier call wrote there, and start again.
    """

    resume: bool = False
    overwrite: bool = False


NEW_FOLDER = OutputPolicy()


@dataclass(frozen=True)
class Output:
    """A folder that is held for one call: see `reserve`.

    Parameters
    ----------
    path : Path
    kind : str
        What is written: "a run", "pairs", "scores".
    verb : str
        What is done, for whoever comes second: "metgan train".
    policy : OutputPolicy
    inputs : tuple of Path
        What the result is made from; overwriting must not delete it.
    """

    path: Path
    kind: str
    verb: str
    policy: OutputPolicy
    inputs: tuple[Path, ...]

    @contextmanager
    def prepared(self, *further: Path) -> Iterator[None]:
        """Mark the folder, once all inputs are checked, and delete what was there if that is asked for."""
        inputs = [*self.inputs, *further]
        with prepare_output(self.path, self.kind, self.verb, **asdict(self.policy), inputs=inputs):
            yield


@contextmanager
def reserve(
    path: Path,
    kind: str,
    verb: str,
    policy: OutputPolicy,
    inputs: Iterable[Path | None] = (),
    *,
    tell_new: bool = True,
) -> Iterator[Output]:
    """Hold a folder over a whole call, so that a second one is refused before it has prepared anything.

    Yields the folder with what may happen to it: where overwriting was cut short, resuming means to end that.
    ``tell_new`` notes a folder that is to be resumed and is not there.
    """
    given = tuple(source for source in inputs if source is not None)
    if policy.resume and is_half_deleted(path):
        note(f"an earlier --overwrite of {path} was interrupted while deleting; the rest is deleted first")
        policy = OutputPolicy(overwrite=True)
    if tell_new and policy.resume and not has_folder(path):
        note(f"there is no {path} to resume; starting it")
    with reserve_folder(path, kind, verb, **asdict(policy), inputs=given):
        yield Output(path, kind, verb, policy, given)


def check_zarr_name(out: Path) -> None:
    """Refuse a name by which other programs would not recognise an OME-Zarr.

    Raises
    ------
    SettingError
        When it does not end in .zarr.

    Examples
    --------
    >>> check_zarr_name(Path("new.ome.zarr"))
    """
    if out.suffix != ".zarr":
        raise SettingError(
            f"an OME-Zarr called {out}",
            "a name that ends in .ome.zarr (or .zarr), by which Fiji, napari and others know one",
            f"Call it {out}.ome.zarr",
        )


def check_model(run: Path) -> None:
    """Load the network of a run as its users will: what cannot be loaded is not called written."""
    load = load_generator if read_card(run).kind == "generator" else load_segmentor
    load(run)


def checkpoints(folder: Path) -> dict[Path, int]:
    """Return the checkpoints in a folder, each with the time of its last writing in ns."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob(CHECKPOINT)}


def was_finished(folder: Path, before: Mapping[Path, int]) -> bool:
    """Tell whether all that a folder holds was trained already, by its checkpoints of `before`."""
    return bool(before) and checkpoints(folder) == before


def note_warning(run: Path) -> None:
    """Tell of a network that has hardly learned anything, and what to do."""
    card = read_card(run)
    if warning := warning_of(card, run):
        note(f"the {card.kind} {run}: {warning}")
