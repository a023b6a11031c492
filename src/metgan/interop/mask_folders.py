"""Folders of images and masks, as Cellpose, StarDist and ilastik read them.

They differ in where the mask lies and in what its numbers mean, so each is one row of `MASK_FOLDERS`. The
image is the tumour channel, which is the one to segment. In ilastik 0 means "not labelled", so there the
background is 1 and the tumour 2; ilastik's import maps the numbers that it finds to its classes from the
lowest on, so that a picture without a tumour keeps its meaning in this order, and in no other. One without
background does not, and a note says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metgan.data import Pair
from metgan.errors import ArrayError, StorageError
from metgan.images import write_image
from metgan.objects import number_tumours
from metgan.progress import note
from metgan.types import Mask

from .cases import Case

Numbers = NDArray[np.uint8] | NDArray[np.uint16]


def number_objects(label: Mask) -> NDArray[np.uint16]:
    """Number the tumours of a mask, (Y, X), from 1, uint16; the background is 0.

    Raises
    ------
    ArrayError
        When there are more tumours than 16 bits can number.

    Examples
    --------
    >>> number_objects(np.array([[1, 0, 0, 1], [0, 1, 0, 0]], bool)).tolist()
    [[1, 0, 0, 2], [0, 1, 0, 0]]
    """
    numbers, areas = number_tumours(label)
    if (count := areas.size) > (most := np.iinfo(np.uint16).max):
        raise ArrayError(f"a label with {count} tumours", f"at most {most}", "Cut it with metgan prepare")
    return numbers.astype(np.uint16)


def number_classes(label: Mask) -> NDArray[np.uint8]:
    """Return 1 for the background and 2 for tumours.

    Examples
    --------
    >>> number_classes(np.array([[True, False]])).tolist()
    [[2, 1]]
    """
    return label.astype(np.uint8) + np.uint8(1)


@dataclass(frozen=True)
class MaskFolders:
    """Where a program looks for images and masks.

    Parameters
    ----------
    program : str
    image, mask : str
        Paths below the output folder, with ``{part}`` and ``{name}``.
    numbers : callable
        The program's numbers for a label.
    use : str
        What to do with the folders, with ``{out}``, and ``{val}`` where `use_val` goes.
    use_val : str
        What is added to it where there is a validation part.
    reserved : tuple of str
        Ends of names that the program takes for results of its own.
    ignore : int or None
        The program's number for a pixel of which a label says nothing; None where it has none.
    """

    program: str
    image: str
    mask: str
    numbers: Callable[[Mask], Numbers]
    use: str
    use_val: str = ""
    reserved: tuple[str, ...] = ()
    ignore: int | None = None

    @property
    def can_ignore(self) -> bool:
        """Whether it has a number for pixels of which a label says nothing."""
        return self.ignore is not None

    @property
    def kind(self) -> str:
        """What the folder holds, as messages call it."""
        return f"a data set for {self.program}"

    def check(self, cases: Sequence[Case], out: Path) -> None:  # noqa: ARG002  # any folder will do
        """Refuse names that the program would overlook."""
        for case in cases:
            if case.name.casefold().endswith(self.reserved):
                raise StorageError(
                    f"pair {case.entry.name} of {case.source}",
                    f"a name that does not end in {', '.join(self.reserved)}, in small or capital letters: "
                    f"{self.program} skips such images, or takes them for masks",
                    "Rename its three images, and its row of pairs.csv",
                )

    def write(self, case: Case, pair: Pair, out: Path) -> list[Path]:
        """Write the tumour channel and the mask of one case."""
        image, mask = (
            out / place.format(part=case.part, name=case.name) for place in (self.image, self.mask)
        )
        write_image(image, pair.tumour)
        numbers = self.numbers(pair.label)
        if self.ignore is not None and pair.ignored is not None:
            numbers[pair.ignored] = self.ignore
        if self.numbers is number_classes and numbers.any() and not (numbers == 1).any():
            note(
                f"{mask} shows no background, so that {self.program} takes its tumours for that: "
                "when importing it, map 2 to 2, not to 1"
            )
        write_image(mask, numbers)
        return [image, mask]

    def finish(self, cases: Sequence[Case], out: Path) -> None:
        """Write nothing: the folders are all there is."""

    def advice(self, cases: Sequence[Case], out: Path) -> str:
        """Say what to do with the data set."""
        has_val = any(case.part == "val" for case in cases)
        return self.use.format(out=out, val=self.use_val.format(out=out) if has_val else "")


MASK_FOLDERS: Final[Mapping[str, MaskFolders]] = {
    "cellpose": MaskFolders(
        "Cellpose",
        "{part}/{name}.tif",
        "{part}/{name}_masks.tif",
        number_objects,
        "cellpose --train --dir {out}/train{val} --mask_filter _masks --min_train_masks 1; "
        "without the last, images with fewer than 5 tumours are left out.",
        " --test_dir {out}/val",
        # The ends that get_image_files of cellpose/io.py leaves out.
        ("_masks", "_cp_output", "_flows", "_flows_0", "_flows_1", "_flows_2", "_cellprob"),
    ),
    "stardist": MaskFolders(
        "StarDist",
        "{part}/images/{name}.tif",
        "{part}/masks/{name}.tif",
        number_objects,
        "StarDist's notebooks read {out}/train/images/*.tif and {out}/train/masks/*.tif{val}.",
        "; give val/ as validation_data, instead of a random part of train/",
    ),
    "ilastik": MaskFolders(
        "ilastik",
        "{part}/images/{name}.tif",
        "{part}/labels/{name}.tif",
        number_classes,
        "In ilastik's Pixel Classification add images of {out}/train/images, two labels (1 is background, "
        "2 is tumour), and for each image right-click the layer Labels, Import, its file of train/labels.",
        ignore=0,
    ),
}
"""The row of each program."""
