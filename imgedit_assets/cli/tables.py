"""Tables for a person to read."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from benchmark.agreement import Proportion
from imgedit_assets.cli.terminal import out, table
from imgedit_assets.tally import ACCEPTED, PAIRS, AssetTally, Tally
from resources.schema import BenchmarkScore

if TYPE_CHECKING:
    from resources.doctor import Finding
    from resources.home import Home
    from resources.profile_benchmark import BenchmarkSettings
    from resources.store import Store

SHARD_COLUMNS = ("source_images", "filtered_images", "editable_regions", PAIRS, ACCEPTED)
"""What fits beside a shard's name; `imgedit status --json` has all."""


def asset_table(
    tally: Tally,
    *,
    seconds: Mapping[str, float] | None = None,
    computed: Mapping[str, int] | None = None,
) -> Table:
    """Rows and rejects of each asset; with what a run did, where that is given."""
    counted = ["rows", "partitions"]
    counted += ["done now"] * (computed is not None) + ["seconds"] * (seconds is not None)
    made = table("Assets", "asset", numbers=counted, folded=["rejects by reason"])
    for asset, counts in tally.assets.items():
        if not counts.partitions:
            continue
        cells = [asset, f"{counts.rows:,}", f"{counts.partitions:,}"]
        if computed is not None:
            cells.append(f"{computed.get(asset, 0):,}")
        if seconds is not None:
            cells.append(f"{seconds.get(asset, 0.0):.1f}")
        made.add_row(*cells, _reasons(counts))
    return made


def edit_type_table(tally: Tally) -> Table:
    """Pairs and accepted pairs of each edit type."""
    numbers = ("pairs", "accepted", "accept rate", "95 % interval")
    made = table("Edit types", "edit type", numbers=numbers)
    for edit_type, rows in tally.by_edit_type.items():
        share = tally.accepted(edit_type)
        counts = (f"{rows.get(name, 0):,}" for name in (PAIRS, ACCEPTED))
        made.add_row(edit_type, *counts, *_percent(share))
    made.add_section()
    total = tally.all_accepted
    made.add_row("all", f"{total.n:,}", f"{total.hits:,}", *_percent(total))
    return made


def shard_table(tally: Tally) -> Table:
    """Rows of the main assets in each shard."""
    made = table("Shards", "shard", numbers=[a.replace("_", "\n") for a in SHARD_COLUMNS])
    for shard, rows in tally.by_shard.items():
        made.add_row(shard, *(f"{rows.get(asset, 0):,}" for asset in SHARD_COLUMNS))
    return made


def _reasons(counts: AssetTally) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in counts.rejects.items())


def _percent(share: Proportion) -> tuple[str, str]:
    if not share.n:
        return "-", "-"
    return f"{share.value:.0%}", f"{share.low:.0%} to {share.high:.0%}"


def show_leaderboard(store: "Store", settings: "BenchmarkSettings") -> None:
    """The mean of each editor on each suite, and who judged; nothing without any verdict."""
    if not store.heads(BenchmarkScore.TABLE):
        return
    from imgedit_assets.editing.board import missing_lines
    from imgedit_assets.leaderboard import judged_by, standings, table_of

    if not (found := standings(store, settings)):
        return
    heading, *lines = table_of(found)
    made = table("Leaderboard", heading[0], folded=heading[1:])
    for line in lines:
        made.add_row(*line)
    out().print(made)
    out().print(judged_by(found), markup=False)
    for missing in missing_lines(store.home, settings):
        out().print(missing, markup=False)


def show_agreement(home: "Home", variants: Sequence[str]) -> None:
    """How far trained judges agree with the truth on held-out sources; nothing before the first."""
    from imgedit_assets.judging.agreement_report import agreement_of

    made = table("Judges, on held-out sources", "judge", "set", numbers=["Spearman", "within 1"])
    for variant in variants:
        figures = agreement_of(home, variant)
        for name in (n for n in figures if n.startswith("within_one_") and f"{n}_n" in figures):
            judge, _, of = name.removeprefix("within_one_").rpartition("_")
            rho = figures.get(f"spearman_{judge}_{of}")
            said = "-" if rho is None else f"{rho:.2f}"
            made.add_row(judge, of, said, f"{figures[name]:.0%} of {figures[f'{name}_n']:.0f}")
    if made.row_count:
        out().print(made)


def figure_table(figures: Mapping[str, Mapping[str, float | None]]) -> Table:
    """One line for each figure."""
    made = table("Figures", "asset", "figure", numbers=["value"])
    for asset, values in figures.items():
        for i, (name, value) in enumerate(values.items()):
            made.add_row(asset if i == 0 else "", name, "-" if value is None else f"{value:,.4g}")
        made.add_section()
    return made


def finding_table(findings: "Sequence[Finding]") -> Table:
    """One line for each thing that was looked at."""
    made = table("Doctor", "", "what", folded=["found", "remedy"])
    for finding in findings:
        mark = "[bad]missing[/]" if finding.is_missing else "[good]ok[/]" if finding.ok else "-"
        made.add_row(mark, escape(finding.name), escape(finding.detail), escape(finding.remedy))
    return made
