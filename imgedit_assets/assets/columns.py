"""The columns of a record, as the page of its asset shows them."""

from dataclasses import fields
from typing import Any

import dagster as dg

from resources.schema import Row, StoredVector

TYPES: dict[Any, str] = {
    str: "string",
    int: "int",
    float: "float",
    float | None: "float",
    tuple[str, ...]: "list of strings",
    StoredVector: "vector",
}


def column_schema(record: type[Row]) -> dg.TableSchema:
    """Each column with its type, and whether it may be empty."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                TYPES[column.type],
                constraints=dg.TableColumnConstraints(nullable=column.type == float | None),
            )
            for column in fields(record)
        ]
    )
