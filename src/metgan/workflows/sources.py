"""What new pairs are made of, and the request that it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

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
from metgan.models import SegmentorPredictor
from metgan.progress import note
from metgan.synthesis import (
    Contrasts,
    GenerationRequest,
    Inpainter,
    NoiseModel,
    find_errors,
    oversample_errors,
)


@dataclass(frozen=True, kw_only=True)
class Sources:
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
    match_contrast : bool
        Bring each tumour to the contrast of a real one of --labels, then a pair set: dimmer, or with up to
        five times the light that it was generated with.
    match_noise : bool
        Add to each generated image, which is smooth, the noise of the real ones of --labels, then a pair set.
    oversample_errors : Path or None
        Run of metgan segmentor. It segments the validation part of --labels, a pair set; new pairs show more
        of what it misses: tumours of those sizes, anatomies of those organs, and contrasts of those tumours.
        Goes with --recipe bank. Default: none.
    add_background : bool
        Add to each generated image what no generator can know: threads, dust and noise of a real image of
        --labels, then a pair set, away from its tumours.
    insert_tumours : bool
        Keep the real tumour channel of --anatomy, then an annotated pair set, and add generated tumours to
        it, beside its own: everything but these tumours stays real.
    """

    anatomy: Path
    labels: Path | None = None
    part: Literal["train", "val", "test", "all"] = "train"
    match_contrast: bool = False
    match_noise: bool = False
    add_background: bool = False
    oversample_errors: Path | None = None
    insert_tumours: bool = False

    def request(
        self, plain: GenerationRequest, inpainter: Inpainter, split: Split | None
    ) -> GenerationRequest:
        """Return the request with the contrasts, noise, backgrounds and other things asked for.

        Raises
        ------
        SettingError
            When errors are oversampled with another recipe than bank or with matched contrasts, either is
            asked for without labels, inserted tumours are given a noise or a background, or pairs are given
            both.
        LeakageError
            When the segmentor has seen a test group: it would let test tissue choose what is trained on.
        """
        if self.insert_tumours:
            plain = self._inserted(plain)
        matched = self.match_contrast or self.match_noise or self.add_background
        if not (matched or self.oversample_errors):
            return plain
        pairs = self._pairs(plain.recipe)
        if matched:
            plain = self._matched(plain, part_of(pairs.entries, self.part, split), inpainter)
        return plain if self.oversample_errors is None else self._oversample(plain, pairs, inpainter, split)

    def _matched(
        self, plain: GenerationRequest, entries: Sequence[Entry], inpainter: Inpainter
    ) -> GenerationRequest:
        """Return the request with what is measured on real pairs, or taken from them."""
        real = StoredPairs(entries)
        for pair in real:
            inpainter.card.normalisation.check(pair.tumour, "tumour", pair.entry.name)
        fill = inpainter.card.normalisation.fill
        contrasts = noise = None
        if self.match_contrast:
            contrasts = Contrasts.measured((pair.label, pair.tumour, pair.filled(fill)) for pair in real)
        if self.match_noise or self.add_background:
            noise = NoiseModel.measured((pair.label | pair.filled(fill), pair.tumour) for pair in real)
        return replace(
            plain,
            contrasts=contrasts,
            noise=noise,
            donors=tuple(entries) if self.add_background else (),
        )

    def open_labels(self, split: Split | None, recipe: LabelRecipe) -> tuple[Entry, ...]:
        """Open the labels, which a recipe may do without that has nothing to learn from them."""
        if self.labels is not None:
            return part_of(open_images(self.labels, "label"), self.part, split)
        if isinstance(recipe, Grown) and recipe.sizes is not None and recipe.counts is not None:
            return ()
        raise SettingError(
            f"no --labels for the recipe {recipe.name}",
            "real labels, or your own masks",
            "Give --labels; --recipe grown does without if --areas (or --diameters-um) and --tumours are "
            "given",
        )

    def _inserted(self, plain: GenerationRequest) -> GenerationRequest:
        """Return the request with whole pairs for anatomies."""
        for option, is_given in (
            ("--match-noise", self.match_noise),
            ("--add-background", self.add_background),
        ):
            if is_given:
                raise SettingError(
                    f"--insert-tumours and {option}",
                    "one of them: the background of inserted tumours is real already",
                    f"Leave {option} out",
                )
        if not has_folder(self.anatomy / "anatomy"):
            given = f"--insert-tumours with {self.anatomy}, which is no pair set"
            raise SettingError(given, "annotated pairs to insert tumours in", "Give a pair set for --anatomy")
        pairs = PairSet.open(self.anatomy)
        return replace(
            plain, anatomies=pairs.select([entry.name for entry in plain.anatomies]).entries, inserted=True
        )

    def _oversample(
        self, plain: GenerationRequest, pairs: PairSet, inpainter: Inpainter, split: Split | None
    ) -> GenerationRequest:
        assert self.oversample_errors is not None
        predictor = SegmentorPredictor(self.oversample_errors, inpainter.device)
        held_out = held_out_of(pairs.entries, split) | inpainter.held_out
        predictor.card.refuse_to_have_seen(held_out.groups, "choosing training pairs")
        val = self._unseen(pairs, split)
        held_out.refuse(val, "error analysis")
        spots = find_errors(predictor, val)
        note(f"{self.oversample_errors} on the validation part: {spots}")
        return oversample_errors(plain, spots)

    def _unseen(self, pairs: PairSet, split: Split | None) -> list[Entry]:
        """Return the validation part, which must be known as such, also to the segmentor that is analysed."""
        parts = parts_of(pairs.entries, split)
        val = [entry for entry, part in zip(pairs, parts, strict=True) if part == "val"]
        if not val:
            raise SettingError(
                f"no validation part among the {len(pairs)} pairs of {self.labels}",
                "pairs that --oversample-errors was not trained on",
                "Give the pair set that the run was trained on, or state a split in its pairs.csv",
            )
        assert self.oversample_errors is not None
        own = [folder / SPLIT_FILE for folder in (self.oversample_errors, self.oversample_errors.parent)]
        seen = [name for file in own if has_file(file) for name in load_split(file).train]
        refuse_trained_on(str(self.oversample_errors), seen, val)
        return val

    def _pairs(self, recipe: LabelRecipe) -> PairSet:
        """Open the labels as a pair set, where the options do not contradict each other."""
        if self.oversample_errors is not None and not isinstance(recipe, Bank):
            raise SettingError(
                f"--oversample-errors with the recipe {recipe.name}",
                "--recipe bank, which chooses among the tumours of --labels",
                "Use --recipe bank, or leave --oversample-errors out",
            )
        if self.oversample_errors is not None and self.match_contrast:
            raise SettingError(
                "--oversample-errors and --match-contrast",
                "one of them",
                "Leave --match-contrast out; --oversample-errors has contrasts of its own",
            )
        if self.match_noise and self.add_background:
            given = "--match-noise and --add-background"
            raise SettingError(
                given, "one of them: a real background brings its own noise", "Leave --match-noise out"
            )
        if self.labels is None:
            names = ("match_contrast", "match_noise", "add_background", "oversample_errors")
            given = ", ".join(f"--{name.replace('_', '-')}" for name in names if getattr(self, name))
            raise SettingError(f"{given} without --labels", "a pair set to match", "Give --labels")
        pairs = PairSet.open(self.labels)
        if generated := [entry.name for entry in pairs if entry.is_generated]:
            given = f"{len(generated)} generated pairs in {self.labels} to match or to analyse"
            raise SettingError(given, "real pairs", "Give the run's own pair set for --labels")
        return pairs
