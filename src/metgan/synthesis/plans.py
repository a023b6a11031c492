"""What is generated for pair number k: an anatomy, and a label that was never drawn on it.

Section 3 of the paper: "randomized unpaired combinations of real anatomical channel images, and real
non-zero labels or combinations thereof". A plan is a function of the seed, the number and the attempt
alone, so any of them can be drawn without those before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from metgan.data import Entry, Pair, evenly, fingerprint_of, join_names, read_channel, read_pair
from metgan.errors import ArrayError, EmptyDrawError, SettingError
from metgan.labels import (
    Drawn,
    LabelRecipe,
    find_fill,
    find_tissue,
    find_tissue_level,
    leave_apart,
    shows_outside_alone,
)
from metgan.models import LABELLED_BY
from metgan.objects import sizes
from metgan.seeding import stream
from metgan.types import Camera, Mask

from .kept import Kept
from .label_files import LabelFiles, with_tumours
from .refine import Background, Contrast, RefineStep, near
from .request import GenerationRequest

_ASKED = 64  # anatomies that say how bright tissue is
DRAWS = 32
"""Labels drawn for an anatomy, at most, until there is room for one."""


@dataclass(frozen=True, eq=False)
class PairPlan:
    """All of a pair but the generated image.

    Parameters
    ----------
    source : Entry
        Where the anatomy is from.
    anatomy : Camera
        (Y, X), camera units.
    asked : Mask
        (Y, X), where tumours are to be generated, at least one.
    labels : tuple of Entry
        The real labels that had a part in what is asked for.
    orientations : tuple of int
        The symmetry each of them was turned by; empty where they are not taken as a whole.
    left_out : int
        Tumours for which there was no room.
    refine : tuple of RefineStep
        What the generated image is given, with what was drawn for this pair.
    real : Pair or None
        The pair to whose tumour channel the tumours are added; None leaves the whole image to the generator.
    unseen : Mask or None
        (Y, X), those asked for that the segmentor which labelled the real image does not see in the finished
        one: too dim for what is around them, they would be labels of nothing. None where it was not asked.
    """

    source: Entry
    anatomy: Camera
    asked: Mask
    labels: tuple[Entry, ...]
    orientations: tuple[int, ...]
    left_out: int
    refine: tuple[RefineStep, ...] = ()
    real: Pair | None = None
    unseen: Mask | None = None

    @property
    def shown(self) -> Mask:
        """What is asked for, (Y, X), without what is unseen."""
        return self.asked if self.unseen is None else self.asked & ~self.unseen

    @property
    def label(self) -> Mask:
        """Label of the pair, (Y, X): what is asked for and seen, beside what the real image shows already."""
        return self.shown if self.real is None else self.shown | self.real.label

    @property
    def ignored(self) -> Mask | None:
        """Where the label says nothing, (Y, X); None for nowhere.

        That is where the label of the real image says nothing, and in and near tumours that are unseen.
        """
        unsaid = None if self.real is None else self.real.ignored
        if self.unseen is None or not self.unseen.any():
            return unsaid
        doubtful = near(self.unseen) & ~self.label
        return doubtful if unsaid is None else doubtful | unsaid

    @property
    def inserts_unlabelled(self) -> bool:
        """Whether tumours are added to a real image that a segmentor labelled, and no annotator."""
        return self.real is not None and bool(self.source.provenance.get(LABELLED_BY))

    @property
    def contrast(self) -> Contrast | None:
        """The step that brings its tumours to contrasts; None leaves these to the generator."""
        return next((step for step in self.refine if isinstance(step, Contrast)), None)

    @property
    def background(self) -> Background | None:
        """The step that lays a real background over it, if any."""
        return next((step for step in self.refine if isinstance(step, Background)), None)

    @property
    def donor(self) -> Entry | None:
        """The real pair whose background it is given, if any."""
        return None if self.background is None else self.background.donor

    @property
    def origin(self) -> Mapping[str, str]:
        """What the pair's provenance says of it."""
        asked = () if self.contrast is None else self.contrast.asked
        return {
            "anatomy_source": self.source.name,
            "label_sources": join_names(entry.name for entry in self.labels),
            "label_orientations": join_names(str(turn) for turn in self.orientations),
            "label_groups": join_names(sorted({g for entry in self.labels for g in entry.made_of_groups})),
            "tumours": str(len(sizes(self.label))),
            "tumour_pixels": str(int(self.label.sum())),
            "own_tumours": "" if self.real is None else str(len(sizes(self.real.label))),
            "unseen": "" if self.unseen is None else str(len(sizes(self.unseen))),
            LABELLED_BY: "" if self.real is None else self.source.provenance.get(LABELLED_BY, ""),
            "left_out": str(self.left_out),
            "background_source": "" if self.donor is None else self.donor.name,
            "background_group": "" if self.donor is None else self.donor.group,
            "asked_contrasts": join_names(f"{contrast:.6g}" for contrast in asked),
        }


