"""The steps of a training, phase by phase: as they come, or on CUDA captured once as graphs and replayed.

A step of MetGAN is some thousands of small kernels, and a card computes them faster than a CPU can launch
them: a step took as long for one image as for sixteen (docs/results). A CUDA graph is launched as a whole. It
reads and writes the same memory each time, so a step's tensors are first copied to where those of the
captured one were. Whatever is no tensor must be the same in every step: see `Phase`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol

import torch
from torch import Tensor

from .phases import Material, Phase

if TYPE_CHECKING:
    from lightning_fabric import Fabric

WARM_UP: Final = 3
"""Steps of one signature that are taken as they come before one is captured."""
Losses = dict[str, Tensor]
Signature = tuple[tuple[torch.Size, torch.dtype] | None, ...]


def stepper_on(fabric: Fabric, phases: Sequence[Phase[Material]], *, cuda_graphs: bool) -> Stepper[Material]:
    """Return what takes the steps on a fabric's device; with CUDA graphs where they are asked for on CUDA."""
    if cuda_graphs and fabric.device.type == "cuda":
        return GraphStepper(phases, fabric, CudaGraphs(fabric.device))
    return Stepper(phases, fabric)


class Stepper(Generic[Material]):
    """Takes steps as they come."""

    def __init__(self, phases: Sequence[Phase[Material]], fabric: Fabric) -> None:
        self.phases, self.fabric = phases, fabric

    def take(self, step: int, rate: float, material: Material) -> Losses:
        """Let each phase learn from a step's material at this learning rate.

        Returns the losses of all phases. They hold until the next step is taken.
        """
        self._set_rate(rate)
        return self._take(step, material, self.phases[0].prepare(material, step))

    def _take(self, step: int, material: Material, prepared: Sequence[Tensor]) -> Losses:
        """Let the phases learn; `prepared` is what the first of them has prepared."""
        losses = self._learn(self.phases[0], material, prepared, step)
        for phase in self.phases[1:]:
            losses |= self._learn(phase, material, phase.prepare(material, step), step)
        return losses

    def _learn(
        self, phase: Phase[Material], material: Material, prepared: Sequence[Tensor], step: int | None
    ) -> Losses:
        """Let one phase learn; nobody watches where no `step` is told."""
        self._only(phase)
        with self.fabric.autocast():
            losses = phase.losses(material, prepared)
        if phase.watch is not None and step is not None:
            phase.watch.write(step, losses, material)
        phase.optimiser.zero_grad(set_to_none=True)
        self.fabric.backward(torch.stack([*losses.values()]).sum())
        phase.optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def _set_rate(self, rate: float) -> None:
        for phase in self.phases:
            for group in phase.optimiser.param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(rate * phase.lr_ratio)
                else:
                    group["lr"] = rate * phase.lr_ratio

    def _only(self, active: Phase[Material]) -> None:
        """Let gradients reach the weights of the active phase alone."""
        for phase in self.phases:
            for network in phase.networks.values():
                network.requires_grad_(phase is active)


class Graphs(Protocol):
    """Captures work on a device, which replays it."""

    def adapt(self, optimiser: torch.optim.Optimizer) -> None:
        """Bring an optimiser's rate and count of steps to the device."""

    def stream(self) -> AbstractContextManager[None]:
        """Return a context for all work, captured or not: after what was launched before it."""

    def capture(self, work: Callable[[], Losses]) -> tuple[Callable[[], None], Losses]:
        """Return what replays some work, which is not done yet, and where each replay puts its losses."""


class CudaGraphs:
    """CUDA graphs, on a stream of their own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._memory = torch.cuda.graph_pool_handle()

    def adapt(self, optimiser: torch.optim.Optimizer) -> None:
        """Bring an Adam's rate and count of steps to the device: what torch calls capturable."""
        for group in optimiser.param_groups:
            group |= {"capturable": True, "lr": torch.tensor(float(group["lr"]), device=self._device)}
        for kept in optimiser.state.values():
            kept["step"] = kept["step"].to(self._device)
        # The first steps are not captured, on purpose: torch would warn of them.
        optimiser._warned_capturable_if_run_uncaptured = True

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Wait for the stream around, which waits in turn."""
        around = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(around)
        try:
            with torch.cuda.stream(self._stream):
                yield
        finally:
            around.wait_stream(self._stream)

    def capture(self, work: Callable[[], Losses]) -> tuple[Callable[[], None], Losses]:
        """Capture some work; other threads, which load data, may use the device meanwhile."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(
            graph, pool=self._memory, stream=self._stream, capture_error_mode="thread_local"
        ):
            losses = work()
        return graph.replay, losses


