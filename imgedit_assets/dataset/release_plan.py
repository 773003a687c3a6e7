"""Which pairs may go into a release, which do, in which splits, under which version."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import polars as pl

from imgedit_assets.artefacts.publishing import content_id
from imgedit_assets.dataset.gates import COLUMNS as GATED_COLUMNS
from imgedit_assets.dataset.gates import Gated, Limits, gate
from resources.benchmarks import Benchmark, read_benchmark
from resources.factory import Factory
from resources.profile import Release
from resources.recipes import canonical_json
from resources.schema import AcceptedPair, FilteredImage, ImportedPair, SourceImage, VideoFrame
from resources.store import Store

RELEASE = "release"

ORDER = ("split", "edit_type", "shard", "instruction_id", "turn")
"""Rows of a release: the turns of a dialogue follow each other."""

FEW_ORIGINALS = 20
"""Of fewer, the 95 % interval of a share is wider than 0.4 at its middle (Wilson)."""

ACCEPTED_COLUMNS = (
    *("id", "shard", "edit_type", "instruction_id", "instruction", "turn", "turns"),
    *("root_version_id", "unsafe"),
)

ORIGINAL_COLUMNS = (
    *("root_version_id", "source_row_id", "image_id", "uri", "source_sha256", "source_phash"),
    *("licence", "attribution", "group"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a release will hold."""

    rows: pl.DataFrame
    """The kept candidates with their `split`, in the release's order."""
    gated: Gated
    limits: Limits
    benchmarks: tuple[Benchmark, ...]
    version: str
    """The same rows under the same settings have the same."""


def plan_release(factory: Factory, benchmarks: Sequence[Benchmark] | None = None) -> Plan:
    """Take the accepted pairs through the gates and give each its split.

    Args:
        factory: Store and profile.
        benchmarks: What must not be in it; by default what the profile names.

    Raises:
        ImgEditError: A benchmark that the profile names cannot be read.
    """
    release = factory.profile.release
    if benchmarks is None:
        benchmarks = [read_benchmark(folder) for folder in release.benchmarks]
    limits = Limits.of(release, factory.profile.images)
    # Sorted first: which of two duplicates is kept must not depend on the order of runs.
    found = candidates(factory.store).sort("edit_type", "shard", "instruction_id", "turn")
    gated = gate(found.select(GATED_COLUMNS), benchmarks, limits)
    kept = found.filter(pl.col("id").is_in(gated.kept.implode()))
    rows = with_splits(kept, release).sort(ORDER)
    settings = canonical_json(release.model_dump(mode="json"))
    return Plan(
        rows=rows,
        gated=gated,
        limits=limits,
        benchmarks=tuple(benchmarks),
        version=content_id(RELEASE, settings, *rows["id"].sort()),
    )


def candidates(store: Store) -> pl.DataFrame:
    """Every accepted pair with its original: `ACCEPTED_COLUMNS` and `ORIGINAL_COLUMNS`.

    `group` is the same for originals that must stay in one split: an image's digest, a clip.
    """
    accepted = store.frame(AcceptedPair.TABLE, ACCEPTED_COLUMNS)
    found = accepted.join(originals(store), on="root_version_id", how="left", maintain_order="left")
    return found.with_columns(group=pl.col("group").fill_null(pl.col("root_version_id")))


def originals(store: Store) -> pl.DataFrame:
    """Every image, frame and imported source by its root version: `ORIGINAL_COLUMNS`."""
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


def with_splits(frame: pl.DataFrame, release: Release) -> pl.DataFrame:
    """The frame with a column `split`: all rows of one `group` are in one of them.

    The group's own digest decides, so a split never changes as the set grows.
    """
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


def thin_splits(rows: pl.DataFrame, release: Release) -> str:
    """Which held-out splits have too few originals to measure anything on; empty if none.

    Args:
        rows: Those of a plan.
        release: The shares of originals that are to be held out.
    """
    shares = {"validation": release.validation_frac, "test": release.test_frac}
    sizes = {s: rows.filter(pl.col("split") == s)["group"].n_unique() for s in shares}
    thin = [s for s, share in shares.items() if share and sizes[s] < FEW_ORIGINALS]
    if not thin:
        return ""
    held = " and ".join(f"{split} holds {sizes[split]}" for split in thin)
    return (
        f"Fewer than {FEW_ORIGINALS} source images measure little: {held}. Add sources, or raise "
        + " and ".join(f"{split}_frac" for split in thin)
        + " in the profile's [release]."
    )
