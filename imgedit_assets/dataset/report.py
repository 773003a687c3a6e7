"""The report in Markdown: every figure with its n, rates with intervals, the paper's beside."""

from collections.abc import Collection, Iterator

from imgedit_assets.dataset import report_rows as rows
from imgedit_assets.dataset import report_stages as stages
from imgedit_assets.dataset.report_glance import glance, opening
from imgedit_assets.dataset.report_limits import limits
from imgedit_assets.dataset.statistics import DatasetStatistics

PLOTS = {
    "classes": "accept rate of each class",
    "funnel": "rows and rejects of each stage",
    "scores": "distribution of the scores",
    "instruction_lengths": "words in an instruction",
    "changed_area": "changed share of the image",
}
"""What each plot shows, by its name."""


def markdown(statistics: DatasetStatistics, plots: Collection[str] = ()) -> str:
    """The report.

    Args:
        statistics: What it says.
        plots: The names of the plots that stand beside it as PNGs.
    """
    parts = ["# Dataset statistics", *opening(statistics)]
    if statistics.stages:
        for title, plot, blocks in _sections(statistics):
            shown = [f"![{PLOTS[plot]}]({plot}.png)"] if plot in plots else []
            parts += [f"## {title}", *shown, *blocks]
    return "\n\n".join(parts) + "\n"


def _sections(s: DatasetStatistics) -> Iterator[tuple[str, str, Iterator[str]]]:
    """Each section's title, the name of its plot or nothing, and its blocks of text."""
    yield "At a glance", "", iter([glance(s)])
    yield "Classes", "classes", stages.classes(s)
    yield "Funnel", "funnel", stages.funnel(s)
    yield "Price of an accepted pair", "", stages.prices(s)
    yield "Scores", "scores", rows.scores(s)
    yield "The judge against the oracle", "", rows.agreement(s)
    yield "Instructions", "instruction_lengths", rows.instructions(s)
    yield "Pictures", "changed_area", rows.pictures(s)
    yield "Dialogues", "", rows.dialogues(s)
    yield "Licences of the sources", "", rows.licences(s)
    yield "What these figures do not say", "", iter([limits(s)])
