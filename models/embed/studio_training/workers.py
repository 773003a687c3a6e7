"""Rendering in several processes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def in_processes(
    call: Callable[[Item], Answer], items: Sequence[Item], workers: int
) -> list[Answer]:
    """One answer for each item, in order.

    The processes start afresh: one forked from a process with OpenCV's or torch's threads can wait
    forever for a lock that a thread held.
    """
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(call, items, chunksize=4))
