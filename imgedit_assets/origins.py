"""What a finished partition was made from, in one hash that its head keeps.

While it is the same, the partition is what making it now would give, and nobody has to look at its
rows: a run over thousands of shards is planned from the heads. (Mokhov, Mitchell and Peyton Jones,
"Build systems à la carte", 2018, call it a verifying trace.) Once it differs, the rows decide.
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

from imgedit_assets.sample.descent import ancestry
from imgedit_assets.sample.quarantine import active
from imgedit_assets.sample.reviews import decided
from imgedit_assets.stages.base import AssetStage
from resources.factory import Factory
from resources.filters import one_of, quoted
from resources.recipes import digest
from resources.schema import ASSET_ROWS, Head, Partition, SourceItemRow
from resources.store import Selection

AnyStage = AssetStage[Any, Any, Any]


class Origins:
    """What partitions are made from, as the store stands; each thing is read once.

    Args:
        factory: Store, profile and edit types.
        finished: When each partition was finished, by its id; None reads it where it is asked for.
        shard: The only one that is asked about; empty for any.
    """

    def __init__(
        self, factory: Factory, finished: Mapping[str, str] | None = None, *, shard: str = ""
    ) -> None:
        self._factory, self._store = factory, factory.store
        self._finished, self._shard = finished, shard
        self._recipes: dict[tuple[str, ...], str] = {}

    def of(self, place: Partition, stage: type[AnyStage], recipe_id: Callable[[], str]) -> str:
        """The hash of what a partition is made from now.

        Empty for the benchmark's, which rest on files of their own as well and are few.

        Args:
            place: The partition.
            stage: What makes it.
            recipe_id: The id of its recipe; asked for once for all shards.

        Raises:
            ImgEditError: The recipe cannot be told.
        """
        axes, keys = stage.record.AXES, place.key.split("|")
        if "shard" not in axes:
            return ""
        kind = (place.asset, *keys[: axes.index("shard")])
        if kind not in self._recipes:
            self._recipes[kind] = recipe_id()
        said = [self._factory.settings_hash, self._recipes[kind]]
        if stage.items:
            said.append(self._items.get((keys[-1], stage.items), ""))
        if stage.hears:
            said.append(self._said)
        above = ["|".join((table, *(keys[i] for i in at))) for table, at in _above(place.asset)]
        finished = self._read(above) if self._finished is None else self._finished
        return digest(*said, *(finished.get(head, "") for head in above))

    @cached_property
    def _said(self) -> str:
        marks = sorted(mark.id for mark in active(self._store))
        return digest(*marks, *map(repr, sorted(decided(self._store).items())))

    @cached_property
    def _items(self) -> dict[tuple[str, str], str]:
        columns = ["shard", "kind", "ordinal", "id", "stamp"]
        where = f"shard = {quoted(self._shard)}" if self._shard else None
        asked = Selection(record=SourceItemRow, columns=columns, where=where)
        (frame,) = self._store.frames([asked])
        parts = frame.sort("ordinal", "id").partition_by("shard", "kind", as_dict=True)
        return {
            (str(shard), str(kind)): digest(*some["id"], *some["stamp"])
            for (shard, kind), some in parts.items()
        }

    def _read(self, heads: list[str]) -> dict[str, str]:
        if not heads:
            return {}
        where = one_of("id", heads)
        asked = Selection(record=Head, columns=["id", "run_id", "finished_at"], where=where)
        return {head: f"{run} {at}" for head, run, at in self._store.frames([asked])[0].iter_rows()}


def origin_of(stage: AnyStage) -> str:
    """The hash of what a stage's partition is made from now; see `Origins.of`."""
    origins = Origins(stage.factory, shard=stage.partition.shard)
    return origins.of(stage.partition, type(stage), lambda: stage.recipe.id)


@cache
def _above(asset: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The assets above one, and where in its key the keys of each are."""
    record = ASSET_ROWS[asset]
    return tuple(
        (row.TABLE, tuple(record.AXES.index(axis) for axis in row.AXES)) for row in ancestry(record)
    )
