"""One sample's lineage as a Markdown page with pictures, for Dagster's UI."""

from collections.abc import Iterator, Sequence
from typing import Any

from imgedit_assets.sample.descent import Descent, descent
from imgedit_assets.sample.lineage import Ancestor, lineage
from imgedit_assets.sample.links import partition_url, run_url, trace_link
from imgedit_assets.sample.pictures import Panel, data_uri, strips
from imgedit_assets.sample.wording import facts, mark_line, recipe_line
from resources.markdown import plain
from resources.store import Store

SCORES = ("score", "adherence", "quality", "preservation", "dialogue_score", "oracle_failure")
HEADED = ("instruction", "instructions", "premise", "reason", *SCORES)
"""Columns that stand at the top of the page, and so not again in the tree's first entry."""

INDENT = "    "


def trace(store: Store, row_id: str) -> str:
    """A row with its pictures, its scores, where it came from, and what came out of it.

    Args:
        store: Where to look.
        row_id: The row's id or a unique beginning of it; of a version, its row is taken.

    Returns:
        Markdown of less than 400 KB, the pictures in it as data URIs.

    Raises:
        LineageError: No row has this id, or several ids begin so.
    """
    row = lineage(store, row_id)
    parts = [
        f"## {row.asset} `{row.id}`",
        *(f"**{plain(mark_line(mark))}**" for each in row.walk() for mark in each.marks),
        *_commands(row),
        *_sayings(row),
        *_pictures(store, row),
        *_scores(row),
        "### Where it came from",
        "\n".join(_entries(row, 0, set())),
        "### What came out of it",
        _outcome(descent(store, row.id)),
    ]
    return "\n\n".join(part for part in parts if part)


def _commands(row: Ancestor) -> Iterator[str]:
    """How to take the row out, or to let out of quarantine what is in it."""
    marks = [mark for each in row.walk() for mark in each.marks]
    for mark in marks:
        yield f"To end the quarantine: `imgedit quarantine --undo {mark.id}`"
    if not marks:
        whole = "leaderboard" if row.asset.startswith("benchmark_") else "release"
        yield f'To leave it out of the next {whole}: `imgedit quarantine {row.id} --why "…"`'


def _sayings(row: Ancestor) -> Iterator[str]:
    """What was asked for, in words; of a dialogue, every turn."""
    columns = row.node.columns
    if "instruction" in columns:
        turns = (
            f"turn {columns['turn']} of {columns['turns']}: " if columns.get("turns", 1) > 1 else ""
        )
        yield f"{turns}**{plain(columns['instruction'])}**"
    for number, words in enumerate(columns.get("instructions", ()), start=1):
        yield f"{number}. **{plain(words)}**"


def _pictures(store: Store, row: Ancestor) -> Iterator[str]:
    """A table of pictures for each line of them."""
    found = store.find(row.id)
    if found is None:
        yield "The row is not there any more, and its pictures with it."
        return
    lines = list(strips(store, found))
    shown = sum(panel.image is not None for line in lines for panel in line.panels)
    for line in lines:
        yield plain(line.title)
        pictures = [_picture(panel, shown) for panel in line.panels]
        yield _table([panel.caption for panel in line.panels], [pictures])


def _picture(panel: Panel, shown: int) -> str:
    if panel.image is None:
        return "not there any more"
    return f"![{panel.caption}]({data_uri(panel.image, pictures=shown)})"


def _scores(row: Ancestor) -> Iterator[str]:
    """The scores of the row, or what judges say of it, with their reasons."""
    own = row.node.columns if "score" in row.node.columns and "reason" in row.node.columns else None
    verdicts: list[Any] = [own] if own else [verdict.columns for verdict in row.verdicts]
    for columns in verdicts:
        names = [name for name in SCORES if columns.get(name) is not None]
        yield _table([n.replace("_", " ") for n in names], [[f"{columns[n]:.2f}" for n in names]])
        yield f"Reason: {plain(columns['reason'])}"


def _entries(row: Ancestor, depth: int, shown: set[str]) -> Iterator[str]:
    """A row and its ancestors as nested list entries; a row met again is only named."""
    node = row.node
    if row.id in shown:
        yield f"{INDENT * depth}- **{row.asset}** `{row.id}` (as above)"
        return
    shown.add(row.id)
    run = f", [run {node.run_id[:8]}]({run_url(node.run_id)})" if node.run_id else ""
    place = f"[{plain(node.partition)}]({partition_url(row.asset, node.partition)})"
    took = f"{node.seconds:.2f} s, {node.cost_usd:.4f} USD"
    name = trace_link(row.id) if depth else f"`{row.id}`"
    yield f"{INDENT * depth}- **{row.asset}** {name}, partition {place}{run}, {took}"
    left_out = () if depth else HEADED
    told = [f"{n} {plain(t)}" for n, t in facts(node.columns) if n not in left_out]
    marks = [f"**{plain(mark_line(mark))}**" for mark in row.marks]
    recipe = f"recipe `{node.recipe_id}`: {plain(recipe_line(row.recipe))}"
    for line in (*marks, recipe, ", ".join(told)):
        if line:
            yield f"{INDENT * (depth + 1)}- {line}"
    for parent in row.parents:
        yield from _entries(parent, depth + 1, shown)
    for missing in row.missing:
        yield f"{INDENT * (depth + 1)}- `{missing}` is not there any more"


def _outcome(found: Descent) -> str:
    """What was made of the row, what was rejected, and who holds it."""
    groups = found.groups()
    made = [[g.asset, plain(g.edit_type), f"{len(g.ids):,}", trace_link(g.ids[0])] for g in groups]
    rejects = [
        [g.asset, plain(g.edit_type), g.reason, f"{g.rows:,}", plain(g.detail)]
        for g in found.reject_groups()
    ]
    held = [[h.kind, plain(h.name), f"{h.rows:,}", plain(h.path)] for h in found.holdings]
    parts = (
        _table(["asset", "edit type", "rows", "such as"], made) or "Nothing was made from it.",
        _table(["rejected by", "edit type", "reason", "rows", "such as"], rejects),
        _table(["held by", "name", "rows", "where"], held) or "No release holds any of it.",
    )
    return "\n\n".join(part for part in parts if part)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; empty where it would have no rows."""
    if not rows:
        return ""
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
