"""Records as Arrow tables; the Arrow schema of a table follows from its record's fields."""

from collections.abc import Sequence
from dataclasses import fields
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from resources.schema import VECTOR_WIDTH, Record, StoredVector

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

R = TypeVar("R", bound=Record)

_HALF = np.dtype("<f2")


def arrow_schema(record: type[Record]) -> "pa.Schema":
    """The Arrow schema of a table."""
    if record not in _SCHEMAS:
        _SCHEMAS[record] = _schema(record)
    return _SCHEMAS[record]


_SCHEMAS: "dict[type[Record], pa.Schema]" = {}


def _schema(record: type[Record]) -> "pa.Schema":
    import pyarrow as pa

    scalars: dict[Any, pa.DataType] = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bytes: pa.large_binary(),
        StoredVector: pa.list_(pa.float16(), VECTOR_WIDTH),
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


def vector_columns(record: type[Record]) -> list[str]:
    """The columns that hold vectors."""
    return _vectors_of(arrow_schema(record))


def _vectors_of(schema: "pa.Schema") -> list[str]:
    return [column.name for column in schema if str(column.type).startswith("fixed_size_list")]


def to_arrow(record: type[R], rows: Sequence[R]) -> "pa.Table":
    """Rows as an Arrow table of the record's schema."""
    import pyarrow as pa

    schema = arrow_schema(record)
    columns: dict[str, Any] = {n: [getattr(row, n) for row in rows] for n in schema.names}
    for name in _vectors_of(schema):
        numbers = np.frombuffer(b"".join(columns[name]), _HALF)
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(numbers), VECTOR_WIDTH)
    return pa.table(columns, schema=schema)


def from_arrow(record: type[R], table: "pa.Table") -> list[R]:
    """The rows of an Arrow table that has every column of the record."""
    schema = arrow_schema(record)
    lists = [c.name for c in schema if str(c.type).startswith("list")]
    vectors = {name: _stored_vectors(table[name]) for name in _vectors_of(schema)}
    plain = [name for name in schema.names if name not in vectors]
    rows = []
    for number, values in enumerate(table.select(plain).to_pylist()):
        for name in lists:
            values[name] = tuple(values[name])
        values |= {name: of[number] for name, of in vectors.items()}
        rows.append(record(**values))
    return rows


def _stored_vectors(column: "pa.ChunkedArray") -> list[StoredVector]:
    """A thousand numbers of each row as Python's own would take 100 times the memory."""
    numbers = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    table = numbers.astype(_HALF, copy=False).reshape(-1, VECTOR_WIDTH)
    return [StoredVector(row.tobytes()) for row in table]


def as_frame(record: type[R], rows: Sequence[R]) -> "pl.DataFrame":
    """Rows as a Polars frame of the record's schema."""
    import polars as pl

    frame = pl.from_arrow(to_arrow(record, rows))
    assert isinstance(frame, pl.DataFrame)
    return frame