@dataclass(frozen=True)
class _Captured(Generic[Material]):
    """A captured step: what it reads, phase by phase, what replays it, and its losses."""

    material: Material
    prepared: list[tuple[Tensor, ...]]
    replays: list[Callable[[], None]]
    losses: Losses


class GraphStepper(Stepper[Material]):
    """Captures a step after a few of its signature: with tensors of these shapes."""

    def __init__(self, phases: Sequence[Phase[Material]], fabric: Fabric, graphs: Graphs) -> None:
        super().__init__(phases, fabric)
        for phase in phases:
            graphs.adapt(phase.optimiser)
        self._graphs = graphs
        self._taken: Counter[Signature] = Counter()
        self._captured: dict[Signature, _Captured[Material]] = {}

    def take(self, step: int, rate: float, material: Material) -> Losses:
        """Replay a step like those before it; one that is watched or of a new signature is taken as it is."""
        with self._graphs.stream():
            self._set_rate(rate)
            prepared = self.phases[0].prepare(material, step)
            signature = signature_of((material, prepared))
            if signature in self._captured:
                return self._replay(self._captured[signature], step, material, prepared)
            self._taken[signature] += 1
            if self._taken[signature] <= WARM_UP or self._is_watched(step):
                return self._take(step, material, prepared)
            captured = self._captured[signature] = self._capture(step, material, prepared)
            return dict(captured.losses)

    def _is_watched(self, step: int) -> bool:
        return any(phase.watch is not None and not phase.watch.is_over(step) for phase in self.phases)

    def _capture(self, step: int, material: Material, first: tuple[Tensor, ...]) -> _Captured[Material]:
        """Capture a step's phases, replaying each before the next, which sees what it made."""
        captured: _Captured[Material] = _Captured(material, [], [], {})
        for number, phase in enumerate(self.phases):
            prepared = phase.prepare(material, step) if number else first
            replay, losses = self._graphs.capture(
                lambda phase=phase, prepared=prepared: self._learn(phase, material, prepared, None)  # type: ignore[misc]
            )
            replay()
            captured.prepared.append(prepared)
            captured.replays.append(replay)
            captured.losses.update(losses)
        return captured

    def _replay(
        self, captured: _Captured[Material], step: int, material: Material, first: tuple[Tensor, ...]
    ) -> Losses:
        _copy((material, first), (captured.material, captured.prepared[0]))
        for number, (phase, replay) in enumerate(zip(self.phases, captured.replays, strict=True)):
            if number:
                _copy(phase.prepare(captured.material, step), captured.prepared[number])
            replay()
        return dict(captured.losses)


def leaves_of(value: Any) -> Iterator[Tensor | None]:
    """Yield the tensors of a value and a None for each None: itself, or in its items or fields.

    Those of modules are left out: they are no material.

    Examples
    --------
    >>> [each if each is None else each.item() for each in leaves_of((torch.tensor(1), [None, "two"]))]
    [1, None]
    """
    if value is None or isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list | Mapping):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from leaves_of(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from leaves_of(getattr(value, field.name))


def signature_of(value: Any) -> Signature:
    """Return the shapes and dtypes of a value's tensors: steps that agree in them compute alike."""
    return tuple(None if leaf is None else (leaf.shape, leaf.dtype) for leaf in leaves_of(value))


def _copy(source: Any, target: Any) -> None:
    """Copy the tensors of a value to those of another of its signature, each in memory of its own."""
    into, what = ([leaf for leaf in leaves_of(value) if leaf is not None] for value in (target, source))
    if into:
        torch._foreach_copy_(into, what)
