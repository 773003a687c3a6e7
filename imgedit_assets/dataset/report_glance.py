"""The head of the report: what the data set is, at a glance, beside the paper's figures."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from imgedit_assets.dataset.report_markdown import NOTHING, mean, number, percent, rate, table
from imgedit_assets.dataset.statistics import DatasetStatistics

Line = list[str]
"""A figure's name, ours, its n, and the paper's."""


@cache
def paper() -> dict[str, Any]:
    """What the paper reports of its own data set (`report_paper.toml`)."""
    text = files("imgedit_assets.dataset").joinpath("report_paper.toml").read_text("utf-8")
    return tomllib.loads(text)


def opening(s: DatasetStatistics) -> Iterator[str]:
    """What there is, in a paragraph."""
    if not s.stages:
        yield "There are 0 rows: nothing has been made yet. `imgedit run` makes a first data set."
        return
    yield (
        f"{s.accepted.hits:,} accepted pairs of {s.accepted.n:,} painted ones, made from "
        f"{s.sources.images:,} images. The last partition was finished at {_minute(s)}."
    )
    yield (
        "Intervals are of 95 %: Wilson's for rates, the normal approximation for means. A turn of "
        "a dialogue counts as a pair."
    )


def glance(s: DatasetStatistics) -> str:
    """The main figures."""
    lines = [*_size(s), *_words(s), *_pictures(s), *_price(s)]
    return table(["figure", "here", "n", "the paper's"], lines)


def _minute(s: DatasetStatistics) -> str:
    return f"{datetime.fromisoformat(s.finished_at):%Y-%m-%d %H:%M} UTC"


def _size(s: DatasetStatistics) -> Iterator[Line]:
    total, score = sum(paper()["pairs"].values()), s.scores["accepted"]
    judged = f"{paper()['mean_score']} (n = 1,000)"
    yield _line("accepted pairs", f"{s.accepted.hits:,}", s.accepted.n, f"{total:,}")
    yield _line("accept rate", rate(s.accepted), s.accepted.n)
    yield _line("mean score, 1 to 5 (the paper's judge: GPT-4o)", mean(score), score.n, judged)


def _words(s: DatasetStatistics) -> Iterator[Line]:
    words, lengths = s.wording, s.wording.lengths
    middle = f"{number(lengths.median, 0)} and {number(lengths.p95, 0)}"
    theirs = f"{paper()['distinct_words']:,}"
    yield _line("distinct words in instructions", f"{words.distinct_words:,}", lengths.n, theirs)
    yield _line("words in an instruction, mean", mean(lengths, 1), lengths.n)
    yield _line("words in an instruction, median and 95th percentile", middle, lengths.n)
    yield _line("instructions that repeat an earlier one", rate(words.repeated), words.repeated.n)


def _pictures(s: DatasetStatistics) -> Iterator[Line]:
    side, near = s.short_side_px, s.sources.near_duplicates
    yield _line("short side, mean, px", mean(side, 0), side.n, f"{paper()['mean_short_side_px']:,}")
    yield _line(
        "local edits with a changed area under 1 %",
        rate(s.small_changes),
        s.small_changes.n,
        percent(paper()["small_change_frac"]),
    )
    yield _line(
        f"images within {s.sources.near_duplicate_bits} bits of an earlier one (perceptual hash)",
        rate(near),
        near.n,
    )


def _price(s: DatasetStatistics) -> Iterator[Line]:
    for every in s.prices[:1]:
        n = every.accepted
        yield _line("seconds of compute for each accepted pair", number(every.seconds), n)
        yield _line("USD billed for each accepted pair", number(every.cost_usd, 4), n)


def _line(figure: str, ours: str, n: int, theirs: str = NOTHING) -> Line:
    return [figure, ours, f"{n:,}", theirs]
