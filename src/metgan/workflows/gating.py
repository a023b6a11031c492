"""The gate that new pairs pass, and the segmentor that it asks."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from metgan.checked import Checked
from metgan.data import SPLIT_FILE, Entry, Split, open_images
from metgan.errors import LeakageError, SettingError
from metgan.io import has_file, has_folder
from metgan.models import ModelCard
from metgan.progress import note
from metgan.studies import INDEPENDENT_SEGMENTOR, independent_seed
from metgan.synthesis import Gate, GateLimits, Inpainter, open_gate

from .output import note_warning
from .ranges import NOT_NEGATIVE, check_ranges


@dataclass(frozen=True, kw_only=True)
class GateChoice(Checked):
    """The gate: what new pairs must reach; one that fails is generated again.

    Parameters
    ----------
    independent_segmentor : Path or None
        Run of metgan segmentor DATA --split RUN/splits.json with a seed of its own; never the segmentor that
        RUN trained with, nor one that has seen RUN's test groups. Default: none, and no pair is checked.
    gate : bool
        --no-gate keeps every pair as it was first generated.
    least_recall : float or None
        Share of the tumours of 10 pixels and more that the independent segmentor must find, in [0, 1].
        Default: 0.5.
    most_false_area : float or None
        Share of the pixels outside the label that it may take for tumour, in [0, 1]. Default: 0.02.
    least_contrast : float or None
        Least contrast of the median tumour to its surroundings, in camera units, 0 or more. Default: that of
        a tumour which adds half as much light as a dim tumour of the training images; 1.05 where no labelled
        training images are found.
    most_contrast : float or None
        Most contrast of the median tumour, 0 or more. Default: that of one which adds twice as much light as
        a bright one of them; 20 where none are found.
    least_distance : float or None
        Least distance from the nearest training image, in [0, 2]: one minus the correlation of the
        backgrounds. Default: 0.05.
    attempts : int or None
        Labels that are tried for one pair, 1 or more; when all fail, the best is kept and marked. Default: 4.
    """

    independent_segmentor: Path | None = None
    gate: bool = True
    least_recall: float | None = None
    most_false_area: float | None = None
    least_contrast: float | None = None
    most_contrast: float | None = None
    least_distance: float | None = None
    attempts: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, least_contrast=NOT_NEGATIVE, most_contrast=NOT_NEGATIVE)
        GateLimits(**self._given)  # refuses the others out of range, and least above most

    @property
    def _given(self) -> dict[str, Any]:
        """The limits that are given."""
        limits = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            name: value
            for name, value in limits.items()
            if value is not None and name not in ("independent_segmentor", "gate")
        }

    def open(self, inpainter: Inpainter, training: tuple[Entry, ...], advice: str) -> Gate | None:
        """Return the gate, or None where no independent segmentor is given or none is wanted.

        Errors end in `advice`.

        Raises
        ------
        SettingError
            When limits are given that nothing is compared with.
        LeakageError
            When the independent segmentor or a training image will not do, see `metgan.synthesis.open_gate`.
        """
        given = self._given
        if given and (self.independent_segmentor is None or not self.gate):
            remedy = "Leave --no-gate out" if self.independent_segmentor else advice
            if not (self.independent_segmentor or self.gate):
                remedy += ", and leave --no-gate out"
            raise SettingError(
                f"--{next(iter(given)).replace('_', '-')} without an independent segmentor",
                "a segmentor to measure the pairs by",
                remedy,
            )
        if self.independent_segmentor is None or not self.gate:
            return None
        try:
            return open_gate(self.independent_segmentor, inpainter, training, GateLimits(**given))
        except LeakageError as error:
            raise type(error)(error.given, error.expected, advice) from error

    def note_warnings(self, gate: Gate | None, advice: str) -> None:
        """Note what is not checked, unless that was asked for."""
        if gate is None and self.gate:
            note(f"the pairs are not checked by a segmentor. {advice} and `--overwrite`")
        if gate is not None and self.independent_segmentor is not None:
            note_warning(self.independent_segmentor)
        if gate is not None and not len(gate.training):
            note(
                "no training image of the run was found: "
                "how near pairs are to them is not checked, and contrast is held to fixed limits"
            )


def training_images(split: Split | None, *folders: Path | None) -> tuple[Entry, ...]:
    """Return the images of a run's training part that lie in the first folder that holds any of them.

    Folders with labels come first, and the labels with them.
    """
    trained_on = frozenset(split.train if split else ())
    for folder in sorted(folders, key=lambda folder: folder is None or not has_folder(folder / "label")):
        if folder is None or not has_folder(folder / "tumour"):
            continue
        if found := tuple(e for e in open_images(folder, "tumour") if e.name in trained_on):
            labels = open_images(folder, "label") if has_folder(folder / "label") else ()
            paths = {entry.name: entry.paths for entry in labels}
            return tuple(replace(e, paths={**e.paths, **paths.get(e.name, {})}) for e in found)
    return ()


def advise_segmentor(run: Path, card: ModelCard, training: tuple[Entry, ...], *folders: Path | None) -> str:
    """Say how an independent segmentor is trained and given, in a command of this call's own paths.

    The independent segmentor is trained on the pair set of the `training` images. Where they are not there,
    it is DATA, to be filled in; a run without a split takes the first of `folders` that is a pair set.
    """
    split = run / SPLIT_FILE
    whole = [
        folder for folder in folders if folder and all(has_folder(folder / c) for c in ("tumour", "label"))
    ]
    known = [entry.paths["tumour"].parents[1] for entry in training[:1] if "label" in entry.paths]
    places = known if has_file(split) else whole
    data = str(places[0]) if places else "DATA"
    words = ["metgan", "segmentor", data, "--preset", card.preset]
    words += ["--split", str(split)] if has_file(split) else []
    words += ["--seed", str(independent_seed(card.seed, card.segmentor_seed))]
    words += ["--out", f"{run}-{INDEPENDENT_SEGMENTOR}"]
    option = shlex.join(["--independent-segmentor", words[-1]])
    return f"Train an independent segmentor with `{shlex.join(words)}`, then add `{option}`"


NO_GATE = GateChoice()
