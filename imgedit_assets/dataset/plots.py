"""The plots of the report, as PNGs."""

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from PIL import Image

from imgedit_assets.dataset.report_markdown import named
from imgedit_assets.dataset.statistics import DatasetStatistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


ROW_IN, FRAME_IN, BARS_IN = 0.29, 1.15, 3.0
"""Heights: of a row, of what surrounds the rows, and of a plot with upright bars."""

LONGEST_WORDS = 40

MAX_PNG_BYTES = 30_000
"""Dagster keeps the plots of every run in its event log."""

WIDTH_IN = 7.2

RESOLUTIONS_DPI = (150, 120, 100, 80)
"""To try, the sharpest first."""

PALETTE_COLOURS = 32

INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"

MAIN, PALE, LOSS = "#2b6a99", "#b5d0e3", "#e0995e"
"""What counts, what it is part of, and what was lost: apart also to the colour-blind."""


def draw_plots(statistics: DatasetStatistics) -> dict[str, bytes]:
    """Each plot that has something to show, by its name; at most 30 kB each."""
    plots: dict[str, tuple[int, Callable[[DatasetStatistics], Figure]]] = {
        "classes": (statistics.accepted.n, _classes),
        "funnel": (len(statistics.stages), _funnel),
        "scores": (statistics.scores["score"].n, _scores),
        "instruction_lengths": (statistics.wording.lengths.n, _lengths),
        "changed_area": (statistics.changed_frac.n, _changed_area),
    }
    return {name: png(draw(statistics)) for name, (n, draw) in plots.items() if n}


def _classes(statistics: DatasetStatistics) -> "Figure":
    rows = [row for row in statistics.classes if row.accepted.n][::-1]
    figure, axes = new_plot(
        "Accepted pairs of each class, with 95 % intervals", height_in=_height_in(len(rows))
    )
    places = range(len(rows))
    rates = [100 * row.accepted.value for row in rows]
    # A bound that equals the rate may lie on its other side by a rounding.
    below = [max(0.0, 100 * (row.accepted.value - row.accepted.low)) for row in rows]
    above = [max(0.0, 100 * (row.accepted.high - row.accepted.value)) for row in rows]
    axes.errorbar(rates, places, xerr=(below, above), fmt="o", color=MAIN, ms=5, lw=1.6, capsize=3)
    axes.set_yticks(places, [named(row.edit_type) for row in rows])
    axes.set_xlim(0, 101)
    label_axis(axes, "accepted, % of painted pairs", grid="x")
    counts = [f"{row.accepted.hits:,} of {row.accepted.n:,}" for row in rows]
    _write_at_right(axes, places, counts)
    return figure


def _funnel(statistics: DatasetStatistics) -> "Figure":
    stages = statistics.stages[::-1]
    figure, axes = new_plot("Rows and rejects of each stage", height_in=_height_in(len(stages)))
    places = range(len(stages))
    kept = [stage.rows for stage in stages]
    lost = [sum(stage.rejects.values()) for stage in stages]
    axes.barh(places, kept, height=0.66, color=MAIN, label="rows")
    axes.barh(places, lost, left=kept, height=0.66, color=LOSS, label="rejects")
    axes.set_yticks(places, [named(stage.asset) for stage in stages])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    label_axis(axes, "rows and rejects", grid="x")
    counts = [f"{k:,} / {n:,}" for k, n in zip(kept, lost, strict=True)]
    _write_at_right(axes, places, counts)
    _legend(axes)
    return figure


def _scores(statistics: DatasetStatistics) -> "Figure":
    figure, axes = new_plot("Scores of judged and of accepted pairs", height_in=BARS_IN)
    for name, label, colour in (("score", "judged", PALE), ("accepted", "accepted", MAIN)):
        histogram = statistics.scores[name].histogram
        width = histogram.edges[1] - histogram.edges[0]
        axes.bar(
            histogram.edges[:-1],
            histogram.counts,
            width=width * 0.92,
            align="edge",
            color=colour,
            label=label,
        )
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xticks(range(1, 6))
    label_axis(axes, "score, mean of the three criteria", grid="y")
    _legend(axes)
    return figure


def _lengths(statistics: DatasetStatistics) -> "Figure":
    lengths = statistics.wording.lengths
    figure, axes = new_plot("Words in an instruction", height_in=BARS_IN)
    shares = [100 * share for share in lengths.histogram.shares]
    words = range(1, len(shares) + 1)
    axes.bar(words, shares, width=0.86, color=MAIN)
    axes.axvline(lengths.median, color=INK, lw=1, ls=(0, (4, 3)))
    axes.annotate(
        f"median {lengths.median:.0f}",
        (lengths.median, 1),
        (5, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        va="top",
        fontsize=9,
        color=INK,
    )
    axes.set_xlim(0.3, LONGEST_WORDS + 0.7)
    _percent(axes)
    label_axis(axes, f"words; the last bar holds {LONGEST_WORDS} and more", grid="y")
    return figure


def _changed_area(statistics: DatasetStatistics) -> "Figure":
    every, local = statistics.changed_frac.histogram, statistics.local_changed_frac.histogram
    others = [a - b for a, b in zip(every.counts, local.counts, strict=True)]
    figure, axes = new_plot("Changed share of the image", height_in=BARS_IN)
    for offset, counts, label, colour in (
        (-0.21, local.counts, "local edits", MAIN),
        (0.21, others, "all others", PALE),
    ):
        total = sum(counts) or 1
        places = [i + offset for i in range(len(counts))]
        heights = [100 * count / total for count in counts]
        axes.bar(places, heights, width=0.4, color=colour, label=f"{label}, n = {sum(counts):,}")
    edges = [f"{100 * edge:g}" for edge in every.edges]
    names = [f"{low} to {high}" for low, high in pairwise(edges)]
    axes.set_xticks(range(len(names)), names)
    _percent(axes)
    label_axis(axes, "changed area, % of the pixels", grid="y")
    _legend(axes)
    return figure


def _height_in(rows: int) -> float:
    return FRAME_IN + ROW_IN * rows


def _percent(axes: "Axes") -> None:
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")


def _legend(axes: "Axes") -> None:
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=2,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        borderaxespad=0.4,
    )


def _write_at_right(axes: "Axes", places: Sequence[int], texts: Sequence[str]) -> None:
    """A column of figures beside the rows."""
    for place, text in zip(places, texts, strict=True):
        axes.annotate(
            text,
            (1, place),
            (8, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=MUTED,
            annotation_clip=False,
        )


def new_plot(title: str, *, height_in: float) -> tuple["Figure", "Axes"]:
    """An empty plot on white: a title at the left, no frame, and no state shared with others."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(length=0, labelsize=9, labelcolor=INK, color=MUTED)
    axes.set_axisbelow(True)
    return figure, axes


def label_axis(axes: "Axes", text: str, *, grid: Literal["x", "y"]) -> None:
    """Name the horizontal axis, and draw faint lines across the axis that values are read from."""
    axes.set_xlabel(text, fontsize=9, color=MUTED)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)


def png(figure: "Figure") -> bytes:
    """The plot as a PNG of few colours, as sharp as `MAX_PNG_BYTES` allows."""
    small = b""
    for dpi in RESOLUTIONS_DPI:
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=dpi)
        reduced = io.BytesIO()
        flat = Image.open(drawn).convert("RGB")
        flat.quantize(PALETTE_COLOURS, dither=Image.Dither.NONE).save(reduced, "PNG", optimize=True)
        small = reduced.getvalue()
        if len(small) <= MAX_PNG_BYTES:
            return small
    return small
