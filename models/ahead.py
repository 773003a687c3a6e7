"""Items that are made in another thread while those before them are used."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def made_ahead(items: Iterator[T], *, number: int = 2) -> Generator[T]:
    """The same items, of which some are made while one is used.

    Whoever may stop early closes it: an exception that keeps it would leave its thread at work.

    Args:
        items: None of them is None.
        number: So many ahead.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        waiting = [thread.submit(next, items, None) for _ in range(number)]
        try:
            while (item := waiting.pop(0).result()) is not None:
                waiting.append(thread.submit(next, items, None))
                yield item
        finally:
            for made in waiting:
                made.cancel()
