"""``metgan import``."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from cyclopts import Parameter

from metgan.data import SPLIT_FILE, PairSet, save_split
from metgan.interop import ReleasedFiles, read_released, write_released
from metgan.io import prepare_output
from metgan.progress import note
from metgan.training import load_data

from .folders import RUN, check_model, reserved, written
from .options import NEW_FOLDER, OutputPolicy, Seed


@Parameter(name="*")
@dataclass(frozen=True)
class Checkpoints:
    """The files of the release: state dicts.

    Parameters
    ----------
    anatomy_pathway
        U-Net of the generator from anatomy to tumour.
    label_pathway
        SPADE pathway of the same generator.
    back_anatomy_pathway
        Of the generator from tumour back to anatomy; with --back-label-pathway.
    back_label_pathway
        Likewise.
    discriminator_tumour
        Discriminator of tumour images.
    discriminator_anatomy
        Discriminator of anatomy images.
    segmentor
        DeepMACT's; goes to OUT/segmentor, for metgan train --segmentor.
    """

    anatomy_pathway: Path
    label_pathway: Path
    back_anatomy_pathway: Path | None = None
    back_label_pathway: Path | None = None
    discriminator_tumour: Path | None = None
    discriminator_anatomy: Path | None = None
    segmentor: Path | None = None


def released(
    *,
    checkpoints: Checkpoints,
    data: Path,
    out: Path,
    seed: Seed = 0,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Make a run folder of the checkpoints that the paper's authors released.

    Parameters
    ----------
    data
        Pair set whose images it is to be used on. Each is scaled by its own extremes, as in the release; the
        training part says what generated images are scaled back to.
    out
        Run folder to write.
    seed
        Of the split into training and test part, where the pair set states none.
    """
    given = asdict(checkpoints)
    inputs = [data, *(path for path in given.values() if path is not None)]
    with reserved(out, RUN, "metgan import", place, inputs) as place:
        networks = read_released(ReleasedFiles(**given))
        training_data = load_data(PairSet.open(data), seed).rescaled("per-image")
        with prepare_output(out, RUN, "metgan import", **asdict(place), inputs=inputs):
            write_released(networks, out, training_data.normalisation)
            save_split(training_data.split, out / SPLIT_FILE)
            check_model(out)
    note("which animals these networks were trained on is not known; metgan cannot guard the test part")
    written(out)
