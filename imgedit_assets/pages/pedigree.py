"""A lineage as a drawing: the source at the left, the row that was asked for at the right."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from imgedit_assets.sample.lineage import Ancestor
from resources.schema import ASSET_ROWS, BoxRow, Dialogue, Instruction

STEP_PX, ROW_PX, BOX_PX = 176, 168, 140
"""From column to column, from row to row, and the side of a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A row of the lineage where it is drawn."""

    row: Ancestor
    x: int
    y: int
    """Of its upper left corner, in px."""
    picture: str
    """The path of its picture; empty where it has none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pedigree:
    """The drawing."""

    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int, int, int], ...]
    """From a parent's right side to its child's left: x, y, x, y."""
    width: int
    height: int


def pedigree(row: Ancestor) -> Pedigree:
    """Where to draw a row and its ancestors, each once, every parent left of its children."""
    depths = _depths(row)
    deepest = max(depths.values())
    columns: dict[int, list[Ancestor]] = defaultdict(list)
    for one in row.walk():
        columns[deepest - depths[one.id]].append(one)
    tallest = max(map(len, columns.values()))
    boxes = {
        one.id: Box(
            row=one,
            x=column * STEP_PX,
            y=ROW_PX * place + (tallest - len(rows)) * ROW_PX // 2,
            picture=_picture(one),
        )
        for column, rows in columns.items()
        for place, one in enumerate(rows)
    }
    middle = BOX_PX // 2
    edges = {
        (boxes[p.id].x + BOX_PX, boxes[p.id].y + middle, box.x, box.y + middle)
        for box in boxes.values()
        for p in box.row.parents
    }
    return Pedigree(
        boxes=tuple(boxes.values()),
        edges=tuple(sorted(edges)),
        width=deepest * STEP_PX + BOX_PX,
        height=(tallest - 1) * ROW_PX + ROW_PX,
    )


def _depths(row: Ancestor) -> Mapping[str, int]:
    """How far each ancestor is at most."""
    found: dict[str, int] = {}

    def visit(one: Ancestor, depth: int) -> None:
        if found.get(one.id, -1) < depth:
            found[one.id] = depth
            for parent in one.parents:
                visit(parent, depth + 1)

    visit(row, 0)
    return found


def _picture(row: Ancestor) -> str:
    columns = row.node.columns
    if issubclass(ASSET_ROWS[row.asset], BoxRow | Instruction | Dialogue):
        return f"/picture/{row.id}"
    version = columns.get("target_version_id") or columns.get("version_id")
    return f"/thumb/160/{version}" if version else ""
