"""What a segmentor misses, and requests for more of that.

The outlook of the paper (section 5): synthetic data may be aimed at errors. A segmentor reads real images
that it was not trained on, and each tumour is missed or found. Kinds of tumours that are missed often, by
area, by contrast and by organ, are asked for more often.

Notes
-----
The decision a reader would question is that the three are taken apart from each other. A validation part
has too few tumours to tell how often small and dim ones of one organ are missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from metgan.data import Entry, read_pair
from metgan.errors import ArrayError, SettingError
from metgan.labels import Bank, Preference
from metgan.metrics import MIN_ANNOTATED_SIZE, SIZES, Measure, choose_measure, evaluate_detection
from metgan.models import MIN_OBJECT_SIZE, SegmentorPredictor, in_parts
from metgan.progress import each

from .refine import INVISIBLE, REFINE_STEPS, Contrast
from .request import GenerationRequest

Kind = TypeVar("Kind")

MOST_COPIES = 4
"""How often an anatomy of the worst organ comes, at most, where one of the best comes once."""


@dataclass(frozen=True)
class Seen:
    """A real tumour: area in pixels, contrast and light (nan where undefined), and whether it was found."""

    organ: str
    area: int
    contrast: float
    found: bool
    light: float = float("nan")


@dataclass(frozen=True)
class ErrorAnalysis:
    """The tumours that a segmentor should have found, and the kinds that it missed.

    A kind's rate is ``(missed + 2 r) / (tumours + 2)``, where r is that of all tumours together, by Laplace's
    rule of succession ``(missed + 1) / (tumours + 2)``. A kind of which little is known is taken to be missed
    as often as all are, and no kind is never asked for.

    Parameters
    ----------
    tumours : tuple of Seen
        At least one.

    Raises
    ------
    ArrayError
        If there is none.

    Examples
    --------
    >>> spots = ErrorAnalysis((Seen("lung", 9, 1.2, False), Seen("lung", 200, 3.0, True)))
    >>> {name: round(rate, 2) for name, rate in spots.by_area.items()}
    {1: 0.67, 25: 0.5, 101: 0.33}
    >>> ErrorAnalysis((*spots.tumours, *[Seen("liver", 50, 2.0, True)] * 6)).by_organ["liver"]
    0.05
    """

    tumours: tuple[Seen, ...]

    def __post_init__(self) -> None:
        if not self.tumours:
            given = "no tumour in the images of the error analysis"
            raise ArrayError(given, "some to find or to miss", "Give a validation part with tumours")

    def __str__(self) -> str:
        missed = sum(not tumour.found for tumour in self.tumours)
        areas = ", ".join(f"{n} {self.by_area[start]:.0%}" for n, start in SIZES.items())
        light = ", ".join(f"{name} {rate:.0%}" for name, rate in self.by_light.items())
        organs = ", ".join(f"{name or 'no organ'} {rate:.0%}" for name, rate in self.by_organ.items())
        return f"{missed} of {len(self.tumours)} tumours missed; likely to be: {areas}; {light}; {organs}"

    @property
    def by_area(self) -> dict[int, float]:
        """Rate of each class of `metgan.metrics.SIZES`, by its smallest area."""
        starts = [*SIZES.values()]
        classes = np.searchsorted(starts, [t.area for t in self.tumours], side="right") - 1
        return _rates(self.tumours, [starts[k] for k in classes], starts)

    @property
    def measure(self) -> Measure:
        """What dim and bright are measured in: see `metgan.metrics.choose_measure`."""
        return choose_measure([t.contrast for t in self.tumours], [t.light for t in self.tumours])

    @property
    def by_light(self) -> dict[str, float]:
        """Rate of tumours "dim" and "bright", below and from their median contrast on."""
        known = [
            (t, value) for t, value in zip(self.tumours, self._values, strict=True) if not np.isnan(value)
        ]
        return _rates([t for t, _ in known], self._lights([value for _, value in known]), ["dim", "bright"])

    @property
    def by_organ(self) -> dict[str, float]:
        """Rate of each organ that has a tumour."""
        organs = [tumour.organ for tumour in self.tumours]
        return _rates(self.tumours, organs, sorted(set(organs)))

    @property
    def contrasts(self) -> Contrast | None:
        """Those of these tumours, each as likely as its kind is to be missed; None if none is known."""
        bright = [value for value in self._values if value > INVISIBLE[self.measure]]
        rates = self.by_light
        if not bright:
            return None
        return Contrast(tuple(bright), tuple(rates[k] for k in self._lights(bright)), self.measure)

    @property
    def _values(self) -> list[float]:
        """The contrast of each tumour, as it is measured here."""
        is_ratio = self.measure == "ratio"
        return [tumour.contrast if is_ratio else tumour.light for tumour in self.tumours]

    def _lights(self, contrasts: Sequence[float]) -> list[str]:
        """Return the kind of each contrast, of tumours that have one."""
        known = [value for value in self._values if not np.isnan(value)]
        middle = np.median(known) if known else np.nan
        return ["bright" if contrast >= middle else "dim" for contrast in contrasts]


def find_errors(predictor: SegmentorPredictor, entries: Iterable[Entry]) -> ErrorAnalysis:
    """Let a segmentor read real pairs.

    Parameters
    ----------
    predictor : SegmentorPredictor
    entries : iterable of Entry
        Pairs that it has not been trained on; a validation part is best, for a test part must not decide
        what is trained on. Tumours below 10 pixels do not count: most are what a border has left of others.

    Raises
    ------
    ArrayError, StorageError
        When a pair cannot be read or is of another dtype than the segmentor reads, or none has a tumour.
    """
    tumours: list[Seen] = []
    units = predictor.card.normalisation
    for part in in_parts(map(read_pair, each([*entries], "image"))):
        for pair in part:
            units.check(pair.tumour, "tumour", pair.entry.name)
        readings = predictor.predict_all([pair.tumour for pair in part])
        for pair, reading in zip(part, readings, strict=True):
            unscored = pair.unscored(units.fill)
            asked, reading = pair.counted(pair.label), pair.counted(reading)
            found = evaluate_detection(asked, reading, pair.tumour, fill=unscored, smallest=MIN_OBJECT_SIZE)
            tumours += [
                Seen(pair.entry.organ, t.area, t.contrast, t.found, t.light)
                for t in found.tumours
                if t.area >= MIN_ANNOTATED_SIZE
            ]
    return ErrorAnalysis(tuple(tumours))


def oversample_errors(request: GenerationRequest, spots: ErrorAnalysis) -> GenerationRequest:
    """Ask for the same number of pairs with more of what is missed.

    Tumours of the bank are taken by `ErrorAnalysis.by_area`, anatomies come more often by
    `ErrorAnalysis.by_organ`, and the step `contrast` brings each tumour to one out of
    `ErrorAnalysis.contrasts`; where none is known, to one that the request's own step has, if it has a step.

    Raises
    ------
    SettingError
        For another recipe than `Bank`: others do not choose among tumours.
    """
    if not isinstance(request.recipe, Bank):
        raise SettingError(
            f"the recipe {request.recipe.name} for oversampling what a segmentor misses",
            f"the recipe {Bank.name}, which chooses among tumours",
            f"Use --recipe {Bank.name}",
        )
    steps = {step.name: step for step in request.refine}
    if spots.contrasts is not None:
        steps[Contrast.name] = spots.contrasts
    return replace(
        request,
        anatomies=_copied(request.anatomies, spots.by_organ),
        recipe=replace(request.recipe, preference=Preference(tuple(spots.by_area.items()))),
        refine=tuple(steps[name] for name in REFINE_STEPS if name in steps),
    )


def _copied(anatomies: Sequence[Entry], rates: Mapping[str, float]) -> tuple[Entry, ...]:
    """Name the anatomies of each organ as often as its rate asks; organs without a tumour once."""
    least = min(rates.values())
    copies = {organ: min(MOST_COPIES, round(rate / least)) for organ, rate in rates.items()}
    return tuple(entry for entry in anatomies for _ in range(copies.get(entry.organ, 1)))


def _rates(tumours: Sequence[Seen], kinds: Sequence[Kind], names: Sequence[Kind]) -> dict[Kind, float]:
    found = [(kind, tumour.found) for kind, tumour in zip(kinds, tumours, strict=True)]
    overall = (sum(not was_found for _, was_found in found) + 1) / (len(found) + 2)
    rows = {name: [was_found for kind, was_found in found if kind == name] for name in names}
    return {name: (row.count(False) + 2 * overall) / (len(row) + 2) for name, row in rows.items()}
