"""Who owns the models. A backend names what it needs; a host loads it once and keeps it warm."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, TypeVar

from models.batches import free_cached_memory

Loaded = TypeVar("Loaded")
Loaded_co = TypeVar("Loaded_co", covariant=True)


class ModelSpec(Hashable, Protocol[Loaded_co]):
    """What to load, and how: a frozen dataclass, so that equal specs share one model."""

    @property
    def name(self) -> str:
        """For logs: the architecture and the checkpoint."""

    def size_bytes(self) -> int:
        """Memory it takes on a device once loaded, with what one batch needs besides."""

    def load(self, device: str) -> Loaded_co:
        """Load it onto a device: "cpu", "cuda:0", ...

        Raises:
            CheckpointError: The checkpoint is missing or does not fit the architecture.
        """


class Host(Protocol):
    """Owns models. Backends get one and keep no model themselves."""

    def use(self, spec: ModelSpec[Loaded]) -> AbstractContextManager[Loaded]:
        """A loaded model, to oneself, on the device of the calling lane, until the block ends.

        One at a time: two lanes that each hold a model and ask for the other's wait for ever.
        """


class SoloHost:
    """Keeps every model that it was asked for, on one device: for scripts and tests."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self._models: dict[Any, Any] = {}
        self._lock = threading.RLock()

    @contextmanager
    def use(self, spec: ModelSpec[Loaded]) -> Iterator[Loaded]:
        """The model, loaded on first use; one caller at a time."""
        with self._lock:
            if spec not in self._models:
                self._models[spec] = spec.load(self.device)
            yield self._models[spec]

    def clear(self) -> None:
        """Let all models go, so that others find room."""
        with self._lock:
            self._models.clear()
        free_cached_memory()
