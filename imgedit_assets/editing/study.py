"""Does filtering pay? Editors that differ in their pairs and seed alone, by the benchmark's scores.

An arm is the variants of one data filter, one for each seed. Its score is the mean over seeds of
each case, its interval that over source pictures, as on the leaderboard; how far seeds lie apart
stands beside it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from benchmark.statistics.paired import compare
from imgedit_assets.dataset.report_markdown import number, table
from imgedit_assets.editing.arms import Arm, Arms
from imgedit_assets.editing.study_plot import draw_study
from imgedit_assets.stages.verdicts import estimate_figures, sample_lines
from models.faults import ImgEditError
from resources.factory import Factory
from resources.object_store import keep_report

SHELF = "reports/filtering_study"
"""Under the home."""

HEAD = ("trained on", "seeds", "pairs", "bad", "oracle's failure", "mean", "seeds lie")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What the UI shows."""

    folder: Path
    page: str
    plot: bytes | None
    missing: tuple[str, ...]
    figures: Mapping[str, float]


def publish_study(factory: Factory) -> Study:
    """Work the study out of whatever is scored, and write it down.

    Raises:
        ImgEditError: The profile names no variants to compare, or the report cannot be written.
    """
    settings = factory.profile.filtering_study
    if not settings.variants:
        msg = (
            f"profile {factory.profile.name} has no [filtering_study] with variants: the profile "
            "`filtering` has; `imgedit run --profile filtering` trains and scores them"
        )
        raise ImgEditError(msg)
    found = Arms(factory)
    arms, missing = found.each(), tuple(found.missing())
    figures = (estimate_figures(_key(arm), arm.overall) for arm in arms)
    made = Study(
        folder=factory.home.folder / SHELF,
        page=_page(arms, settings.baseline, missing),
        plot=draw_study(arms) if arms else None,
        missing=missing,
        figures={name: value for each in figures for name, value in each.items()},
    )
    try:
        _write(made)
    except OSError as error:
        msg = f"cannot write {made.folder}: {error.strerror}; make it writable, then run again"
        raise ImgEditError(msg) from error
    keep_report(factory.home, made.folder)
    return made


def _write(made: Study) -> None:
    made.folder.mkdir(parents=True, exist_ok=True)
    (made.folder / "figures.json").write_text(json.dumps(dict(made.figures), indent=1), "utf-8")
    page = made.page
    if made.plot:
        (made.folder / "plot.png").write_bytes(made.plot)
        page += "\n\n![scores by what an editor was trained on](plot.png)"
    (made.folder / "report.md").write_text(f"{page}\n", "utf-8")


def _key(arm: Arm) -> str:
    words = arm.name.replace(",", "").replace(" %", "").replace(" ", "_")
    return f"study_{words}_{arm.suite}"


def _page(arms: Sequence[Arm], baseline: str, missing: Sequence[str]) -> str:
    parts = ["# Does filtering pay?"]
    for suite, some in groupby(arms, key=lambda arm: arm.suite):
        of_suite = list(some)
        base = next((arm for arm in of_suite if arm.name == baseline), None)
        head = [*HEAD, f"more than {baseline}"] if base else [*HEAD]
        lines = [[*_cells(arm), *([_gap(arm, base)] if base else [])] for arm in of_suite]
        parts.append(f"**{suite}**\n\n{table(head, lines)}")
    lacking = "\n".join(f"- {line}" for line in missing) or "- nothing"
    return "\n\n".join([*parts, f"Missing:\n\n{lacking}"])


def _cells(arm: Arm) -> list[str]:
    o, facts = arm.overall, arm.facts
    has_interval = o.low is not None and o.high is not None
    spread = f" ({o.low:.2f} to {o.high:.2f}, n = {o.n})" if has_interval else ""
    seeds = f"{number(min(arm.by_seed))} to {number(max(arm.by_seed))}" if arm.by_seed else ""
    failure = facts.get("failure by the oracle")
    return [
        arm.name,
        str(len(arm.by_seed)),
        f"{facts['pairs']:.0f}",
        f"{facts['bad'] / facts['pairs']:.0%}",
        "" if failure is None else number(failure),
        "" if o.mean is None else f"{number(o.mean)}{spread}",
        seeds,
    ]


def _gap(arm: Arm, base: Arm) -> str:
    """How much more an arm scores than the baseline on the same cases."""
    if arm is base:
        return ""
    try:
        found = compare(sample_lines(arm.rows), sample_lines(base.rows))["overall"]
    except ImgEditError:
        return "no case in common"
    spread = f" ({found['low']:+.2f} to {found['high']:+.2f})" if found["low"] is not None else ""
    return f"{found['mean']:+.2f}{spread}, p = {found['p']:.2f}"
