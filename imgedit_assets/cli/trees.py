"""A lineage, for a person and for a script."""

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from imgedit_assets.lineage import Ancestor


def lineage_tree(row: Ancestor) -> Tree:
    """The row on top, its parents below; a row met again is only named."""
    tree = Tree(_label(row), guide_style="quiet")
    _grow(tree, row, set())
    return tree


def lineage_json(row: Ancestor) -> dict[str, Any]:
    """The row with its parents nested in it."""
    return {
        "id": row.id,
        "asset": row.asset,
        "partition": row.partition,
        "shard": row.shard,
        "edit_type": row.edit_type,
        "run_id": row.run_id,
        "recipe_id": row.recipe_id,
        "recipe": row.recipe,
        "columns": row.columns,
        "parents": [lineage_json(parent) for parent in row.parents],
    }


def _grow(branch: Tree, row: Ancestor, shown: set[str]) -> None:
    shown.add(row.id)
    for parent in row.parents:
        if parent.id in shown:
            branch.add(f"[bold]{parent.asset}[/] {parent.id} [quiet](as above)[/]")
        else:
            _grow(branch.add(_label(parent)), parent, shown)


def _label(row: Ancestor) -> str:
    made = " ".join(str(row.recipe.get(k, "")) for k in ("stage", "version", "backend")).strip()
    facts = " [quiet]|[/] ".join(
        f"[quiet]{name}[/] {escape(_short(value))}" for name, value in row.columns.items()
    )
    return "\n".join(
        (
            f"[bold]{row.asset}[/] {row.id}",
            f"[quiet]partition[/] {escape(row.partition)} [quiet]| run[/] {row.run_id}",
            f"[quiet]recipe[/] {row.recipe_id} {escape(made)}",
            facts,
        )
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
