"""One registered scan, as far as it was read, and the checks at its door: faults are named before cutting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Literal

import numpy as np

from metgan.errors import ArrayError
from metgan.images import Index, LazyVolume, Region
from metgan.io import check_name
from metgan.labels import check_binary
from metgan.parts import Part
from metgan.types import AnyArray, Mask

from .sample import check_camera
from .scan_summary import ScanBlock, ScanCheck

_NAME_AXES = (
    "name them with --mask-axes if the file has them in that order, or the image's own with --axes if these "
    "are wrong"
)
_ABOVE = "Give --tissue-above 0 where every positive number is tissue, as in an atlas, or another threshold"


Volume = AnyArray | LazyVolume
"""Of a scan, (Z, Y, X): in memory, or read where it is indexed."""


@dataclass(frozen=True)
class Scan:
    """A registered two-channel scan with its label, or a part of it; all (Z, Y, X) of one shape.

    Parameters
    ----------
    name : str
        Becomes part of the pairs' names.
    anatomy, tumour : array of a camera's dtype, or LazyVolume
    label : array of two values, LazyVolume or None
        None for a scan that was not annotated.
    tissue : array of two values, LazyVolume or None
        Where there is tissue; None for everywhere.
    region : Region
        What part of the scan the arrays are.
    source : str
        What tells its file from others, see `metgan.data.identify`; "" when that is not known.
    pixel_um : float or None
        Size of the pixels that it was resampled to; None for its own.
    voxel_um : tuple of float, or None
        Size of its own voxels along Z, Y and X; None where it was not resampled.
    """

    name: str
    anatomy: Volume
    tumour: Volume
    label: Volume | None
    tissue: Volume | None
    region: Region
    source: str = ""
    pixel_um: float | None = None
    voxel_um: tuple[float, ...] | None = None

    @classmethod
    def checked(
        cls,
        name: str,
        anatomy: Volume,
        tumour: Volume,
        label: Volume | None,
        tissue: Volume | None,
        region: Region | None = None,
    ) -> Scan:
        """Check shapes, dtypes, finiteness and label values, and return the scan.

        Parameters
        ----------
        name : str
        anatomy, tumour, label, tissue : array or LazyVolume, (Z, Y, X)
            See `Scan`. The latter must return a camera's dtype and bools; they are not read here, and whether
            the channels differ, and how much of them is labelled, is left to `survey`.
        region : Region or None, default None
            The part of a scan that these are; None for all of it.

        Raises
        ------
        ArrayError
            Naming the channel and what is wrong with it.
        SettingError
            For a name that would lead elsewhere as a part of file names, or be hidden.
        """
        name = check_name(name, "scan", "Choose another --name")
        volumes = {"anatomy": anatomy, "tumour": tumour, "label": label, "tissue": tissue}
        refuse_other_shapes(name, {k: v.shape for k, v in volumes.items() if v is not None})
        scan = cls(
            name,
            _checked(anatomy, lambda part: check_camera(part, f"{name} anatomy")),
            _checked(tumour, lambda part: check_camera(part, f"{name} tumour")),
            None if label is None else _checked(label, MaskCheck(name, "label")),
            None if tissue is None else _checked(tissue, MaskCheck(name, "tissue")),
            region or Region.all_of(anatomy.shape),
        )
        if not isinstance(anatomy, LazyVolume):
            check = ScanCheck(name)
            check.add(scan.block((slice(None),) * 3))
            check.refuse_faults()
        return scan

    def blocks(self) -> list[Part]:
        """Return what of the volumes is looked at, at once; together it is the whole."""
        volume = self.anatomy
        if isinstance(volume, LazyVolume):
            return volume.blocks()
        return [tuple(slice(0, n) for n in volume.shape)]

    def block(self, index: Index, *, with_tissue: bool = True) -> ScanBlock:
        """Read a part of all volumes, each once."""
        label, tissue = self.label, self.tissue if with_tissue else None
        return ScanBlock(
            self.anatomy[index],
            self.tumour[index],
            None if label is None else label[index],
            None if tissue is None else tissue[index],
        )


class MaskCheck:
    """Turns the parts of a scan's mask to True and False, and refuses more than one value beside 0 in all.

    Parameters
    ----------
    scan : str
        Its name.
    what : {"label", "tissue"}

    Examples
    --------
    >>> check = MaskCheck("mouse-1", "label")
    >>> check(np.array([0, 255])).tolist(), check(np.array([0, 0])).tolist()
    ([False, True], [False, False])
    >>> try:
    ...     check(np.array([0, 7]))
    ... except ArrayError as error:
    ...     print(str(error).partition(";")[0])
    mouse-1 label has values {0, 7, 255}
    """

    def __init__(self, scan: str, what: Literal["label", "tissue"]) -> None:
        self._refuse_more = partial(check_binary, name=f"{scan} {what}")
        if what == "tissue":
            self._refuse_more = partial(self._refuse_more, remedy=_ABOVE)
        self._values: set[float] = set()

    def __call__(self, part: AnyArray) -> Mask:
        """Return where a part of the mask is set; raises an ArrayError of more values."""
        mask = self._refuse_more(part)
        if mask.any():
            self._values.add(part.max().item())
            self._refuse_more(np.array([0, *sorted(self._values)]))
        return mask


def _checked(volume: Volume, check: Callable[[AnyArray], AnyArray]) -> Volume:
    """Return an array that was checked; what is read later is checked then, by whoever made it."""
    return volume if isinstance(volume, LazyVolume) else check(volume)


def refuse_other_shapes(
    name: str,
    shapes: Mapping[str, tuple[int, ...]],
    axes: Mapping[str, str] | None = None,
    fitting: Sequence[str] = (),
) -> None:
    """Refuse a scan whose images, given by what they are, have different shapes, the first the anatomy's.

    Named is the one that is unlike most of them, or unlike the anatomy.

    Their `axes` are those that their files were read with, from which (Z, Y, X) were made; None for these.
    `fitting` says what else would have one shape.
    """
    if len(set(shapes.values())) > 1:
        [(wanted, _)] = Counter(shapes.values()).most_common(1)  # of equals the first
        turn = dict.fromkeys(("anatomy", "tumour"), "transpose its file")
        turned = [
            f"{what} of axes {' or '.join(turns)} would fit: {turn.get(what, _NAME_AXES)}"
            for what, shape in shapes.items()
            if shape != wanted and (turns := _turns(shape, wanted, (axes or {}).get(what, "ZYX")))
        ]
        raise ArrayError(
            f"scan {name} has shapes {', '.join(f'{k} {v}' for k, v in shapes.items())}",
            "one shape (Z, Y, X) for all",
            ". ".join([*fitting, *turned])
            or "Check the files and, for several channels or planes, --axes, --mask-axes and --channels",
        )


def _turns(shape: tuple[int, ...], wanted: tuple[int, ...], axes: str) -> list[str]:
    """Return what an image's `axes` would have to be called instead for it to be of the shape wanted.

    Examples
    --------
    >>> _turns((90, 80, 24), (24, 90, 80), "ZYX"), _turns((90, 80, 24), (24, 90, 81), "ZYX")
    (['YXZ'], [])
    """
    length = dict(zip("ZYX", wanted, strict=True))
    turns = map("".join, permutations("ZYX"))
    fitting = (turn for turn in turns if tuple(length[axis] for axis in turn) == shape)
    return [axes.translate(str.maketrans("ZYX", turn)) for turn in fitting]
