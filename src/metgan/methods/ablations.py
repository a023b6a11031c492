"""MetGAN with one decision at a time made as the release, or the paper, made it.

What they do stands in docs/paper.md, "Where paper and release differ".

A decision may be several numbers: the release's segmentation loss is L1, with weight 100.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .catalogue import CATALOGUE
from .method import Term
from .terms import Adversarial, Cycle, Paired, Segmentation

_METGAN = CATALOGUE["metgan"]


def _with(term: Term) -> tuple[Term, ...]:
    """Return MetGAN's terms with one of that name replaced."""
    return tuple(term if term.name == own.name else own for own in _METGAN.terms)


ABLATIONS: Final = (
    replace(
        _METGAN,
        name="metgan-weights",
        title="MetGAN, the paper's terms and weights",
        terms=(Adversarial(1), Cycle(10), Segmentation(100), Paired(10, tumour_weight=1)),
        source="paper: Eq. (3), alpha of section 3",
    ),
    replace(
        _METGAN,
        name="metgan-segmentor",
        title="MetGAN, segmentor 10",
        terms=_with(Segmentation(10)),
        source="ours, where there are no pairs",
    ),
    replace(
        _METGAN,
        name="metgan-plain-pairs",
        title="MetGAN, all pixels of a pair alike",
        terms=_with(Paired(100, tumour_weight=1)),
        source="paper: Eq. (2)",
    ),
    replace(
        _METGAN,
        name="metgan-no-structure",
        title="MetGAN, no structure term",
        terms=tuple(term for term in _METGAN.terms if term.name != "structure"),
        source="paper: Eq. (3)",
    ),
    replace(
        _METGAN,
        name="metgan-l1",
        title="MetGAN, the release's segmentation term",
        terms=_with(Segmentation(100, loss="l1")),
        source="release: 100 times plain L1",
    ),
    replace(
        _METGAN,
        name="metgan-log",
        title="MetGAN, logarithmic discriminators",
        terms=_with(Adversarial(1, loss="log")),
        source="paper: Eq. (1)",
    ),
    replace(
        _METGAN,
        name="metgan-nearest",
        title="MetGAN, nearest label pyramid",
        generator="metgen-nearest",
        source="release: nearest resizing",
    ),
    replace(
        _METGAN,
        name="metgan-six",
        title="MetGAN, six SPADE blocks",
        generator="metgen-six",
        source="release: no block at full resolution",
    ),
)
"""All that is not named is MetGAN's row."""
