"""Turns of phases: as they come, and recorded. The recorder here plays on a CPU; CUDA's is tested on CUDA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from metgan.methods import (
    IntensityAugment,
    StepLights,
    Translations,
    build_networks,
    find_method,
    trained_modules,
)
from metgan.methods.translations import FillMask
from metgan.networks import PRESETS, Segmentor, build
from metgan.training import GAN_CONFIGS, Engine
from metgan.training.engine import place
from metgan.training.first_steps import FIRST_STEPS_FILE, FirstSteps, read_first_steps
from metgan.training.image_pool import ImagePool
from metgan.training.phases import Phase, gan_phases
from metgan.training.turns import WARM_UP, Losses, RecordedTurns, Turns, kind_of, tensors_in, turns_on

CPU = Engine("cpu", "fp32").fabric()
RATE = 0.25


@dataclass(eq=False)
class Sample:
    """What a step of the toy learns from; `made` is what its first phase leaves to the second."""

    target: Tensor
    beside: Tensor | None = None
    made: Any = None

    def __post_init__(self) -> None:
        self.computed: Tensor | None = None


class OnPaper:
    """Records by noting what is to be done, and plays it by doing it, into the memory of the first time."""

    def __init__(self) -> None:
        self.recorded, self.played = 0, 0

    def prepare(self, optimiser: torch.optim.Optimizer) -> None:
        for group in optimiser.param_groups:
            group["lr"] = torch.tensor(group["lr"])

    def beside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def record(self, turn: Callable[[], Losses]) -> tuple[Callable[[], None], Losses]:
        self.recorded += 1
        losses: Losses = {}

        def play() -> None:
            self.played += 1
            for name, loss in turn().items():
                losses.setdefault(name, torch.zeros(())).copy_(loss)

        return play, losses


class Weight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(2.0))


def toy() -> list[Phase[Any]]:
    """Two phases: the second, at half the rate, sees what the first made and a number drawn for the step."""
    first, second = Weight(), Weight()

    def pull(sample: Sample, _: object) -> Losses:
        sample.computed = first.value * sample.target
        return {"pull": (sample.computed - 1) ** 2}

    def prepare(sample: Sample, step: int) -> tuple[Tensor, ...]:
        assert sample.computed is not None
        return (sample.computed.detach() + step,)

    def follow(sample: Sample, prepared: Any) -> Losses:
        assert sample.computed is not None
        return {"follow": (second.value * sample.computed.detach() - prepared[0]) ** 2}

    def sgd(network: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.SGD(network.parameters(), lr=0.0)

    return [
        Phase("first", {"first": first}, sgd(first), pull),
        Phase("second", {"second": second}, sgd(second), follow, 0.5, prepare),
    ]


def weights_of(phases: list[Phase[Any]]) -> list[float]:
    return [
        weight.item() for p in phases for network in p.networks.values() for weight in network.parameters()
    ]


def test_phases_learn_one_after_the_other_at_their_rates() -> None:
    """Target 1: 2 - .25 * 2 (2 - 1) = 1.5; then computed 2, drawn 2 + 1: 2 - .125 * 2 * 2 (4 - 3)."""
    phases = toy()
    losses = Turns(phases, CPU).take(1, RATE, Sample(torch.tensor(1.0)))
    assert {name: loss.item() for name, loss in losses.items()} == {"pull": 1.0, "follow": 1.0}
    assert weights_of(phases) == [1.5, 1.5]


def test_recorded_turns_are_those_that_come() -> None:
    """Tensors of two shapes by turns: each is recorded once, after its warm-up, and played from then on."""
    plain, recorded, recorder = toy(), toy(), OnPaper()
    usual, played = Turns(plain, CPU), RecordedTurns(recorded, CPU, recorder)
    for step in range(12):
        target = torch.tensor(0.1 * step)
        beside = torch.zeros(3) if step % 3 == 0 else None
        theirs = usual.take(step, RATE / (1 + step), Sample(target, beside))
        mine = played.take(step, RATE / (1 + step), Sample(target, beside))
        assert mine == theirs
        assert weights_of(recorded) == weights_of(plain)
    assert recorder.recorded == 2 * len(recorded)  # kinds times phases
    assert recorder.played == (12 - 2 * WARM_UP) * len(recorded)


def test_losses_of_one_step_are_not_overwritten_by_the_names_of_the_next() -> None:
    turns = RecordedTurns(toy(), CPU, OnPaper())
    for step in range(WARM_UP + 2):
        losses = turns.take(step, RATE, Sample(torch.tensor(1.0)))
    losses.clear()
    assert {*turns.take(9, RATE, Sample(torch.tensor(1.0)))} == {"pull", "follow"}


class Watching:
    """Looks at the first steps up to one, as `FirstSteps` does."""

    def __init__(self, last: int) -> None:
        self.last, self.seen = last, list[int]()

    def is_over(self, step: int) -> bool:
        return step > self.last

    def write(self, step: int, losses: Mapping[str, Tensor], material: Sample, /) -> None:
        assert losses["pull"].requires_grad
        self.seen.append(step)


def test_a_step_that_is_watched_is_not_recorded() -> None:
    watch, recorder = Watching(WARM_UP + 4), OnPaper()
    first, second = toy()
    watched: Phase[Any] = Phase(first.name, first.networks, first.optimiser, first.losses, watch=watch)
    turns = RecordedTurns([watched, second], CPU, recorder)
    for step in range(WARM_UP + 8):
        turns.take(step, RATE, Sample(torch.tensor(1.0)))
    assert watch.seen == [*range(WARM_UP + 5)]
    assert recorder.played == 2 * 3


def test_a_kind_is_what_the_tensors_are() -> None:
    image = torch.zeros(2, 1, 4, 4)
    assert kind_of((image, [Sample(image)])) == ((image.shape, image.dtype),) * 2
    assert [*tensors_in(Sample(image, image[:1]))][1].shape == (1, 1, 4, 4)
    assert [*tensors_in(Weight())] == []  # a module's weights are no material


def test_a_cpu_takes_turns_as_they_come() -> None:
    assert type(turns_on(CPU, toy(), recorded=True)) is Turns


Taken = tuple[list[dict[str, float]], dict[str, Tensor]]


def metgan_steps(turns_of: Callable[..., Turns[Translations]], folder: Path, steps: int) -> Taken:
    """Train MetGAN on noise on CUDA; a third of the labels ignore pixels. Returns losses and weights."""
    where = torch.device("cuda")
    method, config = find_method("metgan"), GAN_CONFIGS["small"]
    torch.manual_seed(0)
    networks = build_networks(method, "small", build(lambda: Segmentor(PRESETS["small"].segmentor), 0), 0)
    assert networks.segmentor is not None
    for network in (networks.segmentor, *trained_modules(networks).values()):
        place(network, where)
    pools = [ImagePool(5, 0, k) for k in range(2)]
    turns = turns_of(gan_phases(method, networks, config, pools, FirstSteps(folder)))
    losses = []
    for step in range(steps):
        draws = torch.Generator().manual_seed(step)
        anatomy, tumour = (torch.rand(2, 2, 1, 64, 64, generator=draws) * 2 - 1).to(where)
        label = (tumour > 0.98).float()
        lights = StepLights(
            config.discriminator_augment.draw(tumour, 4, 0, "judges", step),
            IntensityAugment(brightness=0.2, contrast=0.3).draw(anatomy, 2, 0, "painter", step),
        )
        mask = (anatomy > 0.9).float()
        nearest = torch.arange(64 * 64, device=where).expand(2, -1)
        fill = FillMask(mask, nearest, -1.0, -1.0, 0.0, 0.0)
        ignored = label.roll(3, 2) if step % 3 == 0 else None
        material = Translations(networks, anatomy, tumour, label, lights, fill, ignored)
        taken = turns.take(step, 1e-3 / (1 + step), material)
        losses.append({name: float(loss) for name, loss in taken.items()})
    return losses, {name: value.cpu() for name, value in networks.to_tumour.state_dict().items()}


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_metgan_s_recorded_steps_are_those_that_come_on_cuda(tmp_path: Path, precision: Any) -> None:
    """Losses and weights of 40 steps: the first 21 are watched; then two kinds are recorded and played."""
    fabric = Engine("cuda", precision).fabric()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        theirs, plain = metgan_steps(lambda phases: Turns(phases, fabric), tmp_path / "a", 40)
        mine, recorded = metgan_steps(
            lambda phases: turns_on(fabric, phases, recorded=True), tmp_path / "b", 40
        )
    finally:
        torch.use_deterministic_algorithms(False)
    for step, (one, other) in enumerate(zip(theirs, mine, strict=True)):
        assert other == pytest.approx(one, rel=0.02 if step < 25 else 0.1), step
    for name, value in plain.items():
        spread = value.float().std().item() if value.numel() > 1 else 1.0
        assert (value.float() - recorded[name].float()).abs().mean() <= 0.05 * spread + 1e-3, name
    assert read_first_steps(tmp_path / "b" / FIRST_STEPS_FILE)
    assert theirs[-1] != theirs[-2]
