"""Which pairs a release will hold, in which splits, under which version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgedit_assets.artefacts import content_id
from imgedit_assets.dataset.candidates import candidates, with_splits
from imgedit_assets.dataset.gates import COLUMNS as GATED_COLUMNS
from imgedit_assets.dataset.gates import Gated, Limits, gate
from resources.benchmarks import Benchmark, read_benchmark
from resources.factory import Factory
from resources.recipes import canonical_json

if TYPE_CHECKING:
    import polars as pl

RELEASE = "release"

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
    """The same rows under the same settings have the same."""


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
        version=content_id(RELEASE, settings, *rows["id"].sort()),
    )
