"""The sections of the report on how the pairs came about: classes, funnel, price."""

from collections.abc import Iterator

from imgedit_assets.dataset.report_glance import paper
from imgedit_assets.dataset.report_markdown import NOTHING, named, number, rate, table
from imgedit_assets.dataset.statistics import DatasetStatistics
from imgedit_assets.dataset.statistics_classes import ClassRow
from imgedit_assets.dataset.statistics_funnel import Price, StageRow

GONE = "its file is gone"
"""Marks a class that has rows but is declared by no file that loads."""


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
        "A unit is what a stage does at once: an image, a region, an instruction, a dialogue. "
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


def _reasons(stage: StageRow) -> str:
    return ", ".join(f"{named(reason)} {n:,}" for reason, n in stage.rejects.items()) or NOTHING


def _price(row: Price) -> list[str]:
    return [
        *(named(row.edit_type) or "all", f"{row.accepted:,}"),
        *(number(row.seconds), number(row.upstream_s)),
        *(number(row.cost_usd, 4), number(row.upstream_usd, 4)),
    ]
