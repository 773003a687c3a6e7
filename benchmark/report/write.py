"""The files of a report: `report.md`, `report.csv` and `report.html`."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from benchmark.report.charts import bars, radar, scatter
from benchmark.report.fake import fake_table
from benchmark.report.figures import (
    NONE,
    Table,
    comparable,
    costs_table,
    counts_table,
    judges_table,
    noise_table,
    paired_tables,
    protocols_table,
    runs_table,
    scores_table,
)
from benchmark.report.measures import measures_tables
from benchmark.report.pictures import Gallery, extremes
from benchmark.report.runs import Figures, ReportedRun
from benchmark.statistics.bootstrap import Estimate
from resources.markdown import Markup, plain, table_lines
from resources.reading import parse_toml

TITLE = "Benchmark of image editors"
COLUMNS = (
    *("run", "suite", "revision", "protocol", "protocol_hash", "judge", "judge_kind", "of"),
    *("mean", "stderr", "low", "high", "n", "clusters"),
)
"""`of` is as `JudgeFigures.parts` names them; what no judge said is as of `ReportedRun.beside`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table, and the charts that are drawn of it."""

    table: Table
    charts: list[str] = field(default_factory=list)


def write_report(
    runs: Sequence[ReportedRun],
    baseline: ReportedRun,
    folder: Path,
    *,
    tables: Sequence[Table] = (),
    galleries: Sequence[Gallery] = (),
) -> list[Path]:
    """Write the three files.

    Args:
        runs: What it is of.
        baseline: That of them which the others are compared with.
        folder: Where to; made if it is not there.
        tables: Further ones, which come before costs.
        galleries: Further ones, which come first.

    Returns:
        The files.

    Raises:
        ImgEditError: A run has no figures, or a file of it is damaged.
    """
    blocks = _blocks(runs, baseline, tables)
    shown = [*galleries, *(gallery for run in runs for gallery in _extremes(run))]
    texts = {
        "report.md": markdown([block.table for block in blocks]),
        "report.csv": as_csv(runs),
        "report.html": page(blocks, shown),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="replace")
    return [folder / name for name in texts]


def _blocks(
    runs: Sequence[ReportedRun], baseline: ReportedRun, further: Sequence[Table]
) -> list[Block]:
    """All tables in their order."""
    groups = comparable(runs)
    tables = [
        protocols_table(runs),
        *paired_tables(groups, baseline),
        counts_table(runs),
        noise_table(runs),
        judges_table(runs),
        *measures_tables(runs),
        fake_table(runs),
        *further,
    ]
    return [
        Block(table=runs_table(runs)),
        *(Block(table=scores_table(group), charts=_charts(group)) for group in groups),
        *(Block(table=table) for table in tables if table),
        Block(table=costs_table(runs), charts=_cost_charts(runs)),
        Block(table=published_table()),
    ]


def published_table() -> Table:
    """Figures of others."""
    text = files("benchmark").joinpath("published.toml").read_text("utf-8")
    head = ("model", "basic", "uge", "judge", "source")
    return Table(
        title="As published; not measured by us",
        head=head,
        rows=[tuple(row.get(n, NONE) for n in head) for row in parse_toml(text)["figures"]],
        note="Judges, prompts, seeds and arithmetic differ: rows are to be compared neither with "
        "each other nor with what stands above.",
    )


def markdown(tables: Iterable[Table]) -> str:
    """The tables as GitHub's Markdown."""
    parts = [f"# {TITLE}"]
    for table in tables:
        rule = [Markup(":---") for _ in table.head]
        parts += [
            f"## {plain(table.title)}",
            "\n".join(table_lines([table.head, rule, *table.rows])),
        ]
        parts += [plain(table.note)] if table.note else []
    return "\n\n".join(parts) + "\n"


def as_csv(runs: Iterable[ReportedRun]) -> str:
    """A line for each figure, unrounded."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for run in runs:
        suite = (run.label, run.spec.suite, run.spec.revision)
        for f in run.figures:
            by = (f.protocol, f.protocol_hash, f.judge, f.judge_kind)
            table.writerows((*suite, *by, of, *_cells(e)) for of, e in f.by_judge.parts().items())
        table.writerows((*suite, *[""] * 4, of, *_cells(e)) for of, e in run.beside.items())
    return out.getvalue()


def _cells(e: Estimate) -> tuple[float | None, ...]:
    return e.mean, e.stderr, e.low, e.high, e.n, e.clusters


def page(blocks: Sequence[Block], galleries: Sequence[Gallery]) -> str:
    """The page, which needs nothing but itself; what others wrote is escaped."""
    from jinja2 import Environment
    from markupsafe import Markup as Html

    template = files("benchmark.report").joinpath("page.html").read_text("utf-8")
    made = Environment(autoescape=True, trim_blocks=True).from_string(template)
    shown = [
        {"table": block.table, "charts": [Html(chart) for chart in block.charts if chart]}
        for block in blocks
    ]
    return made.render(title=TITLE, blocks=shown, galleries=galleries)


def _charts(group: Sequence[Figures]) -> list[str]:
    series = {figures.run.label: figures.by_judge.tasks for figures in group}
    means = [e.mean for found in series.values() for e in found.values() if e.mean is not None]
    scale = (1.0, 5.0) if all(1 <= mean <= 5 for mean in means) else (0.0, max(means))
    title = f"Tasks, with {group[0].counting.ci:.0%} intervals"
    return [bars(title, series, scale), radar("All tasks", series, scale)]


def _cost_charts(runs: Sequence[ReportedRun]) -> list[str]:
    """The headline of runs of one suite, protocol and judge against what an output cost."""
    charts = []
    for group in comparable(runs):
        spent = {f.run.label: f.run.stats.get("editor", {}).get("outputs", {}) for f in group}
        for key, words in (("seconds", "seconds for an output"), ("usd", "USD for an output")):
            points = [
                (f.run.label, s[key] / s["n"], f.by_judge.overall)
                for f in group
                if (s := spent[f.run.label]).get("n")
            ]
            if any(x for _, x, _ in points):
                title = f"{group[0].run.spec.suite}, {group[0].protocol}, {group[0].judge}"
                charts.append(scatter(title, words, points))
    return charts


def _extremes(run: ReportedRun) -> list[Gallery]:
    first = run.figures[0]
    return extremes(f"{run.label}, judge {first.judge}", run.folder, first.lines)
