"""What an engine runs: a stage over units of work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from models.faults import Fault
from resources.recipes import Recipe, digest, table_tag
from resources.schema import Row, Version

P = TypeVar("P")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Generic[P]):
    """One unit of work: parents by recipe, and what the stage needs to do it."""

    parents: tuple[str, ...]
    recipe: Recipe
    payload: P
    subject: str
    """What it is about, in words for a person: a file, an object of an image."""
    ordinal: int = 0
    """Tells apart several units of the same parents."""
    stamp: str = ""
    """Changes when the same parents must be looked at again: a file's size and time."""

    @property
    def id(self) -> str:
        """Marks the unit as done; the gate is part of it."""
        return digest("unit", *self.parents, self.recipe.id, str(self.ordinal), self.stamp)

    def row_id(self, *key: str) -> str:
        """The id of one of its rows. `key` tells apart several rows of one unit."""
        named = digest("row", *self.parents, self.recipe.content_id, str(self.ordinal), *key)
        tag = table_tag(self.recipe.stage)
        return tag + named[len(tag) :]

    @property
    def seed(self) -> int:
        """A seed of its own, derived as the row id is: 0 to 2**32 - 1."""
        return int(self.row_id("seed")[-8:], 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What one unit made: any number of rows, the versions they need, and faults."""

    rows: Sequence[Row] = ()
    versions: Sequence[Version] = ()
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Generic[P]):
    """A unit with its output, and its share of what its batch took."""

    work: Work[P]
    output: Output
    seconds: float
    """Of compute."""
    cost_usd: float = 0.0
    """What the answers that it rests on were billed, whenever that was."""


class Stage(Protocol[P, Item, Result]):
    """Decode, compute, encode: `prepare` and `finish` run beside `process`, in other threads."""

    batch_size: int
    readers: int
    """Threads that prepare units, where it wants more of them than the engine has."""

    def pixels(self, work: Work[P]) -> int:
        """The pixels that a unit holds from `prepare` until it is finished; 0 where it is little.

        The engine starts a unit only while all that are in flight hold no more than it may.
        """

    def setup(self) -> None:
        """Load what `process` needs; called once, before the first batch."""

    def prepare(self, work: Work[P]) -> Item:
        """Read and decode what one unit needs.

        Raises:
            FaultError: The unit cannot be done; it becomes a reject.
        """

    def process(self, batch: Sequence[tuple[Work[P], Item]]) -> Sequence[Result | Fault]:
        """Compute a batch; one answer for each unit, in order."""

    def finish(self, work: Work[P], result: Result) -> Output:
        """Encode one unit's result.

        Raises:
            FaultError: The result is of no use; the unit becomes a reject.
        """
