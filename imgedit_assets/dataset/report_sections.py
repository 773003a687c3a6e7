"""The sections of the report: classes, stages, scores, pictures, dialogues, licences."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import islice, pairwise
from typing import Any

from imgedit_assets.dataset.report_markdown import (
    NOTHING,
    mean,
    named,
    number,
    percent,
    rate,
    table,
)
from imgedit_assets.dataset.statistics import DatasetStatistics
from imgedit_assets.dataset.statistics_classes import ClassRow
from imgedit_assets.dataset.statistics_funnel import Price, StageRow
from imgedit_assets.dataset.statistics_spread import Histogram, Spread
from imgedit_assets.stages.agreement import in_words

MOST_LICENCES = 20

SCORES = {"score": "score, judged pairs", "accepted": "score, accepted pairs"}

MEASURED_ON = {
    "probes": "studio results of known flaws",
    "pairs": "painted pairs of studio scenes",
}

FIGURES = {
    "spearman": "Spearman's rank correlation",
    "precision": "precision: accepted ones that are good",
    "recall": "recall: good ones that are accepted",
}

GONE = "declared by no file"
"""Marks a class that has rows but is declared by no file that loads."""


@cache
def paper() -> dict[str, Any]:
    """What the paper reports of its own data set (`report_paper.toml`)."""
    text = files("imgedit_assets.dataset").joinpath("report_paper.toml").read_text("utf-8")
    return tomllib.loads(text)


def scores(s: DatasetStatistics) -> Iterator[str]:
    """Means and coarse histograms of the score and its criteria."""
    rows = [
        [
            *(SCORES.get(name, f"{name}, judged pairs"), mean(values)),
            *(number(values.median), f"{values.n:,}"),
            *(percent(share, 0) for share in _by_whole_score(values)),
        ]
        for name, values in s.scores.items()
    ]
    bins = ["1 to 2", "2 to 3", "3 to 4", "4 to 5"]
    yield table(["criterion, 1 to 5", "mean", "median", "n", *bins], rows)


def agreement(s: DatasetStatistics) -> Iterator[str]:
    """How far the judge can be believed."""
    if not s.agreement:
        yield "No pair has an oracle's word: there is no studio scene among the judged ones."
        return
    rows = [
        [
            *(MEASURED_ON[a.measured_on], FIGURES[a.figure], number(a.value, 3)),
            *(f"{number(a.low, 3)} to {number(a.high, 3)}", f"{a.n:,}"),
        ]
        for a in s.agreement
    ]
    yield table(["measured on", "figure", "value", "95 % interval", "n"], rows, words=(0, 1))
    yield f"Precision and recall are those of accepting at {in_words(s.thresholds)}."


UNSEEN = {
    "dark_frac": "share of nearly black pixels",
    "edge_frac": "share of pixels on an edge",
    "saturation": "mean saturation",
}


def unseen(s: DatasetStatistics) -> Iterator[str]:
    """Whether the judge likes pictures for what it should not."""
    rows = [
        [
            *(UNSEEN[one.name], mean(one.judged, 3), mean(one.accepted, 3)),
            number(one.correlation.value),
            f"{number(one.correlation.low)} to {number(one.correlation.high)}",
            f"{one.correlation.n:,}",
        ]
        for one in s.unseen
    ]
    head = ["of the target, 0 to 1", "judged", "accepted", "Spearman with the score"]
    yield table([*head, "95 % interval", "n"], rows)
    yield (
        "A judge that is being gamed shows here: where accepted targets come to differ from the "
        "judged ones, or the score follows one of these more than before, look at the pictures."
    )


def instructions(s: DatasetStatistics) -> Iterator[str]:
    """Words and repetitions in a sentence."""
    words, lengths = s.wording, s.wording.lengths
    yield (
        f"{words.distinct_words:,} distinct words, compared in lower case. An instruction has "
        f"{mean(lengths, 1)} words in the mean, {number(lengths.median, 0)} in the median and "
        f"{number(lengths.p95, 0)} at the 95th percentile (n = {lengths.n:,}); "
        f"{rate(words.repeated)} have the same words as an earlier one."
    )


def pictures(s: DatasetStatistics) -> Iterator[str]:
    """Resolution and changed area."""
    area = s.changed_frac.histogram
    edges = [f"{100 * edge:g}" for edge in area.edges]
    local = s.local_changed_frac
    rows = [
        [f"{low} to {high}", *_cells(local.histogram, i), *_cells(area, i)]
        for i, (low, high) in enumerate(pairwise(edges))
    ]
    yield table(["changed area, %", "local edits", "share", "all pairs", "share"], rows)
    side = s.short_side_px.histogram
    *closed, last = [f"{edge:,.0f}" for edge in side.edges[:-1]]
    names = [*(f"{low} to {high}" for low, high in pairwise([*closed, last])), f"{last} and more"]
    rows = [[name, *_cells(side, i)] for i, name in enumerate(names)]
    yield table(["short side, px", "pairs", "share"], rows)


def dialogues(s: DatasetStatistics) -> Iterator[str]:
    """Turns and acceptance of whole dialogues."""
    if not s.dialogues:
        yield "There are no dialogues among the judged pairs."
        return
    rows = [
        [
            *(named(row.edit_type), f"{row.accepted.n:,}"),
            ", ".join(f"{turns}: {n:,}" for turns, n in row.turns.items()),
            *(f"{row.accepted.hits:,}", rate(row.accepted)),
        ]
        for row in s.dialogues
    ]
    yield table(["class", "dialogues", "by turns", "accepted", "accept rate"], rows)
    yield "A dialogue is accepted if every turn of it is."


def licences(s: DatasetStatistics) -> Iterator[str]:
    """Images and pairs under each licence."""
    rows = [
        [name, f"{row.images:,}", f"{row.pairs:,}"]
        for name, row in islice(s.sources.licences.items(), MOST_LICENCES)
    ]
    yield table(["licence", "images and frames", "accepted pairs"], rows)
    if (rest := len(s.sources.licences) - len(rows)) > 0:
        yield f"And {rest:,} more in `statistics.json`."


def _by_whole_score(values: Spread) -> list[float]:
    shares = values.histogram.shares
    return [sum(shares[i : i + 4]) for i in range(0, len(shares), 4)]


def _cells(histogram: Histogram, i: int) -> tuple[str, str]:
    return f"{histogram.counts[i]:,}", percent(histogram.shares[i])


def class_name(row: ClassRow) -> str:
    """The class, marked where nothing declares it any more."""
    return named(row.edit_type) if row.is_declared else f"{named(row.edit_type)} ({GONE})"


def classes(s: DatasetStatistics) -> Iterator[str]:
    """Rows and accept rate of each class."""
    peers = paper()["pairs"]
    rows = [
        [
            *(class_name(row), named(row.family) or NOTHING),
            *(f"{row.accepted.n:,}", f"{row.accepted.hits:,}", rate(row.accepted)),
            number(row.mean_score),
            f"{peers[row.edit_type]:,}" if row.edit_type in peers else NOTHING,
        ]
        for row in s.classes
    ]
    head = ["class", "family", "painted", "accepted", "accept rate", "mean score"]
    yield table([*head, "the paper's pairs"], rows, words=(0, 1))
    if not all(row.is_declared for row in s.classes):
        yield (
            f"A class marked “{GONE}” has rows, but no edit-type file that loads declares it. Its "
            "rows stay readable; its family is not known, so they are not among the local edits."
        )


def funnel(s: DatasetStatistics) -> Iterator[str]:
    """What went into every stage and what came out."""
    rows = [
        [
            *(named(stage.asset), f"{stage.units:,}", rate(stage.whole), f"{stage.rows:,}"),
            *(number(stage.seconds, 1), number(stage.cost_usd, 4), _reasons(stage)),
        ]
        for stage in s.stages
    ]
    head = ["stage", "units in", "without a reject", "rows out", "seconds", "USD"]
    yield table([*head, "rejects by reason"], rows, words=(0, 6))
    yield (
        "A unit is what a stage does at once: an image, a region, an instruction, a dialogue. Rows "
        "are counted one by one: of a dialogue of three turns that is one unit come three pairs, "
        "so rows and rejects together need not be the units. "
        "Seconds are of compute, summed over units, rejected ones too; lanes that ran side by side "
        "count each."
    )


def prices(s: DatasetStatistics) -> Iterator[str]:
    """Seconds and USD for each accepted pair."""
    head = ["class", "accepted", "seconds", "of which upstream", "USD", "of which upstream"]
    yield table(head, [_price(row) for row in s.prices])
    yield (
        "For each accepted pair, with all that was rejected on the way. Upstream are sources, "
        "images and regions: they serve every class, so each accepted pair bears the same share. "
        "Probes of the judge are left out."
    )


def retries(s: DatasetStatistics) -> Iterator[str]:
    """Yield, precision and price with and without further results."""
    rows = [
        [
            *(named(row.edit_type) or "all of these", row.results, f"{row.accepted.n:,}"),
            *(f"{row.accepted.hits:,}", rate(row.accepted), f"{row.precision.n:,}"),
            *(rate(row.precision), number(row.seconds), number(row.cost_usd, 4)),
        ]
        for row in s.retries
    ]
    head = ["class", "results", "painted first", "accepted", "yield", "known to the oracle"]
    yield table([*head, "precision", "seconds", "USD"], rows, words=(0, 1))
    yield (
        "What would be accepted of first results alone, of these and others by chance, and of all "
        "with the repairs: by the least scores, before quarantine and people's decisions. Seconds "
        "and USD are of painting and judging alone, for each accepted pair."
    )


def _reasons(stage: StageRow) -> str:
    return ", ".join(f"{named(reason)} {n:,}" for reason, n in stage.rejects.items()) or NOTHING


def _price(row: Price) -> list[str]:
    return [
        *(named(row.edit_type) or "all", f"{row.accepted:,}"),
        *(number(row.seconds), number(row.upstream_s)),
        *(number(row.cost_usd, 4), number(row.upstream_usd, 4)),
    ]
