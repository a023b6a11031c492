"""One registered scan, as far as it was read, and the checks at its door: faults are named before a cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from metgan.errors import ArrayError
from metgan.images import Region
from metgan.io import check_name
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
_ABOVE = "Give --tissue-above 0 where every positive number is tissue, as in an atlas, or another threshold"


@dataclass(frozen=True)
class Scan:
    """A registered two-channel scan with its label, or a part of it; all (Z, Y, X) of one shape.

    Parameters
    ----------
    name : str
        Becomes part of the pairs' names.
    anatomy, tumour : array of a camera's dtype
    label : array of two values or None
        None for a scan that was not annotated.
    tissue : array of two values or None
        Where there is tissue; None for everywhere.
    region : Region
        What part of the scan the arrays are.
    source : str
        What tells its file from others, see `metgan.data.identify`; "" when that is not known.
    """

    name: str
    anatomy: Camera
    tumour: Camera
    label: Mask | None
    tissue: Mask | None
    region: Region
    source: str = ""

    @classmethod
    def checked(
        cls,
        name: str,
        anatomy: AnyArray,
        tumour: AnyArray,
        label: AnyArray | None,
        tissue: AnyArray | None,
        region: Region | None = None,
    ) -> Scan:
        """Check shapes, dtypes, finiteness and label values, and return the scan.

        Parameters
        ----------
        name : str
        anatomy, tumour, label, tissue : array, (Z, Y, X)
            See `Scan`.
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
        seen = check_camera(anatomy, f"{name} anatomy"), check_camera(tumour, f"{name} tumour")
        mask = None if label is None else check_binary(label, f"{name} label")
        if seen[0].min() < seen[0].max() and np.array_equal(*seen):
            raise ArrayError(f"scan {name} has one image in both channels", *_TWO_CHANNELS)
        if mask is not None and (share := float(mask.mean())) > _MOST_LABELLED:
            raise ArrayError(f"the label of scan {name} covers {share:.0%} of the pixels", *_TUMOURS_ARE_RARE)
        body = None if tissue is None else check_binary(tissue, f"{name} tissue", _ABOVE)
        return cls(name, *seen, mask, body, region or Region.all_of(anatomy.shape))

    def contrast(self, channel: Channel) -> Contrast:
        """Return how a channel's labelled pixels stand out from the other tissue; fill is no tissue.

        Tumours are bright in the tumour channel and hardly show in the anatomy: where it is the other way
        round, the channels have probably been named in the wrong order.

        Raises
        ------
        ArrayError
            Of a scan without a label.
        """
        if self.label is None:
            raise ArrayError(f"scan {self.name} without a label", "labelled pixels", "Read it with its mask")
        image: Camera = self.anatomy if channel == "anatomy" else self.tumour
        around = ~self.label if self.tissue is None else ~self.label & self.tissue
        around = around & ~np.stack([find_fill(plane) for plane in image])
        return Contrast.between(image[self.label], image[around])


def refuse_other_shapes(name: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse a scan whose images, given by what they are, have different shapes."""
    if len(set(shapes.values())) > 1:
        raise ArrayError(
            f"scan {name} has shapes {', '.join(f'{k} {v}' for k, v in shapes.items())}",
            "one shape (Z, Y, X) for all",
            "Check the files and, for several channels or planes, --axes and --channels",
        )
