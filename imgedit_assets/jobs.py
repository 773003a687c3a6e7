"""Jobs of assets that are partitioned alike: launched by hand, and what runs are listed under."""

import dagster as dg

from imgedit_assets.assets.build import DATASET
from imgedit_assets.graph import GRAPH


def _by(*axes: str) -> dg.AssetSelection:
    """The assets that have just these axes."""
    return dg.AssetSelection.assets(*(a.name for a in GRAPH.values() if axes == a.record.AXES))


regions_job = dg.define_asset_job(
    "images_to_regions",
    selection=_by("shard"),
    description="One shard's images, up to its editable regions.",
)

pairs_job = dg.define_asset_job(
    "regions_to_pairs",
    selection=_by("edit_type", "shard"),
    description="One shard's pairs of one edit type, up to the accepted ones.",
)

dataset_job = dg.define_asset_job(
    "dataset",
    selection=dg.AssetSelection.assets(*DATASET),
    description="Statistics and the release, of all accepted pairs.",
)

ASSET_JOBS = (regions_job, pairs_job, dataset_job)


def job_of(asset: str) -> str:
    """The name of the job that makes an asset."""
    axes = GRAPH[asset].record.AXES if asset in GRAPH else ()
    by_axes = {("shard",): regions_job, ("edit_type", "shard"): pairs_job}
    return by_axes.get(axes, dataset_job).name
