"""A store to look through many partitions in: nothing is read from it twice."""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from resources.filters import quoted
from resources.schema import Head, Partition, Record, Sheet, Unit
from resources.store import Store

R = TypeVar("R", bound=Record)

SELECTIONS_KEPT = 64
"""What thirty assets of one shard and of one of its edit types select, twice over: of partitions of
a thousand rows some hundred megabytes."""


class StandingStore(Store):
    """A store as it stands: for one thread, while it makes nothing.

    What others write in the meantime may be missed. Heads and units are read for all the assets of
    a partition key at once, since a lookup costs some milliseconds however little it finds.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(store.home)
        self._connection, self._tables = store._connected(), store._tables

    def select(
        self, record: type[R], where: str | None = None, *, limit: int | None = None
    ) -> list[R]:
        """As a store's; the last selections are remembered."""
        selected: list[R] = self._select(record, where, limit=limit)
        return list(selected)

    @cached_property
    def _select(self) -> Callable[..., list[Any]]:
        return lru_cache(maxsize=SELECTIONS_KEPT)(super().select)

    def head(self, partition: Partition) -> Head | None:
        """The partition as last finished, or None."""
        heads = self.select(Head, f"partition = {quoted(partition.key)}")
        return next((head for head in heads if head.asset == partition.asset), None)

    def units(self, partition: Partition) -> list[Unit]:
        """The units of a partition that are done."""
        units = self.select(Unit, f"partition = {quoted(partition.key)}")
        return [unit for unit in units if unit.asset == partition.asset]

    def has_sheet(self, partition: Partition) -> bool:
        """Whether a partition's contact sheet is drawn."""
        return partition.id in self._drawn

    @cached_property
    def _drawn(self) -> frozenset[str]:
        return frozenset(self.column(Sheet, "id", "true"))
