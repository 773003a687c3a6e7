"""What every row is: its id, its partition, and what it was made from."""

from dataclasses import dataclass
from typing import ClassVar, Self

from resources.filters import quoted

ASSET_ROWS: "dict[str, type[Row]]" = {}
"""The assets that hold rows, as declared, each after those that its rows' parents stand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Anything a table holds: it has an id and knows its table."""

    TABLE: ClassVar[str]

    id: str


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one asset."""

    asset: str
    key: str = ""
    """As Dagster has it: the keys of the record's axes, joined by `|`; empty for one without."""

    @classmethod
    def of(cls, record: "type[Row]", **keys: str) -> Self:
        """The partition of an asset at some keys, by axis.

        Raises:
            KeyError: An axis of the record is not given.
        """
        return cls(record.TABLE, "|".join(keys[axis] for axis in record.AXES))

    @property
    def keys(self) -> dict[str, str]:
        """The key on each axis."""
        axes = ASSET_ROWS[self.asset].AXES
        return dict(zip(axes, self.key.split("|", len(axes) - 1), strict=True)) if axes else {}

    @property
    def shard(self) -> str:
        """Its shard; empty for an asset that has none."""
        return self.keys.get("shard", "")

    @property
    def edit_type(self) -> str:
        """Its edit type; empty for an asset that has none."""
        return self.keys.get("edit_type", "")

    @property
    def id(self) -> str:
        """The id of its head."""
        return f"{self.asset}|{self.key}"

    @property
    def where(self) -> str:
        """The filter that selects its rows in a table of several assets."""
        return f"asset = {quoted(self.asset)} AND partition = {quoted(self.key)}"

    @property
    def where_rows(self) -> str:
        """The filter that selects its rows in the asset's own table."""
        return " AND ".join(f"{axis} = {quoted(key)}" for axis, key in self.keys.items()) or "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed(Record):
    """What belongs to one partition of one asset, in a table of all assets."""

    asset: str
    partition: str
    """Its key, as Dagster has it."""

    @property
    def place(self) -> Partition:
        """The partition."""
        return Partition(self.asset, self.partition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Record):
    """A row of an asset. `id` is the hash of its parents and its recipe's content."""

    AXES: ClassVar[tuple[str, ...]] = ()
    """What its asset is partitioned by, each a column: in the alphabet's order, as Dagster's keys
    of several axes are."""
    PARENTS: ClassVar[tuple[str, ...]] = ()
    """The tables that its parents stand in. The order of the graph follows from them."""
    VERSION: ClassVar[str] = "1"
    """Raised by hand when the code of its stage makes other rows of the same answers."""

    parent_ids: tuple[str, ...]
    recipe_id: str
    run_id: str
    seconds: float = 0.0
    """Compute that its unit of work took, shared among the rows of the unit."""
    cost_usd: float = 0.0
    """What was billed for it, shared likewise."""

    @property
    def place(self) -> Partition:
        """The partition that it stands in."""
        return Partition.of(type(self), **{axis: getattr(self, axis) for axis in self.AXES})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardRow(Row):
    """A row of an asset by shard."""

    AXES: ClassVar[tuple[str, ...]] = ("shard",)

    shard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditRow(ShardRow):
    """A row of an asset by edit type and shard."""

    AXES: ClassVar[tuple[str, ...]] = ("edit_type", "shard")

    edit_type: str
