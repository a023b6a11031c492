"""The loop, on networks of one weight each, and on MetGAN's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from metgan.methods import Translations, build_networks, find_method
from metgan.networks import PRESETS, Segmentor, build
from metgan.training import Engine, GanTrainConfig, read_log
from metgan.training.checkpoint import CHECKPOINT, RunState
from metgan.training.image_pool import ImagePool
from metgan.training.loop import DivergedError, Schedule, Training, ValidationResult
from metgan.training.phases import Phase, gan_phases

EXACT = Engine(device="cpu", precision="fp32")
RATE = 0.5
ONE_STEP = GanTrainConfig(steps=1, learning_rate=1e-3)


class Toy(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(value))


Loss = Callable[[int, int], dict[str, Tensor]]


def phase(name: str, network: nn.Module, losses: Loss) -> Phase[int]:
    return Phase(name, {name: network}, torch.optim.SGD(network.parameters(), lr=0.0), losses)


def training(folder: Path, phases: list[Phase[Any]], steps: int = 8, **changes: Any) -> Training[Any]:
    """A run without validation but its last, whose material is the step's number."""
    modules = {name: network for phase in phases for name, network in phase.networks.items()}
    state = RunState(modules, {phase.name: phase.optimiser for phase in phases}, [], {"method": "toy"})
    run = Training(
        name="toy",
        folder=folder,
        fabric=EXACT.fabric(),
        phases=phases,
        material=lambda first: nullcontext(count(first)),
        after_step=lambda _: None,
        validate=lambda _: ValidationResult(0.0, {"val_dice": 0.5}),
        keep=lambda *_: None,
        schedule=Schedule(steps, RATE, constant_share=0.5, validate_every=steps, log_every=1),
        state=state,
        columns=("generator", "discriminator", "val_dice"),
    )
    return replace(run, **changes)


def steps_of(folder: Path) -> list[int]:
    return [int(row["step"]) for row in read_log(folder / "journal.csv")]


def test_phases_take_turns_and_a_later_one_sees_what_an_earlier_one_learned(tmp_path: Path) -> None:
    generator, discriminator = Toy(1.0), Toy(0.0)
    seen: list[float] = []

    def discriminate(_: int, __: int) -> dict[str, Tensor]:
        seen.append(generator.weight.item())
        return {"discriminator": discriminator.weight * 1}

    phases = [phase("generator", generator, lambda *_: {"generator": generator.weight * 1})]
    training(tmp_path, [*phases, phase("discriminator", discriminator, discriminate)], steps=2).run()
    assert seen == [0.5, 0.0]  # 1 - rate, and again: never the 1.0 from before the first step


def test_generators_step_before_judges() -> None:
    networks = build_networks(find_method("metgan"), "small", segmentor(), seed=0)
    phases = gan_phases(find_method("metgan"), networks, ONE_STEP, [ImagePool(0, 0, k) for k in range(2)])
    assert [(phase.name, sorted(phase.networks)) for phase in phases] == [
        ("generators", ["to_anatomy", "to_tumour"]),
        ("discriminators", ["discriminator_anatomy", "discriminator_tumour"]),
    ]


def test_only_the_weights_of_the_active_phase_receive_gradients(tmp_path: Path) -> None:
    generator, discriminator = Toy(2.0), Toy(3.0)
    leaks: list[bool] = []

    def generator_loss(*_: int) -> dict[str, Tensor]:
        generator.weight.grad = discriminator.weight.grad = None
        return {"generator": generator.weight * discriminator.weight}

    def discriminate(*_: int) -> dict[str, Tensor]:
        leaks.append(discriminator.weight.grad is not None)
        generator.weight.grad = None
        return {"discriminator": generator.weight * discriminator.weight}

    def finish(_: int) -> None:
        leaks.append(generator.weight.grad is not None)

    phases = [
        phase("generator", generator, generator_loss),
        phase("discriminator", discriminator, discriminate),
    ]
    training(tmp_path, phases, steps=2, after_step=finish).run()
    assert leaks == [False] * 4

    for network in (generator, discriminator):  # untreated: the same loss would reach both
        network.requires_grad_(True)
    generator.weight.grad = discriminator.weight.grad = None
    generator_loss()["generator"].backward()
    assert discriminator.weight.grad is not None


