"""What came out of a row, for a person and for a script."""

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from imgedit_assets.cli.terminal import table
from imgedit_assets.sample.descent import Descent, Holding

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
    made = table(title, "kind", "name", numbers=["rows"], folded=["where"])
    for holding in holdings:
        rows = f"{holding.rows:,}" if holding.rows else "through what it is made from"
        where = holding.path if holding.is_there else f"{holding.path} (its files are gone)"
        made.add_row(holding.kind, escape(holding.name), rows, escape(where))
    return made


def _rows(found: Descent, *, every: bool) -> RenderableType:
    groups = found.groups()
    if not groups:
        return "Nothing was made from it."
    made = table("Made from it", "asset", "edit type", numbers=["rows"], folded=["ids"])
    for group in groups:
        some = _some(group.ids, every)
        more = ", …" if len(some) < len(group.ids) else ""
        made.add_row(
            group.asset, escape(group.edit_type), f"{len(group.ids):,}", ", ".join(some) + more
        )
    return made


def _rejects(found: Descent) -> Table:
    names = ("asset", "edit type", "reason")
    made = table("Made no further", *names, numbers=["rows"], folded=["such as"])
    for group in found.reject_groups():
        cells = (group.asset, escape(group.edit_type), group.reason, f"{group.rows:,}")
        made.add_row(*cells, escape(group.detail))
    return made


def _some(ids: tuple[str, ...], every: bool) -> tuple[str, ...]:
    return ids if every else ids[:FIRST_IDS]
