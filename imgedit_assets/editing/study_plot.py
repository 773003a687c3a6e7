"""The plot of the study: a line for each data filter, a colour for each suite."""

from collections.abc import Sequence

from imgedit_assets.dataset.plots import (
    FRAME_IN,
    INK,
    LOSS,
    MAIN,
    MUTED,
    ROW_IN,
    label_axis,
    new_plot,
    png,
)
from imgedit_assets.editing.arms import Arm

_COLOURS = (MAIN, LOSS, MUTED, INK)
_APART = 0.22
"""Between suites on a line, of the distance of two lines."""


def draw_study(arms: Sequence[Arm]) -> bytes:
    """Means with their intervals, and a small mark for each seed, as a PNG."""
    names = list(dict.fromkeys(arm.name for arm in arms))[::-1]
    suites = list(dict.fromkeys(arm.suite for arm in arms))
    height_in = FRAME_IN + 2 * ROW_IN * max(2, len(names))
    figure, axes = new_plot("Scores by what an editor was trained on", height_in=height_in)
    for at, suite in enumerate(suites):
        colour, lift = _COLOURS[at % len(_COLOURS)], _APART * ((len(suites) - 1) / 2 - at)
        for arm in (arm for arm in arms if arm.suite == suite):
            o, place = arm.overall, names.index(arm.name) + lift
            if o.mean is None:
                continue
            if o.low is not None and o.high is not None:
                axes.plot([o.low, o.high], [place, place], color=colour, lw=1.6)
            axes.scatter(o.mean, place, s=34, color=colour)
            axes.scatter(arm.by_seed, [place] * len(arm.by_seed), s=16, color=colour, marker="|")
        axes.scatter([], [], s=34, color=colour, label=suite)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.legend(frameon=False, fontsize=9)
    label_axis(axes, "score, 95 % interval over source pictures; strokes: single seeds", grid="x")
    return png(figure)
