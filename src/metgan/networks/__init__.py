"""Networks: plain ``nn.Module``s that know no files, no configurations and no devices."""

from .init import build
from .metgen import Features, MetGen, MetGenSpec, minimum_side
from .patchgan import JudgeSpec, PatchGAN
from .presets import PRESETS, NetworkPreset, PresetName
from .spade import LabelPathway, LabelSpec
from .unet import Segmentor, UNet, UNetSpec

__all__ = [
    "PRESETS",
    "Features",
    "JudgeSpec",
    "LabelPathway",
    "LabelSpec",
    "MetGen",
    "MetGenSpec",
    "NetworkPreset",
    "PatchGAN",
    "PresetName",
    "Segmentor",
    "UNet",
    "UNetSpec",
    "build",
    "minimum_side",
]
