"""The columns of a record, as the page of its asset shows them."""

from dataclasses import fields
from typing import Any

import dagster as dg

from resources.schema import Row, StoredVector

TYPES: dict[Any, str] = {
    str: "string",
    int: "int",
    float: "float",
    float | None: "float or empty",
    int | None: "int or empty",
    tuple[str, ...]: "list of strings",
    StoredVector: "vector",
}


def column_schema(record: type[Row]) -> dg.TableSchema:
    """Each column with its type."""
    return dg.TableSchema(
        [dg.TableColumn(column.name, TYPES[column.type]) for column in fields(record)]
    )
