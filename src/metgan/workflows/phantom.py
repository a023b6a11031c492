"""A made-up pair set, or a made-up volume, whose truth is known."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from metgan.checked import Checked
from metgan.data import PARTS
from metgan.errors import SettingError, UnknownNameError
from metgan.images import is_begun, is_written
from metgan.phantom import (
    LABORATORIES,
    PHANTOM_RANGES,
    VOLUME_RANGES,
    Laboratory,
    PhantomSettings,
    PhantomVolume,
    draw_laboratory,
    phantom_layout,
    write_phantom,
    write_phantom_volume,
)
from metgan.progress import Listener, listening, note

from .output import NEW_FOLDER, OutputPolicy, check_zarr_name, reserve
from .ranges import ABOVE_ZERO, SEED, SHARE, check_ranges

_PAIRS = 200
_MOST = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class PhantomRequest(Checked):
    """A phantom to be drawn.

    Parameters
    ----------
    out : Path
        Folder to write into; with --volume, an OME-Zarr, as in new.ome.zarr.
    volume : tuple of int, or None
        Draw a volume of so many planes, rows and columns, as in --volume 64 512 512, instead of pairs: two
        channels and the label tumours, block by block. Planes 1 to 100000, rows and columns 48 to 100000.
    voxel_size_um : tuple of float, or None
        Size of a voxel along Z, Y and X in micrometres, each 4 to 40; what is drawn keeps its size. Needs
        --volume. Default: 8 8 8.
    pairs : int or None
        Number of pairs, 1 or more. Default: 200; a laboratory has its own.
    animals : int or None
        Number of animals (groups), as many pairs of each: a divisor of the number of pairs. Default: one for
        eight pairs; a laboratory has its own.
    laboratory : str or None
        Draw another kind of data. One of: cleared-mouse, skull-stripped-large, skull-stripped-small,
        inverted, eight-bit, twelve-bit-noisy, float-subtracted, bright-sparse, mosaic, rotated, clipped,
        three-animals, crowded, side-96, evenly-stained-large, evenly-stained-small. See docs/laboratories.md.
    laboratory_seed : int or None
        0 or more; draw the laboratory itself at random, instead of --laboratory.
    size : int or None
        Side of the images in pixels, 48 to 4096. Default: 128; a laboratory has its own.
    missed : float
        Share of the tumours that the annotator misses, dim ones first, in [0, 1].
    outline_noise : float
        How far the annotator's outlines stray, in pixels, 0 to 5.
    seed : int
        0 or more, below 1000 for a laboratory; the same seed gives the same bytes, of a volume the same
        voxels whatever part of it is drawn.
    output : OutputPolicy

    Raises
    ------
    SettingError, UnknownNameError
        For a value out of range, two sizes, a laboratory that is in no table, or options of pairs with a
        volume.
    """

    out: Path
    volume: tuple[int, int, int] | None = None
    voxel_size_um: tuple[float, float, float] | None = None
    pairs: int | None = None
    animals: int | None = None
    laboratory: str | None = None
    laboratory_seed: int | None = None
    size: int | None = None
    missed: float = 0.0
    outline_noise: float = 0.0
    seed: int = 0
    output: OutputPolicy = NEW_FOLDER

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(
            self,
            pairs=(1, _MOST),
            animals=(1, _MOST),
            laboratory_seed=SEED,
            size=PHANTOM_RANGES["size"],
            missed=SHARE,
            outline_noise=PHANTOM_RANGES["outline_noise"],
            seed=SEED,
            volume=(1, VOLUME_RANGES["planes"][1]),
            voxel_size_um=ABOVE_ZERO,  # what volumes can be drawn of, and how fine, they know themselves
        )
        if self.volume is None:
            if self.voxel_size_um is not None:
                given = f"--voxel-size-um {' '.join(map(str, self.voxel_size_um))} without --volume"
                raise SettingError(
                    given, "a volume: pairs have no size of a voxel", "Give --volume, or leave it out"
                )
            self.drawing()
        else:
            self._refuse_options_of_pairs()
            self.drawn_volume()
            check_zarr_name(self.out)

    def _refuse_options_of_pairs(self) -> None:
        pairs = {
            "--pairs": self.pairs,
            "--animals": self.animals,
            "--laboratory": self.laboratory,
            "--laboratory-seed": self.laboratory_seed,
            "--size": self.size,
            "--missed": self.missed or None,
            "--outline-noise": self.outline_noise or None,
        }
        if given := [option for option, value in pairs.items() if value is not None]:
            raise SettingError(
                f"{' and '.join(given)} with --volume",
                "options of a volume: --voxel-size-um and --seed",
                "Leave them out; a volume is drawn as the default phantom is, with its true label",
            )

    def drawn_volume(self) -> PhantomVolume:
        """Return the volume that was asked for; values out of range are refused."""
        assert self.volume is not None
        size = {} if self.voxel_size_um is None else {"voxel_size_um": self.voxel_size_um}
        return PhantomVolume(self.volume, seed=self.seed, **size)

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
        UnknownNameError.unless_known("laboratory", LABORATORIES, self.laboratory)
        return LABORATORIES[self.laboratory]

    def drawing(self) -> tuple[int, PhantomSettings, int]:
        """Return number of pairs, settings and seed of the phantom; values out of range are refused."""
        laboratory, seed = self.chosen(), self.seed
        if laboratory is None:
            count = self.pairs or _PAIRS  # 0 is refused above
            settings = PhantomSettings() if self.size is None else PhantomSettings(size=self.size)
        else:
            count = self.pairs or laboratory.pairs
            settings, seed = laboratory.settings_for(count), laboratory.seed_for(seed)
        if self.animals is not None:
            each, left = divmod(count, self.animals)
            if left or not each:
                raise SettingError(
                    f"{count} pairs of {self.animals} animals",
                    "as many pairs of each animal",
                    f"Choose {self.animals * max(1, each)} pairs, or another number of animals",
                )
            settings = replace(settings, pairs_per_animal=each)
        erring = replace(settings, missed_fraction=self.missed, outline_noise=self.outline_noise)
        return count, erring, seed


def phantom(request: PhantomRequest, on_event: Listener | None = None) -> Path:
    """Draw a synthetic two-channel pair set, or a volume, whose truth is known; returns its folder.

    Parameters
    ----------
    request : PhantomRequest
    on_event : callable or None
        Called with notes and progress; None prints them on stderr.

    Raises
    ------
    StorageError
        When the place to write to will not do.
    """
    out = request.out
    with listening(on_event):
        if request.volume is not None:
            _write_volume(out, request.drawn_volume(), request.output)
            return out
        with reserve(out, "pairs", "metgan phantom", request.output) as output, output.prepared():
            count, settings, seed = request.drawing()
            if (animals := math.ceil(count / settings.pairs_per_animal)) < len(PARTS):
                note(
                    f"the phantom has {animals} of the {len(PARTS)} animals or more that a training needs: "
                    "add --animals, or draw more pairs"
                )
            write_phantom(out, count, settings, seed)
    return out


def _write_volume(out: Path, volume: PhantomVolume, policy: OutputPolicy) -> None:
    layout = phantom_layout(volume)
    if policy.resume and is_written(out, layout):
        note(f"{out} holds this volume already; nothing was drawn")
        return
    if policy.resume and not is_begun(out, layout):
        note(f"there is no part of {out} to resume; starting it")
    write_phantom_volume(out, volume, resume=policy.resume, overwrite=policy.overwrite)
