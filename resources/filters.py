"""The filter language of the tables: SQL's, for what stands in a `where`."""

from collections.abc import Iterable


def quoted(text: str) -> str:
    """A string literal of the filter language."""
    return "'" + text.replace("'", "''") + "'"


def one_of(column: str, values: Iterable[str]) -> str:
    """A filter for any of some values."""
    return f"{column} IN ({', '.join(quoted(v) for v in values)})"
