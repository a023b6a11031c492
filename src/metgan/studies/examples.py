"""Fig. 3 of the paper: some test images, and what each method made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metgan.data import Normalisation, PairSet, evenly, has_tumour, read_pair
from metgan.panels import Panel, window
from metgan.synthesis import load

from .method_runs import Result

SHOWN = 5


@dataclass(frozen=True)
class Examples:
    """Test images side by side with what was generated for them.

    Attributes
    ----------
    methods : sequence of str
        Their titles.
    rows : sequence of sequence of Panel
        Of one test image each: anatomy, label, real, and that of each method; real and generated in one grey
        scale.
    """

    methods: Sequence[str]
    rows: Sequence[Sequence[Panel]]


def generate_examples(results: Sequence[Result], test: PairSet, units: Normalisation) -> Examples:
    """Generate some test images, evenly chosen, with the first seed of every method.

    Parameters
    ----------
    results : sequence of Result
    test : PairSet
    units : Normalisation
        The [-1, 1] that all are shown on.
    """
    first = min(result.seed for result in results)
    inpainters = {r.method.title: load(r.run) for r in results if r.seed == first}
    with_tumours = [entry for entry in test if has_tumour(entry)]
    rows = []
    for pair in map(read_pair, evenly(with_tumours or test.entries, SHOWN)):
        anatomy, real = units.apply(pair.anatomy, "anatomy"), units.apply(pair.tumour, "tumour")
        generated = [
            units.apply(inpainter.inpaint(pair.anatomy, pair.label), "tumour")
            for inpainter in inpainters.values()
        ]
        low, high = window(real)
        shown = [Panel(image, low, high, outline=pair.label) for image in (real, *generated)]
        rows.append([Panel(anatomy, *window(anatomy)), Panel(pair.label, 0, 1, colours="mask"), *shown])
    return Examples([*inpainters], rows)
