"""Statistics of the data set: pure functions of frames, without a store and without Dagster."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np
import polars as pl

from benchmark.agreement import Correlation, Proportion, spearman, wilson
from imgedit_assets.dataset.statistics_classes import (
    ClassRow,
    DialogueRow,
    class_rows,
    dialogue_rows,
)
from imgedit_assets.dataset.statistics_frames import StatisticsFrames
from imgedit_assets.dataset.statistics_funnel import Price, StageRow, prices, stage_rows
from imgedit_assets.dataset.statistics_retries import RetryRow, retry_rows
from imgedit_assets.dataset.statistics_spread import Spread, spread
from imgedit_assets.stages.agreement import CRITERIA, agreement_figures, thresholds
from models.edit_types.spec import Family
from models.image_statistics import STATISTICS
from resources.profile import Accept

SCORE_EDGES = tuple(1 + n / 4 for n in range(17))
"""1 to 5 in quarters."""

UNIT_EDGES = tuple(n / 10 for n in range(11))
"""0 to 1 in tenths."""

SHORT_SIDE_EDGES_PX = (0.0, 256.0, 512.0, 768.0, 1024.0, 1280.0, 1536.0, 2048.0, 4096.0)

SMALL_CHANGE_FRAC = 0.01
"""The paper counts local edits whose changed area is below this."""

CHANGED_EDGES = (0.0, 0.001, 0.003, SMALL_CHANGE_FRAC, 0.03, 0.1, 0.3, 1.0)
"""About three to a decade, with an edge at the paper's 1 %."""

WORD = r"[\p{L}\p{N}]+(?:['\x{2019}-][\p{L}\p{N}]+)*"
"""Runs of letters or digits, joined by apostrophes and hyphens: "dog's", "half-open"."""

LENGTH_EDGES = tuple(n + 0.5 for n in range(41))
"""One bin for each number of words up to 40; a brief asks for 30 at most."""

ROWS_AT_ONCE = 200_000
"""So many sentences are split at once, which bounds the memory that their words take."""

UNSTATED = "not stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The instructions in figures. Words are compared in lower case."""

    distinct_words: int
    lengths: Spread
    """In words."""
    repeated: Proportion
    """Instructions whose words, in order, an earlier instruction had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRow:
    """One licence."""

    images: int
    """Source images and frames under it."""
    pairs: int
    """Accepted pairs made of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the accepted pairs were made of."""

    images: int
    """Different images, or first frames, that have an accepted pair."""
    near_duplicates: Proportion
    """Filtered images whose perceptual hash is near an earlier one's, among all."""
    near_duplicate_bits: int
    licences: Mapping[str, LicenceRow]
    """By licence, that of the most pairs first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One figure of a judge's agreement with the oracle, with its 95 % interval."""

    measured_on: str
    """`probes`: results of known flaws; `pairs`: what the painter made of studio scenes."""
    figure: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A statistic of the targets that no judge sees: whether what it likes has it more."""

    name: str
    judged: Spread
    accepted: Spread
    correlation: Correlation
    """Spearman's, of the score with it, over the judged pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetStatistics:
    """Everything that the report says. NaN where a figure is not defined."""

    accepted: Proportion
    """Accepted pairs among the painted ones."""
    classes: tuple[ClassRow, ...]
    dialogues: tuple[DialogueRow, ...]
    stages: tuple[StageRow, ...]
    prices: tuple[Price, ...]
    """All classes together first."""
    retries: tuple[RetryRow, ...]
    """What further results bring; empty where there are none."""
    scores: Mapping[str, Spread]
    """`score` and the three criteria over the judged pairs, `accepted` over the accepted ones."""
    wording: Wording
    short_side_px: Spread
    changed_frac: Spread
    """Of all accepted pairs."""
    local_changed_frac: Spread
    """Of accepted pairs of the local family."""
    small_changes: Proportion
    """Local edits whose changed area is under 1 %."""
    sources: Sources
    unseen: tuple[Unseen, ...]
    agreement: tuple[Agreement, ...]
    thresholds: Mapping[str, float]
    """Those of acceptance, by their names in the profile: precision and recall are at them."""
    left_out: str
    """Which classes the agreement leaves out, and why; empty where it leaves out none."""
    judges: Mapping[str, int]
    """Accepted pairs by judge."""
    painters: Mapping[str, int]
    """Painted pairs by painter."""
    finished_at: str
    """When the last of the partitions was finished; empty where there is none."""


def dataset_statistics(
    frames: StatisticsFrames,
    families: Mapping[str, Family],
    *,
    near_duplicate_bits: int,
    accept: Accept,
    left_out: str,
) -> DatasetStatistics:
    """All statistics.

    Args:
        frames: The rows.
        families: The family of each declared edit type; rows of others are counted as well.
        near_duplicate_bits: Perceptual hashes this close are one image.
        accept: What a pair needs to be accepted.
        left_out: Which classes the agreement leaves out, in words.
    """
    accepted = frames.accepted
    classes = class_rows(frames.partitions, accepted, families)
    local = _local(accepted, families)["changed_frac"].to_numpy()
    hits, n = sum(c.accepted.hits for c in classes), sum(c.accepted.n for c in classes)
    return DatasetStatistics(
        accepted=wilson(hits, n),
        classes=classes,
        dialogues=dialogue_rows(frames.scored, accepted),
        stages=stage_rows(frames.partitions, frames.units),
        prices=prices(frames.partitions, frames.units),
        retries=retry_rows(frames.scored, frames.painted, frames.further, accept),
        scores=_scores(frames.scored, accepted),
        wording=wording(accepted["instruction"]),
        short_side_px=spread(_short_side(accepted).to_numpy(), SHORT_SIDE_EDGES_PX),
        changed_frac=spread(accepted["changed_frac"].to_numpy(), CHANGED_EDGES),
        local_changed_frac=spread(local, CHANGED_EDGES),
        small_changes=wilson(int((local < SMALL_CHANGE_FRAC).sum()), local.size),
        sources=sources(accepted, frames.images, frames.roots, max_bits=near_duplicate_bits),
        unseen=tuple(_unseen(name, frames.scored, accepted) for name in STATISTICS),
        agreement=(
            *_agreement("probes", frames.probes, accept),
            *_agreement("pairs", frames.scored, accept),
        ),
        thresholds=thresholds(accept),
        left_out=left_out,
        judges=_counts(accepted["judge"]),
        painters=_counts(frames.painted["painter"]),
        finished_at=str(frames.partitions["finished_at"].max() or ""),
    )


