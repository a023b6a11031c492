"""The segmentor that reads what was generated: trained apart from the one in the loop.

Wherever one is trained, it is trained on the training part alone, as long as a segmentor in the loop unless
another length is asked for, in a folder of one name, and with a seed that no segmentor in the loop has.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from metgan.seeding import MAX_SEED
from metgan.training import RunConfig, TrainConfig

INDEPENDENT_SEGMENTOR: Final = "independent-segmentor"
"""Its run folder, in the folder of what it reads images for."""
_OFFSET = 1000


def independent_seed(seed: int, in_loop: int | None = None) -> int:
    """Return the seed of the independent segmentor: other first weights, other crops in another order.

    Parameters
    ----------
    seed : int
        Of the generator's run.
    in_loop : int or None, default None
        Of its segmentor, where that has one of its own.

    Examples
    --------
    >>> independent_seed(0), independent_seed(7, in_loop=1007), independent_seed(2**53 - 1)
    (1000, 1008, 999)
    """
    found = (seed + _OFFSET) % (MAX_SEED + 1)
    return found if found != in_loop else (found + 1) % (MAX_SEED + 1)


def independent_run(
    like: RunConfig[TrainConfig], root: Path, in_loop: int | None = None
) -> RunConfig[TrainConfig]:
    """Return how the independent segmentor is trained: `like` a segmentor, but for its folder and seed."""
    return replace(like, seed=independent_seed(like.seed, in_loop), folder=root / INDEPENDENT_SEGMENTOR)
