"""Items made in another thread while those before them are used."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from models.ahead import made_ahead


def at_work() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("ahead")]


def test_the_next_is_made_while_one_is_used() -> None:
    begun = threading.Semaphore(0)

    def items() -> Iterator[int]:
        for item in range(3):
            begun.release()
            yield item

    with closing(made_ahead(items(), number=1)) as ahead:
        assert next(ahead) == 0
        for _ in range(2):  # the first, and the one behind it
            assert begun.acquire(timeout=60)
        assert list(ahead) == [1, 2]
    assert at_work() == []


def test_what_making_one_raises_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        message = "no second one"
        raise ValueError(message)

    ahead = made_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="no second one"):
        next(ahead)
    assert at_work() == []
