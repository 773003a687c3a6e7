"""The plots of how judges agree with the truth, as PNGs."""

from collections.abc import Mapping, Sequence

import polars as pl

from benchmark.agreement import spearman
from imgedit_assets.dataset.plots import (
    FRAME_IN,
    LOSS,
    MAIN,
    MUTED,
    PALE,
    ROW_IN,
    label_axis,
    new_plot,
    png,
)
from imgedit_assets.dataset.report_markdown import named
from imgedit_assets.judging.agreement import told
from imgedit_assets.judging.trying import Tried
from models.judge.calibration import reliability

SQUARE_IN = 4.2

COLOURS = (MAIN, LOSS)
"""Of the variant and of the judge beside it."""


def draw_agreement(tried: Mapping[str, Tried], judges: Sequence[str]) -> dict[str, bytes]:
    """Each plot that has something to show, by its name.

    Args:
        tried: What judges said of held-out lessons.
        judges: The variant, and the judge that it is compared with.
    """
    rows = {judge: tried[judge].rows.filter(pl.col("set") != "human") for judge in judges}
    if any(frame.is_empty() for frame in rows.values()):
        return {}
    return {
        "true and judged scores": _scores(rows[judges[0]], judges[0]),
        "reliability": _reliability(rows),
        "Spearman by class": _by_class(rows),
    }


def _scores(rows: pl.DataFrame, judge: str) -> bytes:
    figure, axes = new_plot(
        f"What {named(judge)} says of held-out results, and what is true", height_in=SQUARE_IN
    )
    axes.fill_between([1, 5], [0, 4], [2, 6], color=PALE, alpha=0.35, lw=0)
    axes.plot([1, 5], [1, 5], color=MUTED, lw=0.8)
    for of, colour in (("spoiled", MAIN), ("painted", LOSS)):
        some = rows.filter(pl.col("set") == of)
        label = f"{of}, n = {some.height}"
        axes.scatter(some["true_score"], some["score"], s=14, color=colour, label=label, alpha=0.7)
    axes.set_xlim(0.9, 5.1)
    axes.set_ylim(0.9, 5.1)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    label_axis(axes, "true score; shaded: within one point", grid="y")
    return png(figure)


def _reliability(rows: Mapping[str, pl.DataFrame]) -> bytes:
    figure, axes = new_plot("How sure the score makes, and how often rightly", height_in=SQUARE_IN)
    axes.plot([0, 1], [0, 1], color=MUTED, lw=0.8)
    for (judge, frame), colour in zip(rows.items(), COLOURS, strict=True):
        sure, good = told(frame)
        bins = reliability(sure, good) if sure.size else ()
        said, true = [each.said for each in bins], [each.good for each in bins]
        axes.plot(said, true, color=colour, lw=1.2, label=named(judge))
        axes.scatter(said, true, s=[12 + 2 * each.n for each in bins], color=colour)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.05)
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    label_axis(axes, "probability of a good pair; up: the share of good ones", grid="y")
    return png(figure)


def _by_class(rows: Mapping[str, pl.DataFrame]) -> bytes:
    classes = sorted({name for frame in rows.values() for name in frame["edit_type"]})[::-1]
    height_in = FRAME_IN + ROW_IN * len(classes)
    figure, axes = new_plot("Rank correlation with the oracle, by class", height_in=height_in)
    for (judge, frame), colour in zip(rows.items(), COLOURS, strict=True):
        found = [
            spearman(some["score"].to_numpy(), some["true_score"].to_numpy()).value
            for some in (frame.filter(edit_type=name) for name in classes)
        ]
        axes.scatter(found, range(len(classes)), s=30, color=colour, label=named(judge))
    axes.set_yticks(range(len(classes)), [named(name) for name in classes])
    axes.set_xlim(-1.02, 1.02)
    axes.legend(frameon=False, fontsize=9, loc="lower left")
    label_axis(axes, "Spearman", grid="x")
    return png(figure)
