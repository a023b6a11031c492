"""``metgan phantom``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from metgan.data import PhantomSettings, write_phantom
from metgan.io import claim_folder

from .folders import written
from .options import NEW_FOLDER, Place, Positive, Seed


@Parameter(name="*")
@dataclass(frozen=True)
class Drawing:
    """How the images and their annotator are.

    Parameters
    ----------
    size
        Side of the images in pixels, 48 to 4096.
    missed
        Share of the tumours that the annotator misses, dim ones first, in [0, 1].
    outline_noise
        How far the annotator's outlines stray, in pixels, 0 or more.
    """

    size: Positive = 128
    missed: float = 0.0
    outline_noise: float = 0.0

    def settings(self) -> PhantomSettings:
        """Give the phantom's settings; values out of range are refused."""
        return PhantomSettings(size=self.size, missed_fraction=self.missed, outline_noise=self.outline_noise)


_PLAIN = Drawing()


def phantom(
    out: Path,
    /,
    *,
    pairs: Positive = 200,
    drawing: Drawing = _PLAIN,
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
    seed
        0 or more; the same seed gives the same bytes.
    """
    settings = drawing.settings()
    claim_folder(out, "pairs", resume=place.resume, overwrite=place.overwrite)
    write_phantom(out, pairs, settings, seed)
    written(out)
