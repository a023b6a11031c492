"""Networks: plain ``nn.Module``s that know no files, no configurations and no devices."""

from .blocks import channels_last
from .folding import fold
from .generator import EmptyFeatures, Features, Generator
from .init import blank, build
from .metgen import MetGen, MetGenSpec
from .patchgan import DiscriminatorSpec, PatchGAN
from .pix2pix import Pix2PixGenerator, Pix2PixSpec
from .presets import (
    GENERATORS,
    PRESETS,
    GeneratorName,
    NetworkPreset,
    PresetName,
    least_training_side,
    make_generator,
)
from .resnet import ResNetGenerator, ResNetSpec
from .spade import LabelPathway, LabelSpec
from .tiles import apply_unet
from .unet import Segmentor, UNet, UNetSpec

__all__ = [
    "GENERATORS",
    "PRESETS",
    "DiscriminatorSpec",
    "EmptyFeatures",
    "Features",
    "Generator",
    "GeneratorName",
    "LabelPathway",
    "LabelSpec",
    "MetGen",
    "MetGenSpec",
    "NetworkPreset",
    "PatchGAN",
    "Pix2PixGenerator",
    "Pix2PixSpec",
    "PresetName",
    "ResNetGenerator",
    "ResNetSpec",
    "Segmentor",
    "UNet",
    "UNetSpec",
    "apply_unet",
    "blank",
    "build",
    "channels_last",
    "fold",
    "least_training_side",
    "make_generator",
]
