"""The one look of all plots, and PNGs small enough to be shown inline."""

import io
from typing import TYPE_CHECKING, Literal

from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_PNG_BYTES = 30_000
"""Dagster keeps the plots of every run in its event log."""

WIDTH_IN = 7.2
RESOLUTIONS_DPI = (150, 120, 100, 80)
"""To try, the sharpest first."""
PALETTE_COLOURS = 32

INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"
MAIN, PALE, LOSS = "#2b6a99", "#b5d0e3", "#e0995e"
"""What counts, what it is part of, and what was lost: apart also to the colour-blind."""


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
