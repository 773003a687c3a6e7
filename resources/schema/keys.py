"""What ids and partitions tell of the assets they belong to."""

from typing import TYPE_CHECKING

from resources.recipes import table_tag
from resources.schema.rows import ASSET_ROWS, Row

if TYPE_CHECKING:
    import polars as pl


def tagged_records(row_id: str) -> list[type[Row]]:
    """The records that a row of this id, or one that begins so, may be: those of its tag."""
    return [record for record in ASSET_ROWS.values() if row_id.startswith(table_tag(record.TABLE))]


def key_on(axis: str) -> "pl.Expr":
    """The key on an axis of rows with `asset` and `partition`; empty for assets without it."""
    import polars as pl

    key = pl.lit("")
    for axes in {record.AXES for record in ASSET_ROWS.values() if axis in record.AXES}:
        assets = [table for table, record in ASSET_ROWS.items() if axes == record.AXES]
        parts = pl.col("partition").str.splitn("|", len(axes)).struct
        part = parts.field(f"field_{axes.index(axis)}")
        key = pl.when(pl.col("asset").is_in(assets)).then(part).otherwise(key)
    return key.alias(axis)