def test_each_phase_moves_its_own_weights_alone(tmp_path: Path) -> None:
    generator, discriminator = Toy(2.0), Toy(3.0)
    shared: Loss = lambda *_: {"generator": generator.weight * discriminator.weight}  # noqa: E731
    training(tmp_path, [phase("generator", generator, shared)], steps=1).run()
    assert generator.weight.item() == pytest.approx(2 - RATE * 3)
    assert discriminator.weight.item() == 3.0


def test_the_learning_rate_follows_the_schedule(tmp_path: Path) -> None:
    network, rates = Toy(0.0), []

    def loss(*_: int) -> dict[str, Tensor]:
        rates.append(only.optimiser.param_groups[0]["lr"])
        return {"generator": network.weight * 1}

    only = phase("generator", network, loss)
    training(tmp_path, [only], steps=8).run()
    by_hand = [RATE * factor for factor in (1, 1, 1, 1, 1, 0.75, 0.5, 0.25)]
    assert rates == by_hand
    assert [float(row["rate"]) for row in read_log(tmp_path / "journal.csv")] == by_hand
    assert network.weight.item() == pytest.approx(-sum(by_hand))


def test_discriminators_learn_at_a_rate_of_their_own(tmp_path: Path) -> None:
    """The discriminators' phase learns at a quarter of the generators' rate, in the decay as before."""
    rates: dict[str, list[float]] = {"generator": [], "discriminator": []}

    def turn(name: str, lr_ratio: float) -> Phase[int]:
        network = Toy(0.0)

        def losses(*_: int) -> dict[str, Tensor]:
            rates[name].append(mine.optimiser.param_groups[0]["lr"])
            return {name: network.weight * 1}

        mine = replace(phase(name, network, losses), lr_ratio=lr_ratio)
        return mine

    training(tmp_path, [turn("generator", 1.0), turn("discriminator", 0.25)], steps=4).run()
    assert rates["discriminator"] == [0.25 * rate for rate in rates["generator"]]
    assert len({*rates["discriminator"]}) > 1

    networks = build_networks(find_method("metgan"), "small", segmentor(), seed=0)
    slow = replace(ONE_STEP, discriminator_lr_ratio=0.25)
    ratios = [p.lr_ratio for p in gan_phases(find_method("metgan"), networks, slow, [ImagePool(0, 0, 0)] * 2)]
    assert ratios == [1.0, 0.25]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_the_run_and_says_which(tmp_path: Path, value: float) -> None:
    network = Toy(1.0)
    phases = [phase("generator", network, lambda step, _: {"generator": network.weight * value**step})]
    with pytest.raises(DivergedError, match=r"generator is not finite at step 2;.*learning-rate"):
        training(tmp_path, phases, steps=4).run()
    assert steps_of(tmp_path) == [1]
    assert not (tmp_path / CHECKPOINT).exists()


def test_finite_losses_do_not_stop_the_run(tmp_path: Path) -> None:
    network = Toy(1.0)
    training(tmp_path, [phase("generator", network, lambda *_: {"generator": network.weight * 1})], 4).run()
    assert steps_of(tmp_path) == [1, 2, 3, 4]


def test_logged_and_validated_steps_alone_enter_the_journal(tmp_path: Path) -> None:
    network = Toy(0.0)
    phases = [phase("generator", network, lambda step, _: {"generator": network.weight * 0 + step})]
    schedule = Schedule(25, RATE, 0.5, validate_every=15, log_every=10)
    training(tmp_path, phases, schedule=schedule).run()
    rows = read_log(tmp_path / "journal.csv")
    assert [(row["step"], row["generator"], row["val_dice"]) for row in rows] == [
        ("10", "9", ""),
        ("15", "14", "0.5"),
        ("20", "19", ""),
        ("25", "24", "0.5"),
    ]


