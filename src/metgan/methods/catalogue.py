"""Every method as a row of one table: Tables 1 and 3 of Horvath et al. 2021 (arXiv 2104.10993).

Weights. Isola et al. 2017 (arXiv 1611.07004), section 3.3: 1 and 100 for discriminator and pairs. Zhu et al.
2017 (arXiv 1703.10593), section 4: 1 and 10 for discriminators and cycle.

Deviates: Horvath et al., section 3, weigh discriminators, cycle, segmentor and pairs by 1, 10, 100 and 10.
Their 100 goes with the release's plain L1, which charges 0.06 for a missed tumour where the pair term charges
1.1. Our segmentation loss is the paper's weighted cross-entropy, which under these weights begins sixteen
times as large as the pair term; generators then made dark haloes about the tumours, and no tissue.
MetGAN's pairs have Pix2Pix's 100. The segmentor has 10 where it alone says how bright a tumour is. Where
there are pairs it has 1: it never has enough of brightness, so that tumours came out half as bright again as
real ones (docs/results). Rows with pairs also have a term that no paper has, for the structure of tissue
(`Structure`). `metgan study ablation` compares with the paper's. Pinned by
``test_every_row_is_what_the_papers_say_but_for_two_weights`` and
``test_every_row_with_pairs_and_no_other_asks_for_their_structure_alike``.
"""

from __future__ import annotations

from typing import Final

from metgan.errors import UnknownNameError

from .method import Method
from .terms import Adversarial, Cycle, Paired, Segmentation, Structure

_SEGMENTED = Segmentation(10)
_SEGMENTED_PAIRS = Segmentation(1)
_PAIRS = (Paired(100), Structure(10))
_ALSO = "; and a term for structure, which is ours"
_PIX2PIX = (Adversarial(1), *_PAIRS)
_CYCLEGAN = (Adversarial(1), Cycle(10))

_ROWS = (
    Method(
        name="metgan",
        title="MetGAN",
        generator="metgen",
        cyclic=True,
        discriminator="plain",
        terms=(*_CYCLEGAN, _SEGMENTED_PAIRS, *_PAIRS),
        source="Horvath et al. 2021, Eq. (3); other weights of segmentor and pairs" + _ALSO,
    ),
    Method(
        name="metgan-minus",
        title="MetGAN-",
        generator="metgen",
        cyclic=True,
        discriminator="plain",
        terms=(*_CYCLEGAN, _SEGMENTED),
        source="Horvath et al. 2021, section 3: MetGAN without the pair-wise loss",
    ),
    Method(
        name="metgencondseg",
        title="MetGenCondSeg",
        generator="metgen",
        cyclic=False,
        discriminator="conditional",
        terms=(*_PIX2PIX, _SEGMENTED_PAIRS),
        source="Horvath et al. 2021, section 3: MetGen trained as Pix2Pix is, with the segmentor" + _ALSO,
    ),
    Method(
        name="pix2pix",
        title="Pix2Pix",
        generator="pix2pix",
        cyclic=False,
        discriminator="conditional",
        terms=_PIX2PIX,
        source="Isola et al. 2017, Eq. (4), lambda in section 3.3" + _ALSO,
    ),
    Method(
        name="pix2pixseg",
        title="Pix2PixSeg",
        generator="pix2pix",
        cyclic=False,
        discriminator="conditional",
        terms=(*_PIX2PIX, _SEGMENTED_PAIRS),
        source="Horvath et al. 2021, section 3: Pix2Pix with the segmentor" + _ALSO,
    ),
    Method(
        name="cyclegan",
        title="CycleGAN",
        generator="resnet",
        cyclic=True,
        discriminator="plain",
        terms=_CYCLEGAN,
        source="Zhu et al. 2017, Eq. (3), lambda in section 4; without the optional identity loss",
    ),
    Method(
        name="cycleganseg",
        title="CycleGANSeg",
        generator="resnet",
        cyclic=True,
        discriminator="plain",
        terms=(*_CYCLEGAN, _SEGMENTED),
        source="Horvath et al. 2021, section 3: CycleGAN with the segmentor",
    ),
    Method(
        name="metgen-cycle",
        title="MetGen-Cycle",
        generator="metgen",
        cyclic=True,
        discriminator="plain",
        terms=_CYCLEGAN,
        source="Horvath et al. 2021, Table 3 and Fig. 7: MetGen trained as CycleGAN is",
    ),
    Method(
        name="metgen-cond",
        title="MetGen-Cond",
        generator="metgen",
        cyclic=False,
        discriminator="conditional",
        terms=_PIX2PIX,
        source="Horvath et al. 2021, Table 3 and Fig. 7: MetGen trained as Pix2Pix is" + _ALSO,
    ),
)
CATALOGUE: Final[dict[str, Method]] = {row.name: row for row in _ROWS}
"""The table of methods by name; the seven of Table 1 stand first."""
METHOD_SETS: Final[dict[str, tuple[str, ...]]] = {
    "all": tuple(CATALOGUE),
    "table1": tuple(CATALOGUE)[:7],
    "table3": ("metgen-cycle", "metgen-cond", "pix2pix", "cyclegan"),
}
"""Rows that are compared with each other, by the name of the comparison."""


def find_method(name: str) -> Method:
    """Return the row of that name; an unknown one is answered with the known names."""
    UnknownNameError.unless_known("method", CATALOGUE, name)
    return CATALOGUE[name]


def find_methods(names: str) -> list[Method]:
    """Return the rows of a comparison, or of names with commas between them.

    Examples
    --------
    >>> [method.title for method in find_methods("metgan,pix2pix")]
    ['MetGAN', 'Pix2Pix']
    >>> len(find_methods("table1"))
    7
    """
    if names in METHOD_SETS:
        return [CATALOGUE[name] for name in METHOD_SETS[names]]
    given = dict.fromkeys(name.strip() for name in names.split(","))
    UnknownNameError.unless_known("method", [*METHOD_SETS, *CATALOGUE], *given)
    return [CATALOGUE[name] for name in given]