def as_json(statistics: DatasetStatistics) -> dict[str, Any]:
    """The statistics as JSON values; null where a figure is not defined, as JSON knows no NaN."""
    plain: dict[str, Any] = _without_nan(asdict(statistics))
    return plain


def _without_nan(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _scores(scored: pl.DataFrame, accepted: pl.DataFrame) -> dict[str, Spread]:
    judged = {name: spread(scored[name].to_numpy(), SCORE_EDGES) for name in CRITERIA}
    return {**judged, "accepted": spread(accepted["score"].to_numpy(), SCORE_EDGES)}


def _local(accepted: pl.DataFrame, families: Mapping[str, Family]) -> pl.DataFrame:
    names = [name for name, family in families.items() if family is Family.LOCAL]
    return accepted.filter(pl.col("edit_type").is_in(names))


def _short_side(accepted: pl.DataFrame) -> pl.Series:
    return accepted.select(pl.min_horizontal("width", "height").alias("px"))["px"]


def _unseen(name: str, scored: pl.DataFrame, accepted: pl.DataFrame) -> Unseen:
    # Rows of before it was measured hold NaN.
    known = scored.drop_nans(name)
    return Unseen(
        name=name,
        judged=spread(known[name].to_numpy(), UNIT_EDGES),
        accepted=spread(accepted[name].to_numpy(), UNIT_EDGES),
        correlation=spearman(known["score"].to_numpy(), known[name].to_numpy()),
    )


def _agreement(measured_on: str, frame: pl.DataFrame, accept: Accept) -> list[Agreement]:
    figures = agreement_figures(frame, accept)
    return [
        Agreement(
            measured_on=measured_on,
            figure=name,
            value=figures[name],
            low=figures.get(f"{name}_low", float("nan")),
            high=figures.get(f"{name}_high", float("nan")),
            n=int(figures[f"{name}_n"]),
        )
        for name in ("spearman", "precision", "recall")
        if name in figures
    ]


def _counts(names: pl.Series) -> dict[str, int]:
    counted = names.value_counts(sort=True, name="n")
    return dict(counted.iter_rows())


def wording(instructions: pl.Series) -> Wording:
    """The figures of some instructions, each counted as often as it occurs."""
    seen = pl.Series(dtype=pl.String)
    lengths, sentences = [np.zeros(0)], [pl.Series(dtype=pl.UInt64)]
    for some in instructions.to_frame("text").iter_slices(ROWS_AT_ONCE):
        words = some["text"].str.to_lowercase().str.extract_all(WORD)
        lengths.append(words.list.len().to_numpy())
        # 64 bits: among ten million sentences two collide with a probability below 1e-5.
        sentences.append(words.list.join(" ").hash())
        seen = pl.concat([seen, words.explode().drop_nulls().unique()]).unique()
    n = len(instructions)
    return Wording(
        distinct_words=len(seen),
        lengths=spread(np.concatenate(lengths), LENGTH_EDGES),
        repeated=wilson(n - pl.concat(sentences).n_unique(), n),
    )


def sources(
    accepted: pl.DataFrame, images: pl.DataFrame, roots: pl.DataFrame, *, max_bits: int
) -> Sources:
    """The figures of the sources.

    Args:
        accepted: `root_version_id` of each accepted pair.
        images: `phash`, 16 hex digits, of each filtered image.
        roots: `version_id` and `licence` of every source image, frame and imported source.
        max_bits: Perceptual hashes this close are one image.
    """
    return Sources(
        images=accepted["root_version_id"].n_unique(),
        near_duplicates=_near_duplicates(images["phash"], max_bits),
        near_duplicate_bits=max_bits,
        licences=_licences(accepted, roots),
    )


def _near_duplicates(hashes: pl.Series, max_bits: int) -> Proportion:
    from models.similarity.phash import groups

    numbers = hashes.str.to_integer(base=16, dtype=pl.UInt64).to_numpy()
    first = groups(numbers, max_bits)
    return wilson(int(np.count_nonzero(first != np.arange(first.size))), len(hashes))


def _licences(accepted: pl.DataFrame, roots: pl.DataFrame) -> dict[str, LicenceRow]:
    # Two imported pairs, or two shards, may share one picture: its licence counts once.
    stated = roots.unique("version_id", keep="first", maintain_order=True).with_columns(
        pl.col("licence").replace("", UNSTATED)
    )
    made = accepted.group_by("root_version_id").len("pairs")
    counted = (
        stated.join(made, left_on="version_id", right_on="root_version_id", how="left")
        .group_by("licence")
        .agg(pl.len().alias("images"), pl.col("pairs").sum())
        .sort("pairs", "images", "licence", descending=[True, True, False])
    )
    return {name: LicenceRow(images=i, pairs=n) for name, i, n in counted.iter_rows()}
