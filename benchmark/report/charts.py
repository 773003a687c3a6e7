"""The charts of a report, as SVG that stands inside a page and asks for nothing."""

import io
from collections.abc import Callable, Mapping, Sequence
from math import pi
from typing import TYPE_CHECKING, Any

from benchmark.statistics.bootstrap import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Series = Mapping[str, Mapping[str, Estimate]]
"""The figures of each run, by task."""

INK, MUTED, GRID = "#1f2933", "#616e7c", "#e4e7eb"
COLOURS = ("#2b6a99", "#e0995e", "#4b9b78", "#a05195", "#7a7f87", "#c44e52")
"""Apart also to the colour-blind; a seventh run takes the first again."""

WIDTH_IN = 7.2
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    "text.parse_math": False,
}


def bars(title: str, series: Series, scale: tuple[float, float]) -> str:
    """Bars for each task with their intervals, from the least score on."""
    tasks = _tasks(series)
    height_in = 1.2 + 0.16 * len(tasks) * (len(series) + 1)

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        thick = 0.8 / len(series)
        for number, (label, found) in enumerate(series.items()):
            known = [(at, e, e.mean) for at, t in enumerate(tasks) if (e := found.get(t))]
            sure = [(at, e, mean) for at, e, mean in known if mean is not None]
            places = [at + (number - (len(series) - 1) / 2) * thick for at, _, _ in sure]
            means = [mean for _, _, mean in sure]
            reach = [
                [max(0.0, mean - (mean if e.low is None else e.low)) for _, e, mean in sure],
                [max(0.0, (mean if e.high is None else e.high) - mean) for _, e, mean in sure],
            ]
            lengths = [mean - scale[0] for mean in means]
            axes.barh(
                places,
                lengths,
                left=scale[0],
                height=0.9 * thick,
                color=_colour(number),
                label=label,
            )
            axes.errorbar(means, places, xerr=reach, fmt="none", ecolor=INK, elinewidth=1)
        axes.set_yticks(range(len(tasks)), tasks)
        axes.invert_yaxis()
        axes.set_xlim(scale[0], scale[1] + 0.02 * (scale[1] - scale[0]))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", color=GRID)
        axes.set_axisbelow(True)
        _finish(figure, axes, title)

    return _svg(draw, height_in)


def radar(title: str, series: Series, scale: tuple[float, float]) -> str:
    """A corner for each task; empty for fewer than three, which have no area."""
    tasks = _tasks(series)
    if len(tasks) < 3:
        return ""
    angles = [2 * pi * at / len(tasks) for at in range(len(tasks))]

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot(projection="polar")
        for number, (label, found) in enumerate(series.items()):
            means = [e.mean if (e := found.get(task)) else None for task in tasks]
            around = [scale[0] if mean is None else mean for mean in means]
            closed = ([*angles, angles[0]], [*around, around[0]])
            axes.plot(*closed, color=_colour(number), lw=1.6, label=label)
            axes.fill(*closed, color=_colour(number), alpha=0.08)
        axes.set_xticks(angles, tasks)
        axes.set_ylim(*scale)
        axes.set_yticks([scale[0] + part * (scale[1] - scale[0]) / 4 for part in range(1, 5)])
        axes.grid(color=GRID)
        axes.spines["polar"].set_color(GRID)
        _finish(figure, axes, title)

    return _svg(draw, 5.0)


def scatter(title: str, along: str, points: Sequence[tuple[str, float, Estimate]]) -> str:
    """Scores against what they cost, each run a point with its interval; empty without any."""
    known = [(label, x, e, e.mean) for label, x, e in points if e.mean is not None]
    if not known:
        return ""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        for number, (label, x, e, mean) in enumerate(known):
            axes.plot(x, mean, "o", color=_colour(number), label=label)
            if e.low is not None and e.high is not None:
                axes.plot([x, x], [e.low, e.high], color=_colour(number), lw=1)
        axes.set_xlabel(along, color=MUTED, fontsize=9)
        axes.set_ylabel("overall", color=MUTED, fontsize=9)
        axes.set_xlim(left=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=GRID)
        _finish(figure, axes, title)

    return _svg(draw, 3.2)


def _tasks(series: Series) -> list[str]:
    return list(dict.fromkeys(task for found in series.values() for task in found))


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _finish(figure: "Figure", axes: "Axes", title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=14)
    axes.tick_params(length=0, pad=8, labelsize=9, labelcolor=INK)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)


def _svg(draw: Callable[["Figure"], None], height_in: float) -> str:
    """A figure as an `<svg>` element; its texts are escaped by matplotlib."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained", facecolor="white")
        draw(figure)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
