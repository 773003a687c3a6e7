"""Which row an id stands for, whole or by its beginning."""

import re
from collections.abc import Sequence
from typing import TypeVar

from models.faults import ImgEditError
from resources.filters import quoted
from resources.nodes import Node, NodeRow
from resources.recipes import ID_HEX_CHARS
from resources.schema import Record, Version
from resources.store import Selection, Store

R = TypeVar("R", bound=Record)

_ID_START = re.compile(rf"[0-9a-f]{{4,{ID_HEX_CHARS}}}")


class LineageError(ImgEditError):
    """An id stands for no row, or for several."""


def full_id(store: Store, records: Sequence[type[R]], start: str) -> tuple[type[R], str]:
    """The table and the whole of the one id that begins so.

    Raises:
        LineageError: None does, or several do.
    """
    if not _ID_START.fullmatch(start):
        msg = (
            f"{start!r} is no id: ids are {ID_HEX_CHARS} hexadecimal digits, of which 4 or more "
            "may be given"
        )
        raise LineageError(msg)
    where = f"id = {quoted(start)}" if len(start) == ID_HEX_CHARS else f"id LIKE '{start}%'"
    frames = store.frames([Selection(record=r, columns=["id"], where=where) for r in records])
    found = {i: r for r, frame in zip(records, frames, strict=True) for i in frame["id"]}
    if not found:
        msg = f"nothing in {store.uri} has an id that begins with {start}"
        raise LineageError(msg)
    if len(found) > 1:
        some = ", ".join(sorted(found)[:3])
        msg = f"{len(found)} ids begin with {start} ({some}, ...): give more digits"
        raise LineageError(msg)
    ((row_id, record),) = found.items()
    return record, row_id


def node_named(store: Store, start: str) -> Node:
    """The row of an id, as its lineage tells it; of a version, the row that it was made for.

    Args:
        store: Where to look.
        start: The id of a row or a version, or a unique beginning of it.

    Raises:
        LineageError: No row or version has this id, or several ids begin so.
    """
    nodes = nodes_of(store, [start])
    if start not in nodes:
        record, found = full_id(store, (NodeRow, Version), start)
        if record is Version:
            found = store.by_ids(Version, [found])[found].row_id
        nodes = nodes_of(store, [start := found])
    if start not in nodes:
        msg = f"nothing is known of {start}, which a version of that beginning was made for"
        raise LineageError(msg)
    return nodes[start]


def nodes_of(store: Store, ids: Sequence[str]) -> dict[str, Node]:
    """Rows as their lineage tells them, by id; ids of no row are left out."""
    return {i: Node.from_row(row) for i, row in store.by_ids(NodeRow, ids).items()}
