"""What was made of late, to be had again without making it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The things that were asked for last, up to so many bytes in all; threads may share it.

    Args:
        max_bytes: Together; a larger thing is made each time.
        n_bytes: How many one takes.
    """

    def __init__(self, *, max_bytes: int, n_bytes: Callable[[Value], int]) -> None:
        self._left = self._max_bytes = max_bytes
        self._n_bytes = n_bytes
        self._held: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = Lock()

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """What the key stands for; what `make` raises is raised, and nothing is kept."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        size = self._n_bytes(made)
        with self._lock:
            if key not in self._held and size <= self._max_bytes:
                self._held[key] = made
                self._left -= size
            while self._left < 0:
                self._left += self._n_bytes(self._held.popitem(last=False)[1])
        return made
