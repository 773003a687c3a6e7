"""What an engine is, and the names by which a stage is made again in another process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from resources.engine.local import EngineClock, Item, LocalEngine, P, Result
from resources.engine.stage import Finished, Stage, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a process on a cluster was given to compute with."""

    cores: float
    has_gpu: bool
    lanes: int
    """Batches computed at once; 0 for what the profile says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abroad:
    """A stage that was made again, with the engine that runs it there."""

    stage: Stage[Any, Any, Any]
    engine: LocalEngine
    notes: Callable[[], Sequence[str]]
    """What happened to models since the last time, in words."""


class Names(Protocol):
    """Names that a stage is made from anew, on any machine: pickled, so no store is among them."""

    @property
    def actors(self) -> str:
        """Whose actors do its work: a role, or an asset."""

    @property
    def batch_size(self) -> int:
        """Of the stage, as far as it is known before models are loaded."""

    def make(self, place: Place) -> Abroad:
        """The stage; what it loads stays warm from one call to the next.

        Raises:
            ImgEditError: It cannot be made there, or would make other rows there.
        """


class Engine(Protocol):
    """Runs stages over units of work."""

    lanes: int
    """Batches computed at once, as far as it is known before."""

    def run(
        self,
        stage: Stage[P, Item, Result],
        work: Sequence[Work[P]],
        clock: EngineClock,
        names: Names | None = None,
    ) -> Iterator[list[Finished[P]]]:
        """Do the work, yielding what is finished; where a stage has no names, in order."""

    def close(self) -> None:
        """Let go of what is kept warm; it may be used again."""
