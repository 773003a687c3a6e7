"""What came out of a row, for a person and for a script."""

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from imgedit_assets.descent import Descent, Holding

FIRST_IDS = 3


def descent_view(found: Descent, *, every: bool) -> Group:
    """Tables of rows by asset and edit type, of rejects by reason, and of collections."""
    top = f"[bold]{found.node.asset}[/] {found.node.id}"
    parts: list[RenderableType] = [top, _rows(found, every=every)]
    if not found.rejects.is_empty():
        parts.append(_rejects(found))
    parts.append(holding_table(found.holdings) if found.holdings else "No release holds any of it.")
    return Group(*parts)


def descent_json(found: Descent, *, every: bool) -> dict[str, Any]:
    """The same for a script."""
    return {
        "id": found.node.id,
        "asset": found.node.asset,
        "rows": [
            {
                "asset": g.asset,
                "edit_type": g.edit_type,
                "rows": len(g.ids),
                "ids": list(_some(g.ids, every)),
            }
            for g in found.groups()
        ],
        "rejects": [asdict(group) for group in found.reject_groups()],
        "collections": [asdict(holding) for holding in found.holdings],
    }


def holding_table(holdings: tuple[Holding, ...], title: str = "Held by") -> Table:
    """One line for each collection."""
    table = _table(title, "kind", "name")
    table.add_column("rows", justify="right")
    table.add_column("where", overflow="fold")
    for holding in holdings:
        rows = f"{holding.rows:,}" if holding.rows else "through what it is made from"
        where = holding.path if holding.is_there else f"{holding.path} (its files are gone)"
        table.add_row(holding.kind, escape(holding.name), rows, escape(where))
    return table


def _rows(found: Descent, *, every: bool) -> RenderableType:
    groups = found.groups()
    if not groups:
        return "Nothing was made from it."
    table = _table("Made from it", "asset", "edit type")
    table.add_column("rows", justify="right")
    table.add_column("ids", overflow="fold")
    for group in groups:
        some = _some(group.ids, every)
        more = ", …" if len(some) < len(group.ids) else ""
        table.add_row(
            group.asset, escape(group.edit_type), f"{len(group.ids):,}", ", ".join(some) + more
        )
    return table


def _rejects(found: Descent) -> Table:
    table = _table("Made no further", "asset", "edit type", "reason")
    table.add_column("rows", justify="right")
    table.add_column("such as", overflow="fold")
    for group in found.reject_groups():
        table.add_row(
            group.asset,
            escape(group.edit_type),
            group.reason,
            f"{group.rows:,}",
            escape(group.detail),
        )
    return table


def _some(ids: tuple[str, ...], every: bool) -> tuple[str, ...]:
    return ids if every else ids[:FIRST_IDS]


def _table(title: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    for name in names:
        table.add_column(name, no_wrap=True)
    return table