class PairPlans:
    """The plans of a request, each drawn when asked for.

    Attributes
    ----------
    request : GenerationRequest
    positive : tuple of Entry
        The labels that hold a tumour.

    Raises
    ------
    ArrayError
        When there are labels, and none holds a tumour.
    """

    def __init__(self, request: GenerationRequest) -> None:
        self.request = request
        self._kept: tuple[object, Kept] = None, Kept()
        self.positive = with_tumours(request.labels)

    def kept_of(self, inpainter: object) -> Kept:
        """Return what this inpainter has generated for several plans, see `generate_tumours`."""
        if self._kept[0] is not inpainter:
            self._kept = inpainter, Kept()
        return self._kept[1]

    def lacks_tissue(self, anatomy: Camera) -> bool:
        """Tell whether an anatomy shows air alone, where tumours are to lie in tissue: it is passed over."""
        uses_tissue = self.request.recipe.uses_tissue or self.request.inserts
        return uses_tissue and shows_outside_alone(anatomy, self._tissue_level)

    @cached_property
    def _tissue_level(self) -> float | None:
        """The light that tells an anatomy without tissue from one of tissue alone, by others of the set."""
        asked = evenly(self.request.anatomies, _ASKED)
        return find_tissue_level(read_channel(e.paths["anatomy"]) for e in asked)

    @property
    def fingerprint(self) -> str:
        """Name what plans are drawn from, by content: with other images, or another reader, pairs differ."""
        drawn = fingerprint_of(self.request.anatomies, self.positive, self.request.donors)
        reader = self.request.reader if self.request.inserts else None
        return drawn if reader is None else f"{drawn}, read by {reader.fingerprint}"

    def source_of(self, number: int) -> Entry:
        """Return the anatomy of a pair.

        Deviates: the paper draws at random; here every anatomy is used once before any is used twice,
        so that a small set uses all the tissue there is; `draw` passes over one without room. Pinned by
        ``test_every_anatomy_is_used_once_before_any_is_used_twice``.
        """
        return self._sources_of(number)[0]

    def foreign_to(self, source: Entry) -> LabelFiles:
        """Return the labels of other groups than an anatomy's.

        Neighbouring planes and crops of one group show the same tumours, so their labels are not foreign to
        it; only where no other group has a label are those of the same group given, and never its own.
        """
        others = [entry for entry in self.positive if entry.name != source.name]
        return LabelFiles([entry for entry in others if entry.group != source.group] or others)

    def labels_for(self, source: Entry) -> LabelFiles:
        """Return the labels that an anatomy's may be made of: foreign ones, or the user's own masks.

        Of own masks, the one of the anatomy's name where there is one, for it was drawn there; else any.
        """
        if not self.request.recipe.takes_own:
            return self.foreign_to(source)
        own = [entry for entry in self.positive if entry.name == source.name]
        return LabelFiles(own or self.positive)

    def draw(self, number: int, attempt: int = 0, skip: int = 0) -> PairPlan:
        """Draw a pair's label, for its anatomy; each attempt, from 0 on, gives another.

        An anatomy for which `DRAWS` labels find no room gives its place to the next one of its epoch, so that
        a long generation does not stop at an image with hardly any tissue. Each attempt begins with the
        pair's own anatomy, or with one that comes `skip` anatomies later; where there is hardly any room,
        attempts may end with different ones.

        Raises
        ------
        ArrayError, SettingError
            When the recipe finds too few labels, there is no room in any anatomy (the message names the
            one that was first in turn), or the anatomy's own pair is the only donor.
        """
        position = (number, attempt) if attempt else (number,)
        rng = stream(self.request.seed, "pair", *position)
        refusals: list[EmptyDrawError] = []
        for source in self._sources_of(number, skip):
            try:
                drawn = self._draw_on(source, rng)
            except EmptyDrawError as error:
                refusals.append(error)
                continue
            refine = (
                step.draw(source, drawn.asked, stream(self.request.seed, step.purpose, *position))
                for step in self.request.refine
            )
            return replace(drawn, refine=tuple(refine))
        raise refusals[0]

    def _sources_of(self, number: int, skip: int = 0) -> list[Entry]:
        """Return the anatomies of a pair's epoch, from its own or a later one on, and round."""
        anatomies = self.request.anatomies
        epoch, place = divmod(number, len(anatomies))
        order = stream(self.request.seed, "anatomies", epoch).permutation(len(anatomies))
        return [anatomies[int(k)] for k in np.roll(order, -place - skip)]

    def _draw_on(self, source: Entry, rng: np.random.Generator) -> PairPlan:
        real = read_pair(source) if self.request.inserts else None
        anatomy: Camera = read_channel(source.paths["anatomy"]) if real is None else real.anatomy
        if self.lacks_tissue(anatomy):
            raise EmptyDrawError(f"{source.name} without tissue", "tissue to draw on", "Leave it out")
        labels = self.labels_for(source)
        drawn = draw_for(self.request.recipe, labels, anatomy, source.name, rng, real)
        chosen = tuple(labels.entries[k] for k in drawn.sources)
        return PairPlan(source, anatomy, drawn.label, chosen, drawn.orientations, drawn.left_out, real=real)


