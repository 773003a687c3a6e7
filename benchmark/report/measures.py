"""The tables of what was measured: beside the judge, in dialogues, and against a reference run."""

from collections.abc import Mapping, Sequence

from benchmark.measures.lines import MEASURES, measured
from benchmark.measures.summary import summary
from benchmark.report.figures import NONE, Table, shown
from benchmark.report.pictures import Gallery, ShownCase, picture
from benchmark.report.runs import ReportedRun
from benchmark.runs.folder import MeasureLine, RunFolder, SampleLine
from benchmark.runs.generate import outputs_of
from benchmark.statistics.bootstrap import Estimates

ANSWERS = ("done", "reference", "premise", "reverted", "turn_yes", "session_yes")
"""Shares of yes, of dialogues alone."""
_LEAST_LIKE = 8


def measures_tables(runs: Sequence[ReportedRun]) -> list[Table]:
    """For each run that was measured its figures by task."""
    tables = []
    for run in runs:
        found = summary(measured(run.folder).values(), run.figures[0].lines)
        if not found:
            continue
        pixels = {name: each for name, each in found.items() if name not in ANSWERS}
        note = (
            "The rest is what no edit was asked for: outside the region by truth or mask, grown by "
            "24 px, or else outside what was found to have changed, where little can have. "
            "100 dB stand for equal pixels. studio_clip is the embedded embedder, not LPIPS."
        )
        tables.append(_by_task(f"Measures of {run.label}", pixels, note))
        if yes := {name: each for name, each in found.items() if name in ANSWERS}:
            note = (
                "Shares of yes. A turn is a yes if all its checks are, a session if all turns are."
            )
            tables.append(_by_task(f"Dialogues of {run.label}", yes, note))
    return tables


def reference_table(run: ReportedRun, against: str, found: Sequence[MeasureLine]) -> Table:
    """How like a reference the outputs of a run are, by task."""
    equal = sum(line.values.get("psnr_db", 0.0) >= 100 for line in found)
    faults = sum(bool(line.fault) for line in found)
    note = f"Whole pictures; {equal} of {len(found)} are equal to the pixel, {faults} unreadable."
    each = summary(found, run.figures[0].lines)
    return _by_task(f"{run.label} against the reference run {against}", each, note, rest="")


def reference_gallery(
    run: ReportedRun, reference: RunFolder, found: Sequence[MeasureLine]
) -> Gallery:
    """The outputs that are least like the reference's, the reference's at the left."""
    samples = {(s.id, s.epoch, s.turn): s for s in run.figures[0].lines}
    known = [line for line in found if line.key in samples and "psnr_db" in line.values]
    known.sort(key=lambda line: line.values["psnr_db"])
    ours, theirs = outputs_of(run.folder), outputs_of(reference)
    return Gallery(
        title=f"{run.label}: least like the reference run",
        note="By PSNR, dB.",
        left="reference",
        right="result",
        cases=[
            _pair(
                line,
                samples[line.key],
                picture(reference, theirs[line.key].image),
                picture(run.folder, ours[line.key].image),
            )
            for line in known[:_LEAST_LIKE]
        ],
    )


def _pair(line: MeasureLine, sample: SampleLine, left: str, right: str) -> ShownCase:
    return ShownCase(
        left=left,
        right=right,
        figure=f"{line.values['psnr_db']:.1f} dB, SSIM {line.values['ssim']:.3f}",
        name=f"{sample.task} · {sample.id} · turn {sample.turn} · epoch {sample.epoch}",
        words=sample.instruction,
        reason="",
    )


def _by_task(
    title: str, found: Mapping[str, Estimates], note: str, rest: str = " of the rest"
) -> Table:
    """A row for each task and one for all, a column for each measure."""
    tasks = dict.fromkeys(task for each in found.values() for task in each.tasks)
    names = {name: MEASURES[name][0].replace(" of the rest", rest) for name in found}
    rows = [("all", *(shown(e.micro, digits=MEASURES[n][1]) for n, e in found.items()))]
    rows += [
        (
            task,
            *(
                shown(e.tasks[task], digits=MEASURES[n][1]) if task in e.tasks else NONE
                for n, e in found.items()
            ),
        )
        for task in tasks
    ]
    return Table(title=title, head=("task", *names.values()), rows=rows, note=note)
