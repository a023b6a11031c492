"""``metgan phantom``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from metgan.errors import SettingError, UnknownNameError
from metgan.io import prepare_output
from metgan.phantom import LABORATORIES, Laboratory, PhantomSettings, draw_laboratory, write_phantom

from .folders import reserved, written
from .options import NEW_FOLDER, OutputPolicy, Positive, Seed

_PAIRS = 200
Name = Annotated[
    str | None,
    Parameter(
        help=f"Draw another kind of data. One of: {', '.join(LABORATORIES)}. See docs/laboratories.md."
    ),
]


@Parameter(name="*")
@dataclass(frozen=True)
class Drawing:
    """What the images and their annotator are like.

    Parameters
    ----------
    laboratory
        One of the named laboratories.
    laboratory_seed
        0 or more; draw the laboratory itself at random, instead of --laboratory.
    size
        Side of the images in pixels, 48 to 4096. Default: 128; a laboratory has its own.
    missed
        Share of the tumours that the annotator misses, dim ones first, in [0, 1].
    outline_noise
        How far the annotator's outlines stray, in pixels, 0 or more.
    """

    laboratory: Name = None
    laboratory_seed: Seed | None = None
    size: Positive | None = None
    missed: float = 0.0
    outline_noise: float = 0.0

    def chosen(self) -> Laboratory | None:
        """Return the laboratory that was asked for; None for the default phantom."""
        asked = {
            "--laboratory": self.laboratory,
            "--laboratory-seed": self.laboratory_seed,
            "--size": self.size,
        }
        given = [option for option, value in asked.items() if value is not None]
        if len(given) > 1:
            raise SettingError(
                f"{' and '.join(given)}", "one of them: each decides the size", "Leave out the others"
            )
        if self.laboratory_seed is not None:
            return draw_laboratory(self.laboratory_seed)
        if self.laboratory is None:
            return None
        if self.laboratory not in LABORATORIES:
            raise UnknownNameError.listing("laboratory", self.laboratory, LABORATORIES)
        return LABORATORIES[self.laboratory]

    def request(self, pairs: int | None, seed: int) -> tuple[int, PhantomSettings, int]:
        """Return number of pairs, settings and seed of the phantom; values out of range are refused."""
        laboratory = self.chosen()
        if laboratory is None:
            count, settings = pairs or _PAIRS, PhantomSettings(size=self.size or PhantomSettings.size)
        else:
            count = pairs or laboratory.pairs
            settings, seed = laboratory.settings_for(count), laboratory.seed_for(seed)
        erring = replace(settings, missed_fraction=self.missed, outline_noise=self.outline_noise)
        return count, erring, seed


_PLAIN = Drawing()


def phantom(
    out: Path,
    /,
    *,
    pairs: Positive | None = None,
    drawing: Drawing = _PLAIN,
    seed: Seed = 0,
    place: OutputPolicy = NEW_FOLDER,
) -> None:
    """Draw a synthetic two-channel pair set whose truth is known.

    Parameters
    ----------
    out
        Folder to write into.
    pairs
        Number of pairs, 1 or more. Default: 200, eight of each animal (group); a laboratory has its own.
    seed
        0 or more, below 1000 for a laboratory; the same seed gives the same bytes.
    """
    request = drawing.request(pairs, seed)
    kind, verb = "pairs", "metgan phantom"
    with reserved(out, kind, verb, place) as place, prepare_output(out, kind, verb, **asdict(place)):
        write_phantom(out, *request)
    written(out)
