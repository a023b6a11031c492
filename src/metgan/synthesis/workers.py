"""Several threads that compute ahead, each on one core, while the caller writes what is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def compute_ahead(
    compute: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Generator[Result, None, None]:
    """Yield `compute(item)` of each item, in their order, computed by threads that are a little ahead.

    Parameters
    ----------
    compute : function
        Of one item; what it raises is raised here, in the item's turn.
    items : sequence
    workers : int
        How many threads; each computes with one of torch's threads, so that what it computes does not depend
        on how many there are. With 1, nothing is ahead, and torch has all its threads.

    Notes
    -----
    Cores are given to images rather than to the rows of one image: a convolution of a small image is over
    before it is divided, and threads that wait for each other within it stand still on a busy machine.
    """
    if workers == 1:
        yield from map(compute, items)
        return
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(copy_context().run, compute, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
