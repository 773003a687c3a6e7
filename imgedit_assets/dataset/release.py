"""A release: which pairs, in which splits, under which name; and writing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from imgedit_assets.dataset.candidates import candidates, with_splits
from imgedit_assets.dataset.gates import COLUMNS as GATED_COLUMNS
from imgedit_assets.dataset.gates import Gated, Limits, gate
from imgedit_assets.dataset.release_card import card_facts
from imgedit_assets.dataset.samples import release_samples
from resources.benchmarks import Benchmark, read_benchmark
from resources.factory import Factory, Progress
from resources.recipes import canonical_json, digest
from resources.releases.front_matter import Layout
from resources.releases.write import Written, write_release
from resources.schema import Collection, Rendition

if TYPE_CHECKING:
    import polars as pl

LAYOUTS: tuple[Layout, ...] = ("huggingface", "webdataset")
"""What `dataset_release` writes."""

ORDER = ("split", "edit_type", "shard", "instruction_id", "turn")
"""Rows of a release: the turns of a dialogue follow each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a release will hold."""

    rows: "pl.DataFrame"
    """The kept candidates with their `split`, in the release's order."""
    gated: Gated
    limits: Limits
    benchmarks: tuple[Benchmark, ...]
    version: str
    """12 hex digits: the same rows under the same settings have the same version."""


def plan_release(factory: Factory, benchmarks: Sequence[Benchmark] | None = None) -> Plan:
    """Take the accepted pairs through the gates and give each its split.

    Args:
        factory: Store and profile.
        benchmarks: What must not be in it; by default what the profile names.

    Raises:
        ImgEditError: A benchmark that the profile names cannot be read.
    """
    import polars as pl

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
        version=digest("release", settings, *rows["id"].sort())[:12],
    )


def release_folder(factory: Factory, plan: Plan) -> Path:
    """Where a release of this plan is kept: `releases/<name>-<version>` under the home."""
    return factory.home.releases / f"{factory.profile.release.name}-{plan.version}"


def write(
    factory: Factory, plan: Plan, folder: Path, layouts: Sequence[Layout], *, run_id: str = ""
) -> Written:
    """Write a plan as a release.

    Raises:
        ImgEditError: There is nothing to release, or the folder cannot be written.
    """
    progress = Progress(asset="dataset_release")
    factory.on_progress(progress.at(total=plan.rows.height))
    written = write_release(
        folder,
        release_samples(factory.store, plan.rows),
        facts=card_facts(factory, plan, run_id),
        layouts=layouts,
        shard_mb=factory.profile.release.shard_mb,
        published_at=datetime.now(UTC).date().isoformat(),
        progress=lambda _: factory.on_progress(progress.at(total=plan.rows.height, advanced=1)),
        tell=factory.journal.warn,
    )
    # A release adds a fragment for each few dozen pairs; nothing else merges them.
    factory.store.compact([Rendition])
    return written


def record(factory: Factory, plan: Plan, folder: Path, *, run_id: str = "") -> None:
    """Note which rows a release holds, where that is not noted yet."""
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    factory.store.insert(
        Collection,
        [
            Collection(
                id=digest("release", str(folder.resolve()), plan.version),
                kind="release",
                name=folder.name,
                path=str(folder.resolve()),
                row_ids=tuple(plan.rows["id"]),
                parent_ids=(),
                run_id=run_id,
                made_at=made_at,
            )
        ],
    )
