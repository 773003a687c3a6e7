"""Where the editors of a profile stand on its suites: means with intervals, and what is missing."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from benchmark.forensics.figures import FakeShares, in_words
from benchmark.protocols.protocol import Status
from benchmark.runs.score import status_of
from benchmark.statistics.bootstrap import Estimate
from imgedit_assets.dataset.report_markdown import table
from imgedit_assets.sample.descent import below
from imgedit_assets.sample.quarantine import active, marks_on
from imgedit_assets.stages.fake_scores import shares_figures, shares_of
from imgedit_assets.stages.verdicts import estimate_figures, verdicts
from models.faults import Reason
from resources.profile_benchmark import BenchmarkSettings
from resources.schema import BenchmarkScore, FakeScore, Partition
from resources.store import Store

if TYPE_CHECKING:
    import polars as pl

COLUMNS = (
    *("id", "editor", "suite", "case_id", "task", "cluster", "epoch", "turn", "instruction"),
    *("status", "score", "judge", "judge_kind", "protocol"),
)
FAKE_COLUMNS = (
    *("id", "editor", "suite", "cluster", "probability", "source_probability", "threshold"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One editor on one suite."""

    editor: str
    suite: str
    overall: Estimate
    """The unweighted mean of the tasks, on the protocol's scale."""
    tasks: Mapping[str, Estimate]
    counts: Mapping[Status, int]
    """Outputs by how they ended."""
    judged_by: str
    """Protocol with its hash, and judge with its kind, in words; empty without a verdict."""
    fakes: FakeShares | None
    """What the detector of edits said, where it was asked, by one threshold."""

    @property
    def unscored_frac(self) -> float:
        """The share of outputs that the judge failed at: they count in no mean."""
        total = sum(self.counts.values())
        known = self.counts.get(Status.SCORED, 0) + self.counts.get(Status.MISSING, 0)
        return 1 - known / total if total else 0.0


def standings(store: Store, settings: BenchmarkSettings) -> list[Standing]:
    """Every editor and suite of a profile that there are verdicts on, the best editor first.

    What is in quarantine, and what was made of it, counts nowhere.
    """
    frame = unmarked(store, store.frame(BenchmarkScore.TABLE, COLUMNS))
    fakes = unmarked(store, store.frame(FakeScore.TABLE, FAKE_COLUMNS))
    rejects = {
        head.partition: json.loads(head.rejects) for head in store.heads(BenchmarkScore.TABLE)
    }
    keys = settings.keys
    found = [
        _standing(editor, suite, frame, rejects[place.key], fakes)
        for editor in keys["editor"]
        for suite in keys["suite"]
        if (place := Partition.of(BenchmarkScore, editor=editor, suite=suite)).key in rejects
    ]
    best = {
        editor: fmean(s.overall.mean or 0.0 for s in found if s.editor == editor)
        for editor in {standing.editor for standing in found}
    }
    return sorted(found, key=lambda s: -best[s.editor])


def named_standings(found: Sequence[Standing]) -> dict[str, Standing]:
    """Standings by the name of their headline figure: `overall_<editor>_<suite>`."""
    return {f"overall_{standing.editor}_{standing.suite}": standing for standing in found}


def leaderboard_figures(found: Sequence[Standing]) -> dict[str, float]:
    """The headline of each standing with its interval and n, and the detector's two shares."""
    figures: dict[str, float] = {}
    for name, standing in named_standings(found).items():
        figures |= estimate_figures(name, standing.overall)
        if standing.fakes:
            figures |= shares_figures(standing.fakes, name.removeprefix("overall"))
    return figures


def table_of(found: Sequence[Standing]) -> list[list[str]]:
    """A heading, then a line for each editor: its headline on each suite."""
    suites = list(dict.fromkeys(standing.suite for standing in found))
    said = {(s.editor, s.suite): _headline(s) for s in found}
    editors = dict.fromkeys(standing.editor for standing in found)
    lines = [[editor, *(said.get((editor, suite), "") for suite in suites)] for editor in editors]
    return [["editor", *suites], *lines]


def leaderboard_markdown(found: Sequence[Standing]) -> str:
    """The table, as Markdown."""
    if not found:
        return "No editor was judged yet."
    heading, *lines = table_of(found)
    return table(heading, lines)


def task_markdown(found: Sequence[Standing]) -> str:
    """The mean of each task, as a Markdown table."""
    lines = [
        [standing.editor, standing.suite, task, "" if e.mean is None else f"{e.mean:.2f}", str(e.n)]
        for standing in found
        for task, e in standing.tasks.items()
    ]
    return table(["editor", "suite", "task", "mean", "n"], lines, words=(0, 1, 2))


def fakes_markdown(found: Sequence[Standing]) -> str:
    """Recall beside false positives, as a Markdown table: the one is worth nothing without."""
    lines = [
        [s.editor, s.suite, in_words(s.fakes.recall), in_words(s.fakes.false_positive_rate)]
        for s in found
        if s.fakes
    ]
    return table(["editor", "suite", "recall", "false positives"], lines, words=(0, 1, 2, 3))


def _headline(standing: Standing) -> str:
    """The mean with its interval and n, and what is missing or unscored."""
    o = standing.overall
    others = f"; {said}" if (said := _others(standing)) else ""
    if o.mean is None:
        return f"no verdict{others}"
    spread = f"{o.low:.2f} to {o.high:.2f}, " if o.low is not None else ""
    return f"{o.mean:.2f} ({spread}n = {o.n}{others})"


def judged_by(found: Sequence[Standing]) -> str:
    """The protocols and judges behind some standings, each once."""
    return "; ".join(dict.fromkeys(standing.judged_by for standing in found if standing.judged_by))


def _others(standing: Standing) -> str:
    counts = standing.counts.items()
    return ", ".join(f"{n} {status}" for status, n in counts if n and status is not Status.SCORED)


def _standing(
    editor: str,
    suite: str,
    frame: "pl.DataFrame",
    rejects: Mapping[str, int],
    fakes: "pl.DataFrame",
) -> Standing:
    rows, fakes = (
        each.filter((each["editor"] == editor) & (each["suite"] == suite))
        for each in (frame, fakes)
    )
    counts = Counter(Status(status) for status in rows["status"])
    for reason, n in rejects.items():
        counts[status_of(Reason(reason))] += n
    means = verdicts(rows)
    said = rows.select("protocol", "judge", "judge_kind").unique(maintain_order=True)
    return Standing(
        editor=editor,
        suite=suite,
        overall=means.macro,
        tasks=means.tasks,
        counts={status: counts[status] for status in Status},
        judged_by="; ".join(f"{p}, judge {j} ({kind})" for p, j, kind in said.iter_rows()),
        fakes=shares_of(fakes),
    )


def unmarked(store: Store, frame: "pl.DataFrame") -> "pl.DataFrame":
    """The rows that are not in quarantine, and made of nothing that is."""
    if not (marks := active(store)):
        return frame
    taken = below(store, frame["id"].to_list(), lambda node: bool(marks_on(marks, node)))
    return frame.filter(~frame["id"].is_in(list(taken)))
