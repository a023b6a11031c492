"""Earlier fakes that a discriminator is shown: Shrivastava et al. 2017 (arXiv 1612.07828), section 2.3.

A discriminator that sees only the newest fakes forgets what it had learned, and the game oscillates.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from metgan.seeding import stream


@dataclass(eq=False)
class ImagePool:
    """At most `size` fakes as a discriminator saw them: augmented, and with what they are conditioned on.

    Once it is full, each new fake is shown as it is or, with probability 1/2, swapped for an earlier one.
    """

    size: int
    seed: int
    discriminator: int
    pool: list[Tensor] = field(default_factory=list)

    def exchange(self, fakes: Tensor, step: int) -> Tensor:
        """Store `fakes`, (N, C, Y, X), and return as many, of which some may be earlier ones."""
        if self.size == 0:
            return fakes
        rng = stream(self.seed, "history", self.discriminator, step)
        shown = []
        for fake in fakes.detach():
            if len(self.pool) < self.size:
                self.pool.append(fake.clone())
                shown.append(fake)
            elif rng.random() < 0.5:
                place = int(rng.integers(self.size))
                shown.append(self.pool[place])
                self.pool[place] = fake.clone()
            else:
                shown.append(fake)
        return torch.stack(shown)

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Return the pool for a checkpoint."""
        return {"pool": [fake.cpu() for fake in self.pool]}

    def load_state_dict(self, state: dict[str, list[Tensor]], device: torch.device) -> None:
        """Take the pool of a checkpoint."""
        self.pool = [fake.to(device) for fake in state["pool"]]
