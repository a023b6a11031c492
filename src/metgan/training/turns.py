"""The turns that phases take within a step: as they come, or on CUDA recorded once and then played back.

A step of MetGAN is some thousands of small kernels, and a card computes them faster than a CPU can ask for
them: a step took as long for one image as for sixteen (docs/results). A recorded turn is asked for as a
whole. It reads and writes the same memory each time, so each step's tensors are first copied to where those
of the recorded one were. Whatever is no tensor must be the same in every step: see `Phase`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol

import torch
from torch import Tensor

from .phases import Material, Phase

if TYPE_CHECKING:
    from lightning_fabric import Fabric

WARM_UP: Final = 3
"""Steps of one kind that are taken as they come before one is recorded."""
Losses = dict[str, Tensor]
_Kind = tuple[tuple[torch.Size, torch.dtype], ...]


def turns_on(fabric: Fabric, phases: Sequence[Phase[Material]], *, recorded: bool) -> Turns[Material]:
    """Return the turns of phases on a fabric's device, recorded ones where they are asked for on CUDA."""
    if recorded and fabric.device.type == "cuda":
        return RecordedTurns(phases, fabric, CudaRecorder(fabric.device))
    return Turns(phases, fabric)


class Turns(Generic[Material]):
    """Turns as they come."""

    def __init__(self, phases: Sequence[Phase[Material]], fabric: Fabric) -> None:
        self.phases, self.fabric = phases, fabric

    def take(self, step: int, rate: float, material: Material) -> Losses:
        """Let each phase learn from a step's material at this learning rate; returns the losses of all."""
        self._set_rate(rate)
        return self._take(step, material, self.phases[0].prepare(material, step))

    def _take(self, step: int, material: Material, prepared: Sequence[Tensor]) -> Losses:
        """Take the turns; `prepared` is what the first phase has prepared."""
        losses = self._turn(self.phases[0], material, prepared, step)
        for phase in self.phases[1:]:
            losses |= self._turn(phase, material, phase.prepare(material, step), step)
        return losses

    def _turn(
        self, phase: Phase[Material], material: Material, prepared: Sequence[Tensor], step: int | None
    ) -> Losses:
        """Take one phase's turn; nobody watches where no `step` is told."""
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


class Recorder(Protocol):
    """Records work on a device, which plays it back."""

    def prepare(self, optimiser: torch.optim.Optimizer) -> None:
        """Bring an optimiser's rate and count of steps to the device."""

    def beside(self) -> AbstractContextManager[None]:
        """Return a context for all work, recorded or not: after what was asked for before it."""

    def record(self, turn: Callable[[], Losses]) -> tuple[Callable[[], None], Losses]:
        """Return what plays a turn, which is not done yet, and the losses of each time it was played."""


class CudaRecorder:
    """CUDA graphs, on a stream of their own."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._memory = torch.cuda.graph_pool_handle()

    def prepare(self, optimiser: torch.optim.Optimizer) -> None:
        """Bring an Adam's rate and count of steps to the device: what torch calls capturable."""
        for group in optimiser.param_groups:
            group |= {"capturable": True, "lr": torch.tensor(float(group["lr"]), device=self._device)}
        for kept in optimiser.state.values():
            kept["step"] = kept["step"].to(self._device)

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Wait for the stream around, which waits in turn."""
        around = torch.cuda.current_stream()
        self._stream.wait_stream(around)
        with torch.cuda.stream(self._stream):
            yield
        around.wait_stream(self._stream)

    def record(self, turn: Callable[[], Losses]) -> tuple[Callable[[], None], Losses]:
        """Record a turn; other threads, which load data, may use the device meanwhile."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(
            graph, pool=self._memory, stream=self._stream, capture_error_mode="thread_local"
        ):
            losses = turn()
        return graph.replay, losses


@dataclass(frozen=True)
class _Recording(Generic[Material]):
    """The turns of one step: what they read, phase by phase, what plays them, and their losses."""

    material: Material
    prepared: list[tuple[Tensor, ...]]
    plays: list[Callable[[], None]]
    losses: Losses


class RecordedTurns(Turns[Material]):
    """Turns that are recorded after a few steps of their kind: with tensors of these shapes."""

    def __init__(self, phases: Sequence[Phase[Material]], fabric: Fabric, recorder: Recorder) -> None:
        super().__init__(phases, fabric)
        for phase in phases:
            recorder.prepare(phase.optimiser)
        self._recorder = recorder
        self._taken: Counter[_Kind] = Counter()
        self._recordings: dict[_Kind, _Recording[Material]] = {}

    def take(self, step: int, rate: float, material: Material) -> Losses:
        """Play a step like those before it; take one that is watched, or of a new kind, as it comes."""
        with self._recorder.beside():
            self._set_rate(rate)
            prepared = self.phases[0].prepare(material, step)
            kind = kind_of((material, prepared))
            if kind in self._recordings:
                return self._play(self._recordings[kind], step, material, prepared)
            self._taken[kind] += 1
            if self._taken[kind] <= WARM_UP or self._is_watched(step):
                return self._take(step, material, prepared)
            recording = self._recordings[kind] = self._record(step, material, prepared)
            return dict(recording.losses)

    def _is_watched(self, step: int) -> bool:
        return any(phase.watch is not None and not phase.watch.is_over(step) for phase in self.phases)

    def _record(self, step: int, material: Material, first: tuple[Tensor, ...]) -> _Recording[Material]:
        """Record the turns of a step, playing each before the next, which sees what it made."""
        recording: _Recording[Material] = _Recording(material, [], [], {})
        for number, phase in enumerate(self.phases):
            prepared = phase.prepare(material, step) if number else first
            play, losses = self._recorder.record(
                lambda phase=phase, prepared=prepared: self._turn(phase, material, prepared, None)  # type: ignore[misc]
            )
            play()
            recording.prepared.append(prepared)
            recording.plays.append(play)
            recording.losses.update(losses)
        return recording

    def _play(
        self, recording: _Recording[Material], step: int, material: Material, first: tuple[Tensor, ...]
    ) -> Losses:
        _copy((material, first), (recording.material, recording.prepared[0]))
        for number, (phase, play) in enumerate(zip(self.phases, recording.plays, strict=True)):
            if number:
                _copy(phase.prepare(recording.material, step), recording.prepared[number])
            play()
        return dict(recording.losses)


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yield the tensors of a value: itself, or those in its items or in its fields; not those of modules.

    Examples
    --------
    >>> [tensor.item() for tensor in tensors_in((torch.tensor(1), [torch.tensor(2), None], "three"))]
    [1, 2]
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from tensors_in(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name))


def kind_of(value: Any) -> _Kind:
    """Return the shapes and dtypes of a value's tensors: steps that agree in them compute alike."""
    return tuple((tensor.shape, tensor.dtype) for tensor in tensors_in(value))


def _copy(source: Any, target: Any) -> None:
    if into := [*tensors_in(target)]:
        torch._foreach_copy_(into, [*tensors_in(source)])
