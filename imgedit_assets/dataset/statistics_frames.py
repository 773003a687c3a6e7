"""What the statistics are computed from: narrow frames, read from the store in one place."""

from dataclasses import dataclass

import polars as pl

from imgedit_assets.dataset.statistics_retries import COLUMNS as SCORED_COLUMNS
from imgedit_assets.stages.agreement import CRITERIA
from models.image_statistics import STATISTICS
from resources.schema import (
    AcceptedPair,
    EditPair,
    FilteredImage,
    Head,
    ImportedPair,
    JudgeProbe,
    RetriedPair,
    ScoredPair,
    SourceImage,
    Unit,
    VideoFrame,
)
from resources.schema.keys import key_on
from resources.store import Store

ACCEPTED_COLUMNS = (
    *("edit_type", "instruction_id", "instruction", "turns", "root_version_id", "width", "height"),
    *("score", "changed_frac", "judge", *STATISTICS),
)
PROBE_COLUMNS = (*CRITERIA, "oracle_failure")
HEAD_COLUMNS = ("asset", "partition", "row_ids", "units", "rejects", "finished_at")
UNIT_COLUMNS = ("asset", "partition", "rejects", "seconds", "cost_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsFrames:
    """Current rows; each frame may be empty."""

    accepted: pl.DataFrame
    """`ACCEPTED_COLUMNS` of every accepted pair."""
    scored: pl.DataFrame
    """`SCORED_COLUMNS` and `STATISTICS` of every judged pair."""
    further: pl.DataFrame
    """`SCORED_COLUMNS`, `number` and `way` of every further result."""
    painted: pl.DataFrame
    """`edit_type`, `painter`, `seconds` and `cost_usd` of every painted pair."""
    probes: pl.DataFrame
    """`PROBE_COLUMNS` of every judge probe."""
    images: pl.DataFrame
    """`phash` of every filtered image."""
    roots: pl.DataFrame
    """`version_id` and `licence` of every source image, frame and imported source."""
    partitions: pl.DataFrame
    """`asset`, `edit_type`, `rows`, `units`, `rejects`, `finished_at` of each finished one."""
    units: pl.DataFrame
    """`asset`, `edit_type`, and over their units `whole`, `seconds` and `cost_usd` in sums."""


def read_frames(store: Store) -> StatisticsFrames:
    """Read what the statistics need: a few columns of each table, never pixels."""
    return StatisticsFrames(
        accepted=store.frame(AcceptedPair.TABLE, ACCEPTED_COLUMNS),
        scored=store.frame(ScoredPair.TABLE, [*SCORED_COLUMNS, *STATISTICS]),
        further=store.frame(RetriedPair.TABLE, [*SCORED_COLUMNS, "number", "way"]),
        painted=store.frame(EditPair.TABLE, ["edit_type", "painter", "seconds", "cost_usd"]),
        probes=store.frame(JudgeProbe.TABLE, PROBE_COLUMNS),
        images=store.frame(FilteredImage.TABLE, ["phash"]),
        roots=_roots(store),
        partitions=_partitions(store),
        units=_units(store),
    )


def _roots(store: Store) -> pl.DataFrame:
    columns = {
        SourceImage.TABLE: "version_id",
        VideoFrame.TABLE: "version_id",
        ImportedPair.TABLE: "source_version_id",
    }
    return pl.concat(
        store.frame(asset, [version, "licence"]).rename({version: "version_id"})
        for asset, version in columns.items()
    )


def _partitions(store: Store) -> pl.DataFrame:
    heads = store.table_frame(Head, HEAD_COLUMNS)
    rows = pl.col("row_ids").list.len().cast(pl.Int64)
    return heads.with_columns(key_on("edit_type"), rows=rows).drop("row_ids", "partition")


def _units(store: Store) -> pl.DataFrame:
    return (
        store.table_frame(Unit, UNIT_COLUMNS)
        .group_by("asset", key_on("edit_type"))
        .agg((pl.col("rejects") == 0).sum().alias("whole"), pl.col("seconds", "cost_usd").sum())
    )
