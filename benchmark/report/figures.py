"""The tables of a report: figures with their errors, n, protocol and judge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from benchmark.protocols.protocol import Status
from benchmark.report.runs import Figures, ReportedRun
from benchmark.statistics.bootstrap import Estimate
from benchmark.statistics.paired import compare
from models.faults import ImgEditError

NONE = "\N{EN DASH}"
"""Stands where a figure is not defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text; the first column names what the row is of."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def shown(figure: Estimate, *, digits: int = 2, signed: bool = False) -> str:
    """As "4.32 ± 0.05 (n 95)"; cases and turns, of which epochs are averaged first."""
    if figure.mean is None:
        return NONE
    sign = "+" if signed else ""
    spread = "" if figure.stderr is None else f" ± {figure.stderr:.{digits}f}"
    return f"{figure.mean:{sign}.{digits}f}{spread} (n {figure.n})"


def comparable(runs: Iterable[ReportedRun]) -> list[list[Figures]]:
    """The figures that may stand side by side: one suite, protocol and judge each."""
    found = sorted((f for run in runs for f in run.figures), key=lambda f: f.comparable)
    return [list(group) for _, group in groupby(found, key=lambda f: f.comparable)]


def title_of(group: Sequence[Figures]) -> str:
    """Suite, protocol with its hash, and judge with its kind."""
    one = group[0]
    kind = f" ({one.judge_kind})" if one.judge_kind else ""
    suite = f"{one.run.spec.suite} revision {one.run.spec.revision}"
    reducer = one.counting.epochs_reducer
    epochs = "" if reducer == "mean" else f" · {reducer} of epochs"
    return f"{suite} · {one.protocol} {one.protocol_hash} · judge {one.judge}{kind}{epochs}"


def runs_table(runs: Sequence[ReportedRun]) -> Table:
    """What was run."""
    head = ("run", "editor", "suite", "cases", "epochs", "seed", "turns", "judges", "began")
    rows = []
    for run in runs:
        spec, editor = run.spec, run.spec.editor
        params = ", ".join(f"{k}={v}" for k, v in editor.get("params", {}).items() if v != "")
        judges = ", ".join(f"{j['name']} {j['version']} ({j['kind']})" for j in spec.judges)
        name = f"{editor.get('name')} {editor.get('version')}"
        rows.append(
            (
                run.label,
                f"{name} ({params})" if params else name,
                f"{spec.suite} revision {spec.revision}",
                f"{spec.cases} of {spec.of}",
                str(spec.epochs),
                str(spec.seed),
                spec.turns,
                judges or NONE,
                spec.started,
            )
        )
    return Table(title="Runs", head=head, rows=rows)


def scores_table(group: Sequence[Figures]) -> Table:
    """A row for each task, a column for each run."""
    head = ("task", *(figures.run.label for figures in group))
    parts = [figures.by_judge.parts() for figures in group]
    rows = [
        (_named(name), *(shown(each[name]) if name in each else NONE for each in parts))
        for name in dict.fromkeys(name for each in parts for name in each)
    ]
    cases = {frozenset(figures.run.spec.ids) for figures in group}
    note = (
        ""
        if len(cases) == 1
        else (
            "The runs hold different cases: only the comparison case by case is of the same ones."
        )
    )
    return Table(title=title_of(group), head=head, rows=rows, note=note)


def _named(part: str) -> str:
    """As a task is called; the rest with what it is."""
    return "all cases alike" if part == "micro" else part.removeprefix("task:").replace(":", " ", 1)


def protocols_table(runs: Sequence[ReportedRun]) -> Table | None:
    """The headline by each protocol, side by side; None where there is but one."""
    found = [f for run in runs for f in run.figures]
    columns = list(dict.fromkeys((f.protocol, f.protocol_hash) for f in found))
    if len(columns) < 2:
        return None
    rows = []
    for run in runs:
        for judge in dict.fromkeys(f.judge for f in run.figures):
            by = {(f.protocol, f.protocol_hash): f for f in run.figures if f.judge == judge}
            cells = (shown(by[c].by_judge.overall) if c in by else NONE for c in columns)
            rows.append((run.label, run.spec.suite, judge, *cells))
    return Table(
        title="One run by several protocols",
        head=("run", "suite", "judge", *(f"{name} {digest}" for name, digest in columns)),
        rows=rows,
        note="Columns are of different protocols: none is to be compared with another.",
    )


