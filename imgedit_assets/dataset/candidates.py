"""What may go into a release: accepted pairs, with what is known of the image each is made from."""

from hashlib import sha256
from typing import TYPE_CHECKING

from resources.profile import Release
from resources.schema import AcceptedPair, FilteredImage, ImportedPair, SourceImage, VideoFrame
from resources.store import Store

if TYPE_CHECKING:
    import polars as pl

ACCEPTED_COLUMNS = (
    *("id", "shard", "edit_type", "instruction_id", "instruction", "turn", "turns"),
    *("root_version_id", "unsafe"),
)
ORIGINAL_COLUMNS = (
    *("root_version_id", "source_row_id", "image_id", "uri", "source_sha256", "source_phash"),
    *("licence", "attribution", "group"),
)


def candidates(store: Store) -> "pl.DataFrame":
    """Every accepted pair with its original: `ACCEPTED_COLUMNS` and `ORIGINAL_COLUMNS`.

    `group` is the same for originals that must stay in one split: an image's digest, a clip.
    """
    import polars as pl

    accepted = store.frame(AcceptedPair.TABLE, ACCEPTED_COLUMNS)
    found = accepted.join(originals(store), on="root_version_id", how="left", maintain_order="left")
    return found.with_columns(group=pl.col("group").fill_null(pl.col("root_version_id")))


def originals(store: Store) -> "pl.DataFrame":
    """Every image, frame and imported source by its root version: `ORIGINAL_COLUMNS`."""
    import polars as pl

    said = ["licence", "attribution", "uri"]
    images = store.frame(SourceImage.TABLE, ["id", "version_id", "sha256", *said]).join(
        store.frame(FilteredImage.TABLE, ["id", "version_id", "phash"]).rename({"id": "image_id"}),
        on="version_id",
        how="left",
    )
    frames = store.frame(VideoFrame.TABLE, ["id", "version_id", "sha256", "phash", "clip", *said])
    imported = store.frame(
        ImportedPair.TABLE, ["id", "source_version_id", "sha256", "phash", *said]
    ).rename({"source_version_id": "version_id"})
    whole = [
        images.with_columns(group=pl.col("sha256")),
        frames.with_columns(group="clip " + pl.col("clip"), image_id=pl.col("id")),
        imported.with_columns(group=pl.col("sha256"), image_id=pl.col("id")),
    ]
    names = {"version_id": "root_version_id", "id": "source_row_id"}
    renamed = {"sha256": "source_sha256", "phash": "source_phash"}
    return pl.concat(
        [frame.rename(names | renamed).select(ORIGINAL_COLUMNS) for frame in whole]
    ).unique("root_version_id", keep="first", maintain_order=True)


def with_splits(frame: "pl.DataFrame", release: Release) -> "pl.DataFrame":
    """The frame with a column `split`: all rows of one `group` are in one of them.

    The group's own digest decides, so a split never changes as the set grows.
    """
    import polars as pl

    groups = frame["group"].unique().to_list()
    splits = {group: split_of(group, release) for group in groups}
    found = pl.DataFrame(
        {"group": list(splits), "split": list(splits.values())},
        schema={"group": pl.String, "split": pl.String},
    )
    return frame.join(found, on="group", how="left", maintain_order="left")


def split_of(group: str, release: Release) -> str:
    """`test`, `validation` or `train`, by where the group's digest falls between 0 and 1."""
    share = int(sha256(group.encode()).hexdigest()[:12], 16) / 16**12
    if share < release.test_frac:
        return "test"
    return "validation" if share < release.test_frac + release.validation_frac else "train"
