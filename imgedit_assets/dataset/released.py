"""The rows of a release as its files hold them."""

from pathlib import Path
from typing import TYPE_CHECKING

from imgedit_assets.dataset.candidates import originals
from resources.store import Store

if TYPE_CHECKING:
    import polars as pl

COLUMNS = ("id", "split", "instruction_id", "instruction", "turns", "source_row_id", "unsafe")


def released_rows(store: Store, folder: Path) -> "pl.DataFrame":
    """What a release says of its pairs, with the hashes of their originals.

    Args:
        store: Knows the hashes.
        folder: A release in the layout of `datasets`.
    """
    import polars as pl

    rows = pl.read_parquet(folder / "data" / "*.parquet", columns=list(COLUMNS))
    known = originals(store).select("source_row_id", "root_version_id", "source_phash", "group")
    return rows.join(known, on="source_row_id", how="left", maintain_order="left")


def torn_groups(rows: "pl.DataFrame") -> list[str]:
    """Source images and clips that are in more than one split."""
    import polars as pl

    splits = rows.drop_nulls("group").group_by("group").agg(pl.col("split").n_unique())
    return splits.filter(pl.col("split") > 1)["group"].sort().to_list()
