"""A run folder of the checkpoints that the paper's authors released."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from metgan.checked import Checked
from metgan.data import SPLIT_FILE, save_split
from metgan.interop import ReleasedFiles, read_released, write_released
from metgan.progress import Listener, listening, note
from metgan.training import load_data

from .output import NEW_FOLDER, RUN, OutputPolicy, check_model, reserve
from .pair_sets import open_labelled
from .ranges import SEED, check_ranges


@dataclass(frozen=True, kw_only=True)
class ReleasedRequest(Checked):
    """An import to be made.

    Parameters
    ----------
    checkpoints : ReleasedFiles
    data : Path
        Pair set whose images it is to be used on. Each is scaled by its own extremes, as in the release; the
        training part says what generated images are scaled back to.
    out : Path
        Run folder to write.
    seed : int
        Seed of the split into training and test part, 0 or more, where the pair set states none.
    output : OutputPolicy
    """

    checkpoints: ReleasedFiles
    data: Path
    out: Path
    seed: int = 0
    output: OutputPolicy = NEW_FOLDER

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, seed=SEED)


def released(request: ReleasedRequest, on_event: Listener | None = None) -> Path:
    """Make a run folder of the released checkpoints; files are read without executing code.

    Parameters
    ----------
    request : ReleasedRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Returns
    -------
    Path
        The run folder.

    Raises
    ------
    StorageError, ArrayError
        When a checkpoint is damaged or of another layout, or the data will not do; nothing is written then.
    """
    given, out = asdict(request.checkpoints), request.out
    inputs = [request.data, *given.values()]
    with listening(on_event), reserve(out, RUN, "metgan import", request.output, inputs) as output:
        networks = read_released(request.checkpoints)
        data = load_data(open_labelled(request.data), request.seed).rescaled("per-image")
        with output.prepared():
            write_released(networks, out, data.normalisation)
            save_split(data.split, out / SPLIT_FILE)
            check_model(out)
        if request.checkpoints.segmentor is None:
            note(
                "without --segmentor, metgan does not know the segmentor that these networks trained with, "
                "and cannot refuse it as an independent one"
            )
        note("which animals these networks were trained on is not known; metgan cannot guard the test part")
    return out
