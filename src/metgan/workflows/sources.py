"""What new pairs are made of, and the request that this amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from metgan.checked import Checked
from metgan.data import (
    SPLIT_FILE,
    Entry,
    PairSet,
    Split,
    StoredPairs,
    held_out_of,
    load_split,
    open_images,
    part_of,
    parts_of,
    refuse_trained_on,
)
from metgan.errors import SettingError
from metgan.io import has_file, has_folder
from metgan.labels import Bank, Grown, LabelRecipe
from metgan.models import LABELLED_BY, SegmentorPredictor
from metgan.progress import note
from metgan.synthesis import (
    GenerationRequest,
    Inpainter,
    Insert,
    find_errors,
    measure_steps,
    order_steps,
    oversample_errors,
)

from .pair_sets import PseudoLabels, open_labelled


@dataclass(frozen=True, kw_only=True)
class Sources(Checked):
    """What new pairs are made of.

    Parameters
    ----------
    anatomy : Path
        Pair set, or plain folder of anatomy images, in the units the run was trained on.
    labels : Path or None
        Pair set, or plain folder of labels or masks; empty ones are not used. Not needed where --recipe grown
        is given sizes and --tumours.
    part : {"train", "val", "test", "all"}
        Part of the sources to draw from, where the run or the set's pairs.csv knows their split; the test
        part stays unseen by default.
    oversample_errors : Path or None
        Run of metgan segmentor. It segments the validation part of --labels, a pair set; new pairs show more
        of what it misses: tumours of those sizes, anatomies of those organs, and contrasts of those tumours.
        Goes with --recipe bank. Default: none.
    """

    anatomy: Path
    labels: Path | None = None
    part: Literal["train", "val", "test", "all"] = "train"
    oversample_errors: Path | None = None

    def request(
        self,
        plain: GenerationRequest,
        refine: Sequence[str],
        inpainter: Inpainter,
        split: Split | None,
        pseudo_labels: PseudoLabels,
    ) -> GenerationRequest:
        """Return the request with steps of refinement, and with more of what a segmentor misses.

        Unlabelled pairs that tumours are inserted in are pseudo-labelled, and read again when they are made.

        Raises
        ------
        SettingError
            When steps do not go together, errors are oversampled with another recipe than bank, real pairs
            are needed and --labels or --anatomy has none, or nothing can be learned of them.
        LeakageError
            When a pair that is learned from is, or was made of, what is tested; and when the segmentor has
            seen a test group: it would let test tissue choose what is trained on.
        """
        steps = order_steps(refine)
        anatomies = self._whole(plain, pseudo_labels) if Insert.name in steps else plain.anatomies
        is_read = any(entry.provenance.get(LABELLED_BY) for entry in anatomies)
        reader = pseudo_labels.predictor if is_read else None
        learning = [name for name in steps if name != Insert.name]
        pairs = self._pairs(plain.recipe, learning) if learning or self.oversample_errors else None
        real = StoredPairs(part_of(pairs.entries, self.part, split) if pairs and learning else ())
        normalisation = inpainter.card.normalisation
        for pair in real:
            normalisation.check(pair.tumour, "tumour", pair.entry.name)
        measured = measure_steps(steps, real, normalisation.fill)
        refined = replace(plain, anatomies=anatomies, refine=measured, reader=reader)
        if self.oversample_errors is None or pairs is None:
            return refined
        return self._oversample(refined, pairs, self.oversample_errors, inpainter, split)

    def open_labels(self, recipe: LabelRecipe) -> tuple[Entry, ...]:
        """Open the labels of all parts, which a recipe may do without that has nothing to learn from them."""
        if self.labels is not None:
            return tuple(open_images(self.labels, "label"))
        if isinstance(recipe, Grown) and recipe.sizes is not None and recipe.counts is not None:
            return ()
        raise SettingError(
            f"no --labels for the recipe {recipe.name}",
            "real labels, or your own masks",
            "Give --labels; --recipe grown does without if --areas (or --diameters-um) and --tumours are "
            "given",
        )

    def _whole(self, plain: GenerationRequest, pseudo_labels: PseudoLabels) -> Sequence[Entry]:
        """Return the anatomies with their tumour channels and labels, or pseudo-labels for want of these."""
        if not has_folder(self.anatomy / "anatomy"):
            given = f"--refine insert with {self.anatomy}, which is no pair set"
            raise SettingError(given, "pairs to insert tumours in", "Give a pair set for --anatomy")
        pairs, wanted = PairSet.open(self.anatomy), {entry.name for entry in plain.anatomies}
        labelled = [entry for entry in pairs if entry.name in wanted]
        return (*labelled, *pseudo_labels([entry for entry in pairs.unlabelled if entry.name in wanted]))

    def _oversample(
        self,
        plain: GenerationRequest,
        pairs: PairSet,
        segmentor: Path,
        inpainter: Inpainter,
        split: Split | None,
    ) -> GenerationRequest:
        predictor = SegmentorPredictor(segmentor, inpainter.device)
        held_out = held_out_of(pairs.entries, split) | inpainter.held_out
        predictor.card.refuse_to_have_seen(held_out.groups, "choosing training pairs")
        val = self._unseen(pairs, segmentor, split)
        held_out.refuse(val, "error analysis")
        spots = find_errors(predictor, val)
        note(f"{segmentor} on the validation part: {spots}")
        return oversample_errors(plain, spots)

    def _unseen(self, pairs: PairSet, segmentor: Path, split: Split | None) -> list[Entry]:
        """Return the validation part, which must be known as such, also to the segmentor that is analysed."""
        parts = parts_of(pairs.entries, split)
        val = [entry for entry, part in zip(pairs, parts, strict=True) if part == "val"]
        if not val:
            raise SettingError(
                f"no validation part among the {len(pairs)} pairs of {self.labels}",
                "pairs that --oversample-errors was not trained on",
                "Give the pair set that the run was trained on, or state a split in its pairs.csv",
            )
        own = [folder / SPLIT_FILE for folder in (segmentor, segmentor.parent)]
        seen = [name for file in own if has_file(file) for name in load_split(file).train]
        refuse_trained_on(str(segmentor), seen, val)
        return val

    def _pairs(self, recipe: LabelRecipe, learning: Sequence[str]) -> PairSet:
        """Open the labels as a pair set, for steps that learn from it or a segmentor that reads it."""
        if self.oversample_errors is not None and not isinstance(recipe, Bank):
            raise SettingError(
                f"--oversample-errors with the recipe {recipe.name}",
                "--recipe bank, which chooses among the tumours of --labels",
                "Use --recipe bank, or leave --oversample-errors out",
            )
        if self.labels is None:
            given = f"--refine {','.join(learning)}" if learning else "--oversample-errors"
            raise SettingError(f"{given} without --labels", "a pair set to learn from", "Give --labels")
        pairs = open_labelled(self.labels)
        if generated := [entry.name for entry in pairs if entry.is_generated]:
            given = f"{len(generated)} generated pairs in {self.labels} to learn from"
            raise SettingError(given, "real pairs", "Give the run's own pair set for --labels")
        return pairs
