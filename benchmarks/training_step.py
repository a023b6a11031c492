"""One training step on random images, as the training loop makes it: what the benchmarks time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from metgan.device import Device
from metgan.methods import Translations, build_networks, find_method, freeze, trained_modules
from metgan.networks import PRESETS, PresetName, Segmentor, build
from metgan.training import GAN_CONFIGS, SEGMENTOR_CONFIGS, Engine
from metgan.training.batches import Batch
from metgan.training.consistency import SegmentorBatch
from metgan.training.engine import place
from metgan.training.image_pool import ImagePool
from metgan.training.phases import Material, Phase, gan_phases, segmentor_phases
from metgan.training.stepper import stepper_on

Step = Callable[[], object]
RATE = 1e-3


@dataclass(frozen=True)
class StepSetup:
    """What a step is made of: `batch` images of `side` x `side` pixels, of noise, on `device`."""

    preset: PresetName
    batch: int
    side: int
    device: torch.device
    bf16: bool
    channels_last: bool = True
    cuda_graphs: bool = False

    def images(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Draw anatomy, tumour, in [-1, 1], and label, each (N, 1, Y, X); a pixel in 200 is labelled."""
        anatomy, tumour = torch.rand(2, self.batch, 1, self.side, self.side, device=self.device) * 2 - 1
        return anatomy, tumour, (tumour > 0.99).float()


def metgan_step(setup: StepSetup) -> Step:
    """Return a function that trains MetGAN's generators and discriminators for one step."""
    method = find_method("metgan")
    segmentor = freeze(build(lambda: Segmentor(PRESETS[setup.preset].segmentor), 0))
    networks = build_networks(method, setup.preset, segmentor, 0)
    for network in (*trained_modules(networks).values(), segmentor):
        _send(network, setup)
    phases = gan_phases(method, networks, GAN_CONFIGS[setup.preset], [ImagePool(50, 0, k) for k in range(2)])
    anatomy, tumour, label = setup.images()
    return _step(phases, lambda: Translations(networks, anatomy, tumour, label), setup)


def segmentor_step(setup: StepSetup) -> Step:
    """Return a function that trains the segmentor for one step."""
    segmentor = build(lambda: Segmentor(PRESETS[setup.preset].segmentor), 0)
    _send(segmentor, setup)
    phases = segmentor_phases(segmentor, SEGMENTOR_CONFIGS[setup.preset].learning_rate)
    batch = SegmentorBatch(Batch(*setup.images()))
    return _step(phases, lambda: batch, setup)


def _send(network: torch.nn.Module, setup: StepSetup) -> None:
    if setup.channels_last:
        place(network, setup.device)
    else:
        network.to(setup.device)


def _step(phases: list[Phase[Material]], material: Callable[[], Material], setup: StepSetup) -> Step:
    device: Device = "cuda" if setup.device.type == "cuda" else "cpu"
    stepper = stepper_on(
        Engine(device, "bf16" if setup.bf16 else "fp32").fabric(), phases, cuda_graphs=setup.cuda_graphs
    )
    return lambda: stepper.take(0, RATE, material())
