"""Tables for a person to read."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from benchmark.agreement import Proportion
from imgedit_assets.tally import ACCEPTED, PAIRS, AssetTally, Tally
from resources.doctor import Finding

SHARD_COLUMNS = ("source_images", "filtered_images", "editable_regions", PAIRS, ACCEPTED)
"""What fits beside a shard's name; `imgedit status --json` has all."""


def asset_table(
    tally: Tally,
    *,
    seconds: Mapping[str, float] | None = None,
    computed: Mapping[str, int] | None = None,
) -> Table:
    """Rows and rejects of each asset; with what a run did, where that is given."""
    table = _table("Assets", "asset")
    table.add_column("rows", justify="right")
    table.add_column("partitions", justify="right")
    if computed is not None:
        table.add_column("done now", justify="right")
    if seconds is not None:
        table.add_column("seconds", justify="right")
    table.add_column("rejects by reason", overflow="fold")
    for asset, counts in tally.assets.items():
        if not counts.partitions:
            continue
        cells = [asset, f"{counts.rows:,}", f"{counts.partitions:,}"]
        if computed is not None:
            cells.append(f"{computed.get(asset, 0):,}")
        if seconds is not None:
            cells.append(f"{seconds.get(asset, 0.0):.1f}")
        table.add_row(*cells, _reasons(counts))
    return table


def edit_type_table(tally: Tally) -> Table:
    """Pairs and accepted pairs of each edit type."""
    table = _table("Edit types", "edit type")
    for name in ("pairs", "accepted", "accept rate", "95 % interval"):
        table.add_column(name, justify="right")
    for edit_type, rows in tally.by_edit_type.items():
        share = tally.accepted(edit_type)
        counts = (f"{rows.get(name, 0):,}" for name in (PAIRS, ACCEPTED))
        table.add_row(edit_type, *counts, *_percent(share))
    table.add_section()
    total = tally.all_accepted
    table.add_row("all", f"{total.n:,}", f"{total.hits:,}", *_percent(total))
    return table


def shard_table(tally: Tally) -> Table:
    """Rows of the main assets in each shard."""
    table = _table("Shards", "shard")
    for asset in SHARD_COLUMNS:
        table.add_column(asset.replace("_", "\n"), justify="right")
    for shard, rows in tally.by_shard.items():
        table.add_row(shard, *(f"{rows.get(asset, 0):,}" for asset in SHARD_COLUMNS))
    return table


def _table(title: str, *names: str) -> Table:
    """An empty table whose first columns name things and so are never cut."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    for name in names:
        table.add_column(name, no_wrap=True)
    return table


def _reasons(counts: AssetTally) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in counts.rejects.items())


def _percent(share: Proportion) -> tuple[str, str]:
    if not share.n:
        return "-", "-"
    return f"{share.value:.0%}", f"{share.low:.0%} to {share.high:.0%}"


def figure_table(figures: Mapping[str, Mapping[str, float | None]]) -> Table:
    """One line for each figure."""
    table = _table("Figures", "asset", "figure")
    table.add_column("value", justify="right")
    for asset, values in figures.items():
        for i, (name, value) in enumerate(values.items()):
            table.add_row(asset if i == 0 else "", name, "-" if value is None else f"{value:,.4g}")
        table.add_section()
    return table


def finding_table(findings: Sequence[Finding]) -> Table:
    """One line for each thing that was looked at."""
    table = _table("Doctor", "", "what")
    table.add_column("found", overflow="fold")
    table.add_column("remedy", overflow="fold")
    for finding in findings:
        mark = "[bad]missing[/]" if finding.is_missing else "[good]ok[/]" if finding.ok else "-"
        table.add_row(mark, escape(finding.name), escape(finding.detail), escape(finding.remedy))
    return table
