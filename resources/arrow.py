"""Records as Arrow tables; the Arrow schema of a table follows from its record's fields."""

from collections.abc import Sequence
from dataclasses import fields
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

from resources.schema import Record

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

R = TypeVar("R", bound=Record)


def arrow_schema(record: type[Record]) -> "pa.Schema":
    """The Arrow schema of a table."""
    import pyarrow as pa

    scalars: dict[Any, pa.DataType] = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bytes: pa.large_binary(),
    }
    hints = get_type_hints(record)
    columns = []
    for column in fields(record):
        hint = hints[column.name]
        nullable = get_origin(hint) is UnionType
        if nullable:
            (hint,) = (a for a in get_args(hint) if a is not NoneType)
        kind = pa.list_(pa.string()) if get_origin(hint) is tuple else scalars[hint]
        columns.append(pa.field(column.name, kind, nullable=nullable))
    return pa.schema(columns)


def to_arrow(record: type[R], rows: Sequence[R]) -> "pa.Table":
    """Rows as an Arrow table of the record's schema."""
    import pyarrow as pa

    schema = arrow_schema(record)
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    return pa.table(columns, schema=schema)


def from_arrow(record: type[R], table: "pa.Table") -> list[R]:
    """The rows of an Arrow table that has every column of the record."""
    schema = arrow_schema(record)
    lists = [c.name for c in schema if str(c.type).startswith("list")]
    rows = []
    for values in table.select(schema.names).to_pylist():
        for name in lists:
            values[name] = tuple(values[name])
        rows.append(record(**values))
    return rows


def as_frame(record: type[R], rows: Sequence[R]) -> "pl.DataFrame":
    """Rows as a Polars frame of the record's schema."""
    import polars as pl

    frame = pl.from_arrow(to_arrow(record, rows))
    assert isinstance(frame, pl.DataFrame)
    return frame