@pytest.mark.parametrize(("keeps_last", "expected"), [(False, [2, 4, 6]), (True, [2, 4, 6, 8])])
def test_the_best_weights_are_kept_of_equals_the_later_and_the_last_of_a_run_that_keeps_its_last(
    tmp_path: Path, keeps_last: bool, expected: list[int]
) -> None:
    network, kept = Toy(0.0), []
    scores = {2: 0.3, 4: 0.8, 6: 0.8, 8: 0.1}
    training(
        tmp_path,
        [phase("generator", network, lambda *_: {"generator": network.weight * 1})],
        validate=lambda done: ValidationResult(scores[done], {}),
        keep=lambda done, verdict: kept.append((done, verdict.score)),
        schedule=Schedule(8, RATE, 0.5, validate_every=2),
        keeps_last=keeps_last,
    ).run()
    assert kept == [(step, scores[step]) for step in expected]


class CutAfter(RunState):
    """A state after whose second checkpoint the power fails."""

    saved = 0

    def save(self, folder: Path) -> None:
        super().save(folder)
        self.saved += 1
        if self.saved == 2:
            raise KeyboardInterrupt


def test_a_resumed_run_has_every_row_once_even_when_cut_right_after_a_checkpoint(tmp_path: Path) -> None:
    def fresh() -> Training[Any]:
        network = Toy(0.0)
        phases = [phase("generator", network, lambda *_: {"generator": network.weight * 1})]
        return training(tmp_path, phases, schedule=Schedule(8, RATE, 0.5, validate_every=2, log_every=1))

    first = fresh()
    state = CutAfter(first.state.modules, first.state.optimisers, [], {"method": "toy"})
    with pytest.raises(KeyboardInterrupt):
        replace(first, state=state).run()
    second = fresh()
    second.state.load(tmp_path, torch.device("cpu"))
    assert second.state.step == 4
    second.run()
    assert steps_of(tmp_path) == list(range(1, 9))


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    network = Toy(0.0)
    phases = [phase("generator", network, lambda *_: {"generator": network.weight * 1})]
    training(tmp_path, phases, steps=2).run()
    other = RunState({"generator": network}, {}, [], {"method": "another toy"})
    with pytest.raises(OSError, match=r"written with method toy; expected method another toy, as"):
        other.load(tmp_path, torch.device("cpu"))


@pytest.fixture
def frozen_game(tmp_path: Path) -> tuple[Training[Translations], Segmentor]:
    """Two steps of MetGAN on noise, and the segmentor that watches it."""
    method, watcher = find_method("metgan"), segmentor()
    networks = build_networks(method, "small", watcher, seed=0)
    image_pools = [ImagePool(1, 0, k) for k in range(2)]
    phases = gan_phases(method, networks, ONE_STEP, image_pools)
    torch.manual_seed(0)
    images = torch.rand(2, 1, 1, 64, 64) * 2 - 1
    label = (torch.rand(1, 1, 64, 64) > 0.9).float()
    return (
        training(
            tmp_path,
            phases,
            steps=2,
            material=lambda _: nullcontext(Translations(networks, *images, label) for _ in count()),
            columns=tuple(term.name for term in method.terms)
            + tuple(networks.discriminators_by_name)
            + ("val_dice",),
        ),
        watcher,
    )


def segmentor() -> Segmentor:
    return build(lambda: Segmentor(PRESETS["small"].segmentor), 7)


def state_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def changed(before: dict[str, Tensor], network: nn.Module) -> set[str]:
    return {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}


def test_training_leaves_the_segmentor_as_it_was(
    frozen_game: tuple[Training[Translations], Segmentor],
) -> None:
    game, watcher = frozen_game
    before = state_of(watcher)
    generator = game.phases[0].networks["to_tumour"]
    untrained = state_of(generator)
    game.run()
    assert changed(before, watcher) == set()
    assert all(weight.grad is None for weight in watcher.parameters())
    assert changed(untrained, generator)


def test_the_statistics_of_a_segmentor_in_training_mode_would_drift(
    frozen_game: tuple[Training[Translations], Segmentor],
) -> None:
    game, watcher = frozen_game
    before = state_of(watcher)
    watcher.train()  # as the release leaves it
    game.run()
    drifted = changed(before, watcher)
    assert drifted
    assert all("running" in name or "num_batches" in name for name in drifted)
