"""Figures as text, and tables as GitHub's Markdown."""

from collections.abc import Collection, Sequence
from math import isfinite

from benchmark.agreement import Proportion
from imgedit_assets.dataset.statistics_spread import Spread
from resources.markdown import Markup, table_lines

NOTHING = "\N{EN DASH}"
"""Stands where a figure is not defined."""


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, words: Collection[int] = (0,)
) -> str:
    """A table.

    Args:
        head: The names of the columns.
        rows: The cells, each row as many as the head has.
        words: The columns that hold words; the others hold figures.
    """
    rule = [Markup(":---" if i in words else "---:") for i in range(len(head))]
    return "\n".join(table_lines([head, rule, *rows]))


def named(name: str) -> str:
    """A name of the code, for a person."""
    return name.replace("_", " ")


def number(value: float, digits: int = 2) -> str:
    """A number with its thousands apart."""
    return f"{value:,.{digits}f}" if isfinite(value) else NOTHING


def percent(value: float, digits: int = 1) -> str:
    """A share of 1 as per cent."""
    return f"{100 * value:.{digits}f} %" if isfinite(value) else NOTHING


def rate(share: Proportion, digits: int = 1) -> str:
    """A rate with its interval: "96.8 % (94.0 to 98.3)"."""
    if not share.n:
        return NOTHING
    value, low, high = (
        # A rate of 100 is exact; what only rounds to it keeps its decimals.
        "100" if end == 1 else f"{100 * end:.{digits}f}"
        for end in (share.value, share.low, share.high)
    )
    return f"{value} % ({low} to {high})"


def mean(values: Spread, digits: int = 2) -> str:
    """A mean with its interval: "4.71 (4.68 to 4.74)"."""
    if values.n < 2:
        return number(values.mean, digits)
    low, high = number(values.mean_low, digits), number(values.mean_high, digits)
    return f"{number(values.mean, digits)} ({low} to {high})"