def counts_table(runs: Sequence[ReportedRun]) -> Table:
    """How outputs ended."""
    rows = [
        (f.run.label, f.protocol, f.judge, *(str(f.by_judge.counts.get(s, 0)) for s in Status))
        for run in runs
        for f in run.figures
    ]
    note = "A missing output counts as the least score; other failures count in no mean."
    head = ("run", "protocol", "judge", *map(str, Status))
    return Table(title="How outputs ended", head=head, rows=rows, note=note)


def paired_tables(groups: Iterable[Sequence[Figures]], baseline: ReportedRun) -> list[Table]:
    """What runs score more than a baseline, by each protocol and judge that they share."""
    tables = []
    for group in groups:
        base = next((f for f in group if f.run is baseline), None)
        others = [f for f in group if f.run is not baseline]
        if base is None or not others:
            continue
        compared = {f.run.label: _compared(f, base) for f in others}
        each = {label: found for label, found in compared.items() if found}
        names = dict.fromkeys(name for found in each.values() for name in found)
        rows = [(n, *(found.get(n, NONE) for found in each.values())) for n in names]
        if rows:
            tables.append(
                Table(
                    title=f"Against {baseline.label}: {title_of(group)}",
                    head=("task", *each),
                    rows=rows,
                    note="Differences case by case; p two-sided, by flipping the signs of all "
                    "differences of a source picture together, not corrected for the tasks.",
                )
            )
    return tables


def _compared(ours: Figures, base: Figures) -> dict[str, str]:
    """The difference in words, by task; empty where no scored case is shared."""
    try:
        found = compare(ours.lines, base.lines, judge=ours.judge, how=ours.counting)
    except ImgEditError:
        return {}
    return {
        name: _gain(gain) for name, gain in {"overall": found["overall"], **found["tasks"]}.items()
    }


def _gain(gain: dict[str, Any]) -> str:
    estimate = Estimate(**{name: value for name, value in gain.items() if name != "p"})
    chance = "p < 0.001" if gain["p"] < 0.0005 else f"p {gain['p']:.3f}"
    return f"{shown(estimate, signed=True)}, {chance}"


def noise_table(runs: Sequence[ReportedRun]) -> Table | None:
    """How much repeats of one output differ; None where nothing was repeated."""
    rows = [
        (f.run.label, f.protocol, f.judge, *(_or_none(f.by_judge.repeats.get(k)) for k in keys))
        for keys in [("epochs", "within_sd", "overall_sd")]
        for run in runs
        for f in run.figures
        if f.by_judge.repeats.get("epochs", 1) > 1
    ]
    if not rows:
        return None
    return Table(
        title="Repeats",
        head=("run", "protocol", "judge", "epochs", "sd of one output", "sd of the overall"),
        rows=rows,
    )


def judges_table(runs: Sequence[ReportedRun]) -> Table | None:
    """How judges agree; None where no run has two."""
    rows = []
    for run in runs:
        for found in run.sensitivity:
            first, second = found["judges"]
            rank, shift = found["spearman"], Estimate(**found["shift"])
            interval = (
                f"{_or_none(rank['value'])} ({_or_none(rank['low'])} to {_or_none(rank['high'])})"
            )
            rows.append((run.label, first, second, interval, shown(shift, signed=True)))
    if not rows:
        return None
    return Table(
        title="Agreement of judges",
        head=("run", "judge", "and", "Spearman (95 %)", "the second gives more"),
        rows=rows,
    )


def costs_table(runs: Sequence[ReportedRun]) -> Table:
    """Seconds and USD of editors and judges."""
    rows = []
    for run in runs:
        editor, judges = run.stats.get("editor", {}), run.stats.get("judges", {})
        parts = [
            ("outputs", editor.get("outputs", {})),
            *((f"judge {n}", j) for n, j in judges.items()),
        ]
        for what, spent in parts:
            if n := spent.get("n"):
                seconds = f"{spent['seconds'] / n:.2f}"
                rows.append((run.label, what, f"{n}", seconds, f"{spent['usd']:.2f}"))
    return Table(title="Cost", head=("run", "what", "n", "seconds each", "USD in all"), rows=rows)


def _or_none(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
