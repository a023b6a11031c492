"""Real and freshly generated pairs, mixed, inside somebody else's training loop.

A set on disk has so many pairs; a stream generates new ones as long as the training lasts.

Notes
-----
The decision a reader would question is how the workers of a `DataLoader` know which epoch it is, since each
is a new process with a copy of the stream: a few numbers in shared memory count the epochs of each worker.
Nothing need be told to the stream, no pair comes twice, and an epoch has the same pairs with any number of
workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from metgan.data import Entry, Pair, cut_patch, draw_view, read_pair
from metgan.errors import SettingError
from metgan.labels import SYMMETRIES, possible_turn, symmetry
from metgan.seeding import stream

from .gate import Gate, generate_pair
from .inpainter import Inpainter
from .plans import PairPlans
from .request import GenerationRequest

Sample = dict[str, Tensor]
"""``anatomy`` and ``tumour`` in [-1, 1], ``label`` and ``ignored``, 0 or 1; each (1, Y, X) float32.

``ignored`` is where the label says nothing, so that no loss may count the pixel; 0 everywhere in most pairs.
"""

_MOST_WORKERS = 1024
_MOST_PIXELS = 2**31 - 1


@dataclass(frozen=True)
class Mix:
    """What a stream gives.

    Parameters
    ----------
    synthetic : float, in [0, 1], default 0.5
        Share of generated pairs; each pair is one with this probability.
    crop : int or None, default None
        Side in pixels of a square cut at a random place; None gives whole images. Smaller images are mirrored
        at their edges.
    turned : bool, default True
        Bring each pair into one of the eight orientations; whole images that are not square keep their shape.

    Raises
    ------
    SettingError
        If the share or the crop is out of range.

    Examples
    --------
    >>> Mix(synthetic=0.75, crop=128)
    Mix(synthetic=0.75, crop=128, turned=True)
    """

    synthetic: float = 0.5
    crop: int | None = None
    turned: bool = True

    def __post_init__(self) -> None:
        SettingError.unless_within("synthetic", self.synthetic, 0.0, 1.0)
        if self.crop is not None:
            SettingError.unless_within("crop", self.crop, 1, _MOST_PIXELS)


class PairStream(IterableDataset[Sample]):
    """Training pairs without end: `request.count` of them an epoch, other ones in each.

    The generated pairs of the first epoch are those that `generate` writes for the same request: number k of
    the stream, where it is generated, is number k of the set.

    Parameters
    ----------
    inpainter : Inpainter
        On the CPU, if the loader has workers.
    request : GenerationRequest
        What generated pairs are made of; ``count`` is the length of an epoch, ``seed`` decides everything.
    real : sequence of Entry
        Real pairs, each as likely whenever a real one comes; may be empty if all are synthetic.
    mix : Mix
    gate : Gate or None
        Draws generated pairs again that fail.
    first_epoch : int, at least 0, default 0
        Where to begin: a training that is resumed after three epochs gives 3, and sees no pair twice.

    Raises
    ------
    ArrayError, SettingError
        If there are no real pairs to mix in; the labels hold no tumour; or the first epoch is negative.
    LeakageError
        If a source or a real pair is, or was made of, what the generator's run tests on.

    Notes
    -----
    Anatomy and tumour are normalised as for the generator. One stream feeds one loader, with one number of
    workers, and in a training on several devices each process needs a seed of its own. It has no length,
    because loaders cut a last batch for each worker.

    Examples
    --------
    >>> stream = PairStream(inpainter, request, pairs.entries, Mix(crop=128))  # doctest: +SKIP
    >>> loader = DataLoader(stream, batch_size=8, num_workers=2)  # doctest: +SKIP
    >>> next(iter(loader))["tumour"].shape  # doctest: +SKIP
    torch.Size([8, 1, 128, 128])
    """

    def __init__(
        self,
        inpainter: Inpainter,
        request: GenerationRequest,
        real: Sequence[Entry],
        mix: Mix | None = None,
        gate: Gate | None = None,
        first_epoch: int = 0,
    ) -> None:
        self.mix = mix or Mix()
        if self.mix.synthetic < 1 and not real:
            raise SettingError("no real pairs", "some to mix in", "Give some, or Mix(synthetic=1)")
        if first_epoch < 0:
            raise SettingError(f"first_epoch={first_epoch}", "0 or more", "Choose 0 for a new training")
        request.refuse_held_out(inpainter.held_out, real)
        self._inpainter = inpainter
        self._plans = PairPlans(request)
        self._real = tuple(real)
        self._gate = gate
        self._first_epoch = first_epoch
        self._epochs = _shared_counters(_MOST_WORKERS)
        self._workers = _shared_counters(1)

    def __str__(self) -> str:
        request, inpainter = self._plans.request, self._inpainter.fingerprint
        gate = "" if self._gate is None else f", {self._gate}"
        source = f"{request} from {self._plans.fingerprint}, seed {request.seed}"
        return f"{self.mix} by {inpainter} of {source}{gate}"

    def __iter__(self) -> Iterator[Sample]:
        worker, workers = self._place()
        epoch = self._first_epoch + int(self._epochs[worker])
        self._epochs[worker] += 1
        count = self._plans.request.count
        for place in range(worker, count, workers):
            yield self.pair(epoch * count + place)

    def pair(self, number: int) -> Sample:
        """Return one pair of the stream by its number: epoch times pairs an epoch, plus its place there."""
        rng = self._rng(number)
        return self._sample(self._draw(number, rng), rng)

    def whole(self, number: int) -> Pair:
        """Return the same pair whole and in camera units, with its provenance."""
        return self._draw(number, self._rng(number))

    def _rng(self, number: int) -> np.random.Generator:
        return stream(self._plans.request.seed, "stream", number)

    def _draw(self, number: int, rng: np.random.Generator) -> Pair:
        if rng.random() >= self.mix.synthetic:
            return read_pair(self._real[int(rng.integers(len(self._real)))])
        generated = generate_pair(self._inpainter, self._plans, number, self._gate)
        plan = generated.plan
        provenance = {**plan.origin, "model": self._inpainter.fingerprint}
        entry = Entry(f"stream-{number:06d}", plan.source.group, plan.source.organ, "", {}, provenance)
        return Pair(entry, plan.anatomy, generated.tumour, plan.label, plan.ignored)

    def _place(self) -> tuple[int, int]:
        """Return this worker's number and how many there are, in a process that computes by itself."""
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        if info is not None:
            torch.set_num_threads(1)  # the threads of a forked process's parent are not there, and would hang
            if self._inpainter.device.type != "cpu":
                given = f"a generator on {self._inpainter.device} in a worker"
                raise SettingError(given, "the CPU, or a loader without workers", 'Use load(run, "cpu")')
        before = int(self._workers[0])
        if workers > _MOST_WORKERS:
            given = f"a DataLoader with num_workers={workers}"
            raise SettingError(given, f"{_MOST_WORKERS} at most", "Give DataLoader a smaller num_workers")
        if before not in (0, workers):
            given = f"a loader with {workers} workers for a stream that fed one with {before}"
            advice = f"Give num_workers={before}, or make another PairStream, of a request with another seed"
            raise SettingError(given, "the same number", advice)
        self._workers[0] = workers
        return worker, workers

    def _sample(self, pair: Pair, rng: np.random.Generator) -> Sample:
        """Cut and turn a pair, and normalise what is left."""
        view = None
        if self.mix.crop is not None:
            view = replace(draw_view(pair.label.shape, self.mix.crop, rng), orientation=0)
        patch = cut_patch(pair, view, replace(self._inpainter.card.normalisation, fill=None))
        ignored = np.zeros_like(patch.label) if patch.ignored is None else patch.ignored
        masks = {"label": patch.label, "ignored": ignored}
        images = {"anatomy": patch.anatomy, "tumour": patch.tumour, **masks}
        turn = possible_turn(patch.label > 0, int(rng.integers(SYMMETRIES))) if self.mix.turned else 0
        return {name: torch.from_numpy(symmetry(image, turn))[None] for name, image in images.items()}


def _shared_counters(count: int) -> Tensor:
    """Return zeros that all workers of a loader share, whether they are forked or spawned."""
    counters = torch.zeros(count, dtype=torch.int64)
    return counters.share_memory_()  # type: ignore[no-untyped-call,no-any-return]  # torch does not annotate it
