"""A raw data set of nnU-Net, version 2.

Images are 2-D TIFFs, one file for each channel, read by nnU-Net's ``NaturalImage2DIO``: it takes the camera's
16 bits and floats as they are, which PNG would not hold. The reader is named in ``dataset.json``, since
nnU-Net has one for 3-D TIFFs too. Validation cases lie among the training cases, as nnU-Net wants it, and
``splits_final.json`` says which they are: one fold, since the groups were divided once.

Isensee et al., nnU-Net: a self-configuring method for deep learning-based biomedical image segmentation,
doi:10.1038/s41592-020-01008-z.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metgan.data import Pair
from metgan.errors import SettingError
from metgan.images import write_image
from metgan.io import write_json
from metgan.types import Channel

from .cases import Case, require_part

CHANNELS: dict[str, tuple[Channel, ...]] = {"tumour": ("tumour",), "both": ("tumour", "anatomy")}
"""Which channels a segmentation network is given, in nnU-Net's order."""
_SUFFIX = ".tif"
_IGNORE = 2  # the highest of the labels, as nnU-Net asks
_NAME = re.compile(r"Dataset(\d{3})_[\w-]+")


@dataclass(frozen=True)
class NnUnet:
    """How pairs lie in ``nnUNet_raw/DatasetNNN_Name``.

    Parameters
    ----------
    channels : tuple of str
        A value of `CHANNELS`.

    Examples
    --------
    >>> NnUnet(CHANNELS["both"]).description(2)["channel_names"]
    {'0': 'tumour', '1': 'anatomy'}
    """

    channels: tuple[Channel, ...] = CHANNELS["tumour"]

    @property
    def kind(self) -> str:
        """What the folder holds, as messages call it."""
        return f"a data set for nnU-Net ({', '.join(self.channels)})"

    @property
    def can_ignore(self) -> bool:
        """Whether the program can be told of pixels of which a label says nothing."""
        return True

    def check(self, cases: Sequence[Case], out: Path) -> None:
        """Refuse a split without validation, and a folder whose name nnU-Net does not look for."""
        require_part(cases, "val")
        if not _NAME.fullmatch(out.resolve().name):
            raise SettingError(
                f"output folder {out.resolve().name}",
                "a name such as Dataset501_Tumours: Dataset, three digits, an underscore and a word",
                "Choose --out nnUNet_raw/Dataset501_Tumours, with a number that is not taken",
            )

    def write(self, case: Case, pair: Pair, out: Path) -> list[Path]:
        """Write one case: its channels, and the label as 0 and 1, and `_IGNORE` where it says nothing."""
        label = pair.label.astype("uint8")
        if pair.ignored is not None:
            label[pair.ignored] = _IGNORE
        where = "Ts" if case.part == "test" else "Tr"
        channels = [pair.tumour if channel == "tumour" else pair.anatomy for channel in self.channels]
        images = {
            out / f"images{where}" / f"{case.name}_{number:04d}{_SUFFIX}": image
            for number, image in enumerate(channels)
        } | {out / f"labels{where}" / f"{case.name}{_SUFFIX}": label}
        for path, image in images.items():
            write_image(path, image)
        return [*images]

    def finish(self, cases: Sequence[Case], out: Path) -> None:
        """Write the split, and last ``dataset.json``, without which nnU-Net takes nothing."""
        fold = {part: sorted(case.name for case in cases if case.part == part) for part in ("train", "val")}
        write_json(out / "splits_final.json", [fold])
        has_ignored = any(case.entry.is_partly_labelled for case in cases)
        write_json(out / "dataset.json", self.description(len(fold["train"]) + len(fold["val"]), has_ignored))

    def description(self, count: int, has_ignored: bool = False) -> dict[str, object]:
        """Return the content of ``dataset.json`` for `count` cases outside the test part.

        With `has_ignored`, pixels of which a label says nothing have nnU-Net's label ``ignore``, its highest.
        """
        labels = {"background": 0, "tumour": 1} | ({"ignore": _IGNORE} if has_ignored else {})
        return {
            "channel_names": {str(number): channel for number, channel in enumerate(self.channels)},
            "labels": labels,
            "numTraining": count,
            "file_ending": _SUFFIX,
            "overwrite_image_reader_writer": "NaturalImage2DIO",
        }

    def advice(self, cases: Sequence[Case], out: Path) -> str:  # noqa: ARG002  # it always has both parts
        """Say what to do with the data set."""
        name = out.resolve().name
        number = int(name[7:10])
        return (
            f"nnU-Net wants this folder in nnUNet_raw, and splits_final.json in nnUNet_preprocessed/{name}: "
            f"nnUNetv2_plan_and_preprocess -d {number} -c 2d copies it there (older ones do not: copy it).\n"
            f"Then nnUNetv2_train {number} 2d 0; the split is fold 0, other folds would be drawn at random."
        )
