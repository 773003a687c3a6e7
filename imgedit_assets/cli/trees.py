"""A lineage, for a person and for a script."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.tree import Tree

from imgedit_assets.sample.lineage import Ancestor, Verdict
from imgedit_assets.sample.wording import facts, mark_line, recipe_line


def lineage_tree(row: Ancestor) -> Group:
    """The row on top, its parents below; a row met again is only named. Then what it all took."""
    tree = Tree(_label(row), guide_style="quiet")
    _grow(tree, row, set())
    rows = list(row.walk())
    seconds, cost = sum(r.node.seconds for r in rows), sum(r.node.cost_usd for r in rows)
    return Group(tree, f"[quiet]in all[/] {len(rows)} rows, {seconds:.2f} s, {cost:.4f} USD")


def lineage_json(row: Ancestor) -> dict[str, Any]:
    """The row with its parents nested in it."""
    node = row.node
    return {
        "id": row.id,
        "asset": row.asset,
        "partition": node.partition,
        "shard": node.place.shard,
        "edit_type": node.place.edit_type,
        "run_id": node.run_id,
        "recipe_id": node.recipe_id,
        "recipe": row.recipe,
        "seconds": node.seconds,
        "cost_usd": node.cost_usd,
        "columns": node.columns,
        "verdicts": [{"id": v.id, **v.columns} for v in row.verdicts],
        "quarantines": [asdict(mark) for mark in row.marks],
        "missing_parents": list(row.missing),
        "parents": [lineage_json(parent) for parent in row.parents],
    }


def _grow(branch: Tree, row: Ancestor, shown: set[str]) -> None:
    shown.add(row.id)
    for parent in row.parents:
        if parent.id in shown:
            branch.add(f"[bold]{parent.asset}[/] {parent.id} [quiet](as above)[/]")
        else:
            _grow(branch.add(_label(parent)), parent, shown)
    for missing in row.missing:
        branch.add(f"[bad]{missing} is not there any more[/]")


def _label(row: Ancestor) -> str:
    node = row.node
    lines = [
        f"[bold]{row.asset}[/] {row.id}",
        *(f"[bad]{escape(mark_line(mark))}[/]" for mark in row.marks),
        f"[quiet]partition[/] {escape(node.partition)} [quiet]| run[/] {node.run_id} "
        f"[quiet]|[/] {node.seconds:.2f} s, {node.cost_usd:.4f} USD",
        f"[quiet]recipe[/] {node.recipe_id} {escape(recipe_line(row.recipe))}",
        _facts(node.columns),
        *(_verdict(verdict) for verdict in row.verdicts),
    ]
    return "\n".join(line for line in lines if line)


def _facts(columns: Mapping[str, Any]) -> str:
    return " [quiet]|[/] ".join(f"[quiet]{name}[/] {escape(text)}" for name, text in facts(columns))


def _verdict(verdict: Verdict) -> str:
    return f"[quiet]scored as[/] {verdict.id} [quiet]|[/] {_facts(verdict.columns)}"
