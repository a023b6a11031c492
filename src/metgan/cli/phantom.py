"""``metgan phantom``."""

from __future__ import annotations

from pathlib import Path

from metgan.data import PhantomSettings, write_phantom
from metgan.io import claim_folder

from .folders import written
from .options import NEW_FOLDER, Place, Positive, Seed


def phantom(
    out: Path,
    *,
    pairs: Positive = 200,
    size: Positive = 128,
    missed: float = 0.0,
    outline_noise: float = 0.0,
    seed: Seed = 0,
    place: Place = NEW_FOLDER,
) -> None:
    """Draw a synthetic two-channel pair set whose truth is known.

    Parameters
    ----------
    out
        Folder to write into.
    pairs
        Number of pairs, 1 or more; eight make an animal (group).
    size
        Side of the images in pixels, 48 to 4096.
    missed
        Share of the tumours that the annotator misses, dim ones first, in [0, 1].
    outline_noise
        How far the annotator's outlines stray, in pixels, 0 or more.
    seed
        0 or more; the same seed gives the same bytes.
    """
    settings = PhantomSettings(size=size, missed_fraction=missed, outline_noise=outline_noise)
    claim_folder(out, "pairs", resume=place.resume, overwrite=place.overwrite)
    write_phantom(out, pairs, settings, seed)
    written(out)
