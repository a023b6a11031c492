"""Where a training set's further pairs come from: a fold's MetGAN, or pasted real tumours.

A source gives pairs in one fixed order, and a training set takes the first of them. All training sets of a
fold therefore share one generation, and a larger set holds the smaller one, as lines over the number of
samples suggest. The streamed ones alone are made for one training.
"""

from __future__ import annotations

from typing import Final

from metgan.labels import Bank, Merged, Mixed, Real
from metgan.synthesis import GateLimits

from .pasted import Pasted
from .source import Source
from .streamed import Streamed
from .synthetic import Synthetic

_PAPERS: Final = Mixed((Real(), Merged(2)))  # section 4: single real labels, or several merged
SOURCES: Final[dict[str, Source]] = {
    "synthetic": Synthetic("synthetic", _PAPERS, most=2.0),
    "gated": Synthetic("gated", _PAPERS, most=1.25, gate=GateLimits()),  # room for those that fail
    "streamed": Streamed(_PAPERS),
    "noisy": Synthetic("noisy", _PAPERS, most=1.0, refine=("noise",)),
    "matched": Synthetic("matched", Bank(), most=1.0, refine=("contrast", "noise")),
    "aimed": Synthetic("aimed", Bank(), most=1.0, refine=("noise",), aimed=True),
    "background": Synthetic("background", Bank(), most=2.0, refine=("contrast", "background")),
    "inserted": Synthetic(
        "inserted", Bank(counts=(1, 1)), most=2.0, refine=("insert", "contrast")
    ),  # beside the image's own
    "pasted": Pasted(),
}
"""Where further pairs come from, by the name that training sets call it."""
