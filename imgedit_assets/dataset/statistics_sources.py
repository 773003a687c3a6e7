"""What the pairs were made of: source images, their near duplicates, and their licences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmark.agreement import Proportion, wilson

if TYPE_CHECKING:
    import polars as pl

UNSTATED = "not stated"


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


def sources(
    accepted: "pl.DataFrame", images: "pl.DataFrame", roots: "pl.DataFrame", *, max_bits: int
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


def _near_duplicates(hashes: "pl.Series", max_bits: int) -> Proportion:
    import polars as pl

    from models.similarity.phash import groups

    numbers = hashes.str.to_integer(base=16, dtype=pl.UInt64).to_numpy()
    first = groups(numbers, max_bits)
    return wilson(int(np.count_nonzero(first != np.arange(first.size))), len(hashes))


def _licences(accepted: "pl.DataFrame", roots: "pl.DataFrame") -> dict[str, LicenceRow]:
    import polars as pl

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
