"""The three sizes of every network, by name: paper, released, small.

One table, so that a newcomer sees side by side what differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .metgen import MetGenSpec
from .patchgan import JudgeSpec
from .spade import LabelSpec
from .unet import UNetSpec

PresetName = Literal["paper", "released", "small"]
"""Names of the sizes."""


@dataclass(frozen=True)
class NetworkPreset:
    """One size: the generator's, the segmentor's and the judge's spec."""

    generator: MetGenSpec
    segmentor: UNetSpec
    judge: JudgeSpec


_SMALL = UNetSpec(encoder=(16, 32, 64, 128, 160), decoder=(16, 24, 48, 96, 128))

PRESETS: dict[PresetName, NetworkPreset] = {
    # Horvath et al. 2021, section 2 and supplement: seven blocks, all merged.
    "paper": NetworkPreset(MetGenSpec(), UNetSpec(), JudgeSpec()),
    # The released networks to the digit: reference.md, section 2.
    "released": NetworkPreset(
        MetGenSpec(
            UNetSpec(align_corners=True), LabelSpec(pyramid="nearest", taps="released"), merge="behind"
        ),
        UNetSpec(align_corners=True),
        JudgeSpec(),
    ),
    # The paper's shape at a size that two CPU cores train in minutes.
    "small": NetworkPreset(MetGenSpec(_SMALL, LabelSpec(width=4, hidden=32)), _SMALL, JudgeSpec(width=32)),
}
