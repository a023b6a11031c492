"""How good a generator is: like the real image, and faithful to the label.

Table 1 of the paper asks for similarity alone. A generator that ignores the label can score well there, so
a second question is asked: do tumours appear where they were asked for, and nowhere else? It is put to
an *independent segmentor*, a segmentor trained apart from the one in the loop, since a generator may learn to
please the segmentor that it trained with. Its reading of the real images stands beside as the reference.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metgan.data import Entry, Normalisation, Pair, PairSet, checksum, groups_of, read_pair
from metgan.errors import ArrayError
from metgan.io import fingerprint
from metgan.metrics import compare_within, evaluate_detection, pool, spectrum_distance
from metgan.models import MIN_OBJECT_SIZE, in_parts, load_independent_segmentor, model_path
from metgan.panels import Panel, compare_images
from metgan.progress import progress
from metgan.synthesis import Inpainter
from metgan.types import Camera, Mask, Scaled

from .scores import Evaluation, Score, mean_similarity
from .warnings import find_warnings


def checksum_of(test: Sequence[Pair]) -> str:
    """Name a test part by its pixels and groups: scores of another one are other scores."""
    return f"{checksum(test, _start_of(pair.entry for pair in test)):08x}"


def _start_of(test: Iterable[Entry]) -> int:
    return zlib.crc32("\n".join(entry.group for entry in test).encode())


@dataclass(frozen=True)
class ComparedImage:
    """A test image beside the generator's version of it, as pictures: see `compare_images`."""

    entry: Entry
    has_tumour: bool
    panels: Sequence[Panel]


def evaluate(
    inpainter: Inpainter,
    test: PairSet,
    independent_segmentor: Path,
    training_mean: float,
    units: Normalisation | None = None,
    run: Path | None = None,
) -> tuple[Evaluation, list[ComparedImage]]:
    """Score a generator on test pairs.

    Parameters
    ----------
    inpainter : Inpainter
    test : PairSet
        Pairs of which neither generator nor independent segmentor has seen a group.
    independent_segmentor : path
        Run of the judging segmentor.
    training_mean : float
        Mean of the training set's tumour channel on [-1, 1], for the baseline.
    units : Normalisation or None
        The [-1, 1] that similarity is measured on, one for all images; None for the generator's own, as
        shared. Generators that were trained in different ones can be compared in one alone.
    run : path or None
        Run folder of the generator, which tells whether its training was stopped; None where that is known.

    Raises
    ------
    LeakageError
        When generator or independent segmentor has seen a group of `test`, or the two trained together.
    """
    if not len(test):
        raise ArrayError("an empty test part", "at least one pair", "Give another split")
    groups = groups_of(test)
    inpainter.card.refuse_to_have_seen(groups, "testing")
    predictor = load_independent_segmentor(independent_segmentor, inpainter.card, groups, inpainter.device)
    shared = units or inpainter.card.normalisation.as_shared()
    scores, flat, shown = [], [], []
    named = _start_of(test)
    with progress("evaluate", len(test)) as advance:
        for part in in_parts(read_pair(entry) for entry in test):  # few at a time, since images may be large
            named = checksum(part, named)
            compared = _compared(part, inpainter, shared)
            # Generated and real images are segmented in camera units.
            readings = predictor.predict_all([i for one in compared for i in (one.camera, one.pair.tumour)])
            for k, one in enumerate(compared):
                scores.append(_score(one, *readings[2 * k : 2 * k + 2]))
                mean = one.counted(np.full_like(one.real, training_mean))
                flat.append(compare_within(mean, one.real, ~one.unscored))
                shown.append(ComparedImage(one.pair.entry, bool(one.pair.label.any()), one.panels(shared)))
                advance()
    similarity, baseline = mean_similarity([score.similarity for score in scores]), mean_similarity(flat)
    real = pool(score.real for score in scores)
    errors = similarity.mae, baseline.mae
    evaluation = Evaluation(
        scores,
        baseline,
        model=inpainter.fingerprint,
        step=inpainter.card.step,
        independent_segmentor=fingerprint(model_path(independent_segmentor)),
        test=f"{named:08x}",
        warnings=find_warnings(inpainter.card, predictor.card, real, run, errors),
    )
    return evaluation, shown


@dataclass(frozen=True)
class _Compared:
    """A test pair, what was generated for it (camera units), both on [-1, 1], and where no score counts.

    Fill is as the generator's training set has it; where that has none, as the pair by itself has it.
    """

    pair: Pair
    camera: Camera
    real: Scaled
    generated: Scaled
    unscored: Mask

    def counted(self, image: Scaled) -> Scaled:
        """Return an image with the real one where no score counts: windows and spectra would see it there."""
        return np.where(self.unscored, self.real, image)

    def panels(self, units: Normalisation) -> list[Panel]:
        anatomy = units.apply(self.pair.anatomy, "anatomy")
        return compare_images(anatomy, self.pair.label, self.generated, self.real)


def _compared(pairs: Sequence[Pair], inpainter: Inpainter, units: Normalisation) -> list[_Compared]:
    constants = inpainter.card.normalisation.fill
    generated = inpainter.inpaint_all([(pair.anatomy, pair.label) for pair in pairs])
    return [
        _Compared(
            pair,
            camera,
            units.apply(pair.tumour, "tumour"),
            units.apply(camera, "tumour"),
            pair.unscored(constants),
        )
        for pair, camera in zip(pairs, generated, strict=True)
    ]


def _score(compared: _Compared, read_generated: Mask, read_real: Mask) -> Score:
    pair, camera, unscored = compared.pair, compared.camera, compared.unscored
    generated, real = compared.counted(compared.generated), compared.real
    asked, read_generated, read_real = map(pair.counted, (pair.label, read_generated, read_real))
    return Score(
        pair.entry.name,
        pair.entry.group,
        pair.entry.organ,
        compare_within(generated, real, ~unscored),
        compare_within(generated, real, asked),
        compare_within(generated, real, ~asked & ~unscored),
        math.nan if unscored.all() else spectrum_distance(generated, real),
        evaluate_detection(asked, read_generated, camera, fill=unscored, smallest=MIN_OBJECT_SIZE),
        evaluate_detection(asked, read_real, pair.tumour, fill=unscored, smallest=MIN_OBJECT_SIZE),
    )
