"""Which partitions are as making them now would leave them: asked of heads first, then of rows."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, reduce
from typing import TYPE_CHECKING

from imgedit_assets.graph import GRAPH, stage_of
from imgedit_assets.harness import is_up_to_date
from imgedit_assets.origins import Origins
from models.faults import ImgEditError, Reason
from resources.factory import Factory
from resources.schema import ASSET_ROWS, Head, Partition, Sheet, Unit
from resources.standing import StandingStore

if TYPE_CHECKING:
    import polars as pl


@contextmanager
def up_to_date(
    factory: Factory, made: Callable[[str], Collection[str]]
) -> "Iterator[Callable[[str, str], bool]]":
    """Tells whether an asset's partition, by its key, is; for one thread, while it makes nothing.

    What takes a few questions in all is asked first: heads whose origin is the same as ever, and
    how many rows and units there are. Only of the others are the rows looked at, and where these
    are as they should be, the new origin is noted as the context ends.

    Args:
        factory: Store and profile.
        made: The partition keys of an asset that Dagster knows as made.
    """
    look = _Look(factory, made)
    yield look.is_done
    factory.store.note(look.noted)


class _Look:
    """A store as it stands."""

    def __init__(self, factory: Factory, made: Callable[[str], Collection[str]]) -> None:
        self._factory, self._store, self._made = factory, factory.store, made
        self._standing = StandingStore(factory.store)
        self.noted: list[Head] = []

    def is_done(self, asset: str, key: str) -> bool:
        """Whether the store holds just what a partition should be, and Dagster knows it does."""
        if key not in self._made(asset):
            return False
        place = Partition(asset, key)
        try:
            origin = self._origin(place)
            if origin and self._sound.get(place.id) == origin:
                return True
            stage = stage_of(self._factory, place)
            stage.store = self._standing
            if not is_up_to_date(stage):
                return False
        except ImgEditError:  # the run says it
            return False
        if origin and (head := self._standing.head(place)):
            self.noted.append(replace(head, origin=origin))
        return True

    def _origin(self, place: Partition) -> str:
        stage = GRAPH[place.asset].load()
        return self._origins.of(place, stage, lambda: stage_of(self._factory, place).recipe.id)

    @cached_property
    def _heads(self) -> "pl.DataFrame":
        return self._store.counted()

    @cached_property
    def _whole(self) -> "pl.DataFrame":
        """The heads that no row and no unit is missing of."""
        torn = (self._torn_units(), *map(self._torn_rows, GRAPH))
        return reduce(
            lambda heads, some: heads if some is None else heads.join(some, on="id", how="anti"),
            torn,
            self._heads,
        )

    @cached_property
    def _origins(self) -> Origins:
        # What is made from one that is torn has to look at its rows, and finds them missing.
        told = self._whole.select("id", "run_id", "finished_at").iter_rows()
        return Origins(self._factory, {head: f"{run} {at}" for head, run, at in told})

    @cached_property
    def _sound(self) -> Mapping[str, str]:
        """The origins of the whole ones that also have nothing to tell, by their ids."""
        import polars as pl

        drawn = self._store.table_frame(Sheet, ["id"])
        failed = pl.col("rejects").str.contains(Reason.WORKER_ERROR, literal=True)
        sound = self._whole.filter(~failed).join(drawn, on="id", how="semi")
        return dict(sound.select("id", "origin").iter_rows())

    def _torn_units(self) -> "pl.DataFrame | None":
        """The ids of heads with other units than there are; None where there are as many."""
        if self._heads["units"].sum() == self._store.count(Unit):
            return None
        there = self._store.table_frame(Unit, ["asset", "partition"])
        return _miscounted(self._heads, there.group_by("asset", "partition").len(), "units")

    def _torn_rows(self, asset: str) -> "pl.DataFrame | None":
        """The same of an asset's rows."""
        import polars as pl

        record = ASSET_ROWS[asset]
        heads = self._heads.filter(pl.col("asset") == asset)
        if heads["rows"].sum() == self._store.count(record):
            return None
        key = pl.concat_str(record.AXES, separator="|")
        there = self._store.table_frame(record, record.AXES).group_by(partition=key).len()
        return _miscounted(heads, there.with_columns(asset=pl.lit(asset)), "rows")


def _miscounted(heads: "pl.DataFrame", there: "pl.DataFrame", column: str) -> "pl.DataFrame":
    import polars as pl

    counted = heads.join(there, on=["asset", "partition"], how="left")
    return counted.filter(pl.col(column) != pl.col("len").fill_null(0)).select("id")
