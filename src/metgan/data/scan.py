"""One registered scan in memory, and the checks at its door: faults are named before anything is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metgan.errors import ArrayError, SettingError
from metgan.labels import check_binary, find_fill
from metgan.metrics import Contrast
from metgan.types import AnyArray, Camera, Channel, Mask

from .sample import check_camera

_MOST_LABELLED = 0.5
_TUMOURS_ARE_RARE = (
    "tumours to cover the smaller part",
    "Check the mask; one that is inverted, or shows the tissue, must be exchanged first",
)
_TWO_CHANNELS = ("two different channels", "Check the sources, and --channels")


@dataclass(frozen=True)
class Scan:
    """A registered two-channel scan with its label, all (Z, Y, X) of one shape.

    Parameters
    ----------
    name : str
        Becomes part of the pairs' names.
    anatomy, tumour : array of a camera's dtype
    label : array of two values
    tissue : array of two values or None
        Where there is tissue; None for everywhere.
    """

    name: str
    anatomy: Camera
    tumour: Camera
    label: Mask
    tissue: Mask | None = None

    @classmethod
    def checked(
        cls, name: str, anatomy: AnyArray, tumour: AnyArray, label: AnyArray, tissue: AnyArray | None
    ) -> Scan:
        """Check dtypes, finiteness, label values and shapes, and give the scan.

        Raises
        ------
        ArrayError
            Naming the channel and what is wrong with it.
        SettingError
            For a name that would lead elsewhere as a part of file names.
        """
        if name in ("", ".", "..") or any(mark in name for mark in "/\\\0"):
            raise SettingError(
                f"a scan called {name!r}",
                "a name that can begin a file's: not empty, without / and \\",
                "Choose another --name",
            )
        shapes = {"anatomy": anatomy.shape, "tumour": tumour.shape, "label": label.shape}
        if tissue is not None:
            shapes["tissue"] = tissue.shape
        if len(set(shapes.values())) > 1:
            raise ArrayError(
                f"scan {name} has shapes {', '.join(f'{k} {v}' for k, v in shapes.items())}",
                "one shape (Z, Y, X) for all",
                "Check the files and, for several channels or planes, --axes and --channels",
            )
        scan = cls(
            name,
            check_camera(anatomy, f"{name} anatomy"),
            check_camera(tumour, f"{name} tumour"),
            check_binary(label, f"{name} label"),
            None if tissue is None else check_binary(tissue, f"{name} tissue"),
        )
        if anatomy.min() < anatomy.max() and np.array_equal(anatomy, tumour):
            raise ArrayError(f"scan {name} has one image in both channels", *_TWO_CHANNELS)
        share = float(scan.label.mean())
        if share > _MOST_LABELLED:
            raise ArrayError(f"the label of scan {name} covers {share:.0%} of the pixels", *_TUMOURS_ARE_RARE)
        return scan

    def contrast(self, channel: Channel) -> Contrast:
        """Return how a channel's labelled pixels stand out from the other tissue; fill is no tissue.

        Tumours are bright in the tumour channel and hardly show in the anatomy: where it is the other way
        round, the channels have probably been named in the wrong order.
        """
        image: Camera = self.anatomy if channel == "anatomy" else self.tumour
        around = ~self.label if self.tissue is None else ~self.label & self.tissue
        around = around & ~np.stack([find_fill(plane) for plane in image])
        return Contrast.between(image[self.label], image[around])
