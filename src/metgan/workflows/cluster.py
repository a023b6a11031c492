"""Dask: work that is done by other processes, on this machine or on those that a scheduler has.

Notes
-----
Plain tasks are submitted, a few more than there are workers, so that neither scheduler nor memory knows how
many there are in all. A task that ends its process is tried again by Dask, in another one, a few times.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar

from metgan.checked import Checked
from metgan.errors import SettingError, ShortMemoryError, StorageError
from metgan.progress import note, stop_if_interrupted

from .ranges import COUNT, check_ranges

Job = TypeVar("Job")
Result = TypeVar("Result")
_AHEAD: Final = 2
"""Tasks for each thread of the workers that are submitted at once."""
_LOOK_S: Final = 5.0
"""Seconds after which it is looked whether more workers have joined."""
_CONNECT_S: Final = 10
_PATIENCE: Final = {
    "distributed.deploy.lost-worker-timeout": "1 day",
    "distributed.scheduler.no-workers-timeout": "5 minutes",
}
"""A worker of this machine that has ended is started again, however long that takes, if it starts at all."""


@dataclass(frozen=True, kw_only=True)
class ClusterChoice(Checked):
    """Which processes compute: this one, workers on this machine, or those of a Dask scheduler.

    Parameters
    ----------
    workers : int or None
        Processes on this machine that compute, 1 or more, each with one thread (or as many as OMP_NUM_THREADS
        says) and memory of its own. Default: this process computes, with all threads. Needs the extra dask.
    scheduler : str or None
        Address of a running Dask scheduler whose workers compute, as in tcp://host:8786. They need the same
        metgan, and run, volume, labels and --out under the same paths. Needs the extra dask.
    """

    workers: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_ranges(self, workers=COUNT)
        if self.scheduler is not None and not re.fullmatch(r"[a-z]+://\S+:\d+", self.scheduler):
            expected = "an address such as tcp://host:8786"
            raise SettingError(
                f"scheduler is {self.scheduler!r}", expected, "Copy what dask scheduler prints"
            )
        if self.workers is not None and self.scheduler is not None:
            raise SettingError(
                f"--workers {self.workers} and --scheduler {self.scheduler}",
                "one of them",
                "Leave --workers out: those of the scheduler are started with dask worker",
            )


IN_THIS_PROCESS: Final = ClusterChoice()


@contextmanager
def connected(choice: ClusterChoice) -> Iterator[Any]:
    """Start the workers, or find the scheduler; they are left when the block ends.

    Yields
    ------
    a client of dask.distributed; nothing where this process is to compute

    Raises
    ------
    SettingError
        When dask.distributed is not installed.
    StorageError
        When no scheduler answers.
    """
    if choice == IN_THIS_PROCESS:
        yield None
        return
    try:
        import distributed  # an optional extra
        from distributed.utils import silence_logging_cmgr
    except ImportError as error:
        raise SettingError(
            "--workers or --scheduler, and dask.distributed is not installed",
            "the extra dask",
            'Install it with pip install "metgan[dask]"',
        ) from error
    with ExitStack() as stack:
        stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # what went wrong is raised here
        address: Any = choice.scheduler
        if choice.workers is not None:
            address = stack.enter_context(_workers_here(choice.workers))
        try:
            client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
        except OSError as error:
            raise StorageError(
                f"no Dask scheduler answers at {choice.scheduler} ({error})",
                "the address of one that runs",
                "Start it with dask scheduler, and its workers with dask worker",
            ) from error
        yield stack.enter_context(client)


@contextmanager
def _workers_here(number: int) -> Iterator[Any]:
    """Start workers on this machine, and end them with the block."""
    import dask
    import distributed

    with dask.config.set(_PATIENCE):
        cluster = distributed.LocalCluster(
            n_workers=number,
            threads_per_worker=1,
            memory_limit=0,  # Dask would stop workers for what is no data of its own
            dashboard_address=":0",
            silence_logs=logging.CRITICAL,
        )
        try:
            yield cluster
        finally:
            try:
                cluster.close()
            except AssertionError:  # Dask's own, where a worker is just being started again
                cluster.shutdown_on_close = False  # or the interpreter waits for it at its end


def completed(client: Any, task: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
    """Yield what `task` returns of each job, in the order in which workers complete them.

    Parameters
    ----------
    client : distributed.Client
        Of `connected`.
    task : callable
        Picklable, as are jobs and results.
    jobs : iterable

    Raises
    ------
    MetganError
        What a task has raised, as it was raised.
    ShortMemoryError
        When a job has ended several workers, or no worker has joined or started again.
    StorageError
        When the scheduler has gone.
    """
    from distributed import wait

    left, pending = iter(jobs), set[Any]()
    done: set[Any]
    with _as_long_as_it_runs():
        threads = _threads(client)
    if not threads:
        note(f"no worker has joined {client.scheduler.address} yet; waiting for the first")
    try:
        while True:
            with _as_long_as_it_runs():
                room = _AHEAD * max(threads, 1) - len(pending)
                pending |= {client.submit(task, job, pure=False) for job in islice(left, max(room, 0))}
                if not pending:
                    return
                try:
                    with client.as_current():
                        done = wait(pending, timeout=_LOOK_S, return_when="FIRST_COMPLETED").done
                except TimeoutError:
                    done = set()
                pending -= done
                threads = _threads(client)
            for future in done:
                yield _result_of(future)
            stop_if_interrupted()
    finally:
        if pending:  # or workers would go on with them when nobody holds the volume any more
            with suppress(CancelledError, OSError):  # the scheduler has gone
                client.cancel(list(pending))


def _result_of(future: Any) -> Any:
    """Return what a task has returned; raise what it has raised, or what has become of its workers."""
    from distributed.comm import CommClosedError
    from distributed.scheduler import KilledWorker, NoWorkerError

    try:
        return future.result()
    except KilledWorker as error:
        raise ShortMemoryError(
            f"the same block has ended {error.allowed_failures + 1} workers",
            "workers that live for a block; most that do not have too little memory",
            "Give fewer workers, or a smaller --block, and go on with --resume",
        ) from error
    except NoWorkerError as error:
        raise ShortMemoryError(
            f"no worker has joined, or all have ended, for {error.timeout:.0f} s",
            "one at least, with memory for a block",
            "Start one with dask worker for --scheduler; where they have ended, close other programs or give "
            "a smaller --block; and go on with --resume",
        ) from error
    except (CancelledError, CommClosedError) as error:  # before it could be fetched
        raise _gone(error) from error
    except ImportError as error:
        raise SettingError(
            f"a worker cannot import {error.name}", "metgan on all workers", "Install it there"
        ) from error


@contextmanager
def _as_long_as_it_runs() -> Iterator[None]:
    """Report a scheduler that no longer answers as gone."""
    try:
        yield
    except (CancelledError, OSError) as error:  # Dask's own are OSErrors, too
        raise _gone(error) from error


def _gone(error: BaseException) -> StorageError:
    return StorageError(
        f"the Dask scheduler has gone ({type(error).__name__}: {error})",
        "one that runs to the end",
        "Start it again, and go on with --resume; what was complete is kept",
    )


def _threads(client: Any) -> int:
    """Return how many tasks the workers compute at once by now."""
    return sum(client.nthreads().values())