def draw_for(
    recipe: LabelRecipe,
    labels: Sequence[Mask],
    anatomy: Camera,
    name: str,
    rng: np.random.Generator,
    real: Pair | None = None,
) -> Drawn:
    """Draw a label for an anatomy, whose `name` an error tells; up to `DRAWS` times, until there is room.

    Where there is a real tumour channel, every recipe keeps to tissue, and its own tumours take up room: a
    real image has no tumours in the air, and no tumour comes near one of its own. No recipe sets a tumour
    down where the anatomy was filled in, as nothing was imaged there; only the user's own masks are taken as
    they are.
    """
    uses_tissue = recipe.uses_tissue or real is not None
    fill = find_fill(anatomy)
    tissue = find_tissue(anatomy) if uses_tissue else ~fill
    free = tissue if real is None else tissue & ~near(real.may_be_tumour)
    taken = fill if real is None else ~free
    is_kept_apart = taken.any() and not (recipe.takes_own and real is None)
    if tissue.any() and not free.any():
        given = f"{name}, whose own tumours leave no tissue free"
        raise EmptyDrawError(given, "room for one more", "Leave this anatomy out")

    def draw() -> Drawn:
        drawn = recipe.draw(labels, free, rng)
        return leave_apart(drawn, taken) if is_kept_apart else drawn

    try:
        for _ in range(DRAWS - 1):
            with suppress(EmptyDrawError):
                return draw()
        return draw()
    except (ArrayError, SettingError) as error:
        raise type(error)(f"{error.given}, for the anatomy {name}", error.expected, error.remedy) from error
