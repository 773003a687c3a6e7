"""Jobs of assets that are partitioned alike: launched by hand, and what runs are listed under."""

import dagster as dg

from imgedit_assets.assets.build import DATASET
from imgedit_assets.assets.editor import EDITORS, STUDY
from imgedit_assets.assets.judge import CORPUS, JUDGES
from imgedit_assets.assets.leaderboard import LEADERBOARD
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
    description="Statistics, preferences and the release, of all accepted pairs.",
)

cases_job = dg.define_asset_job(
    "benchmark_suites",
    selection=_by("suite"),
    description="The cases of one suite of the benchmark.",
)

scores_job = dg.define_asset_job(
    "benchmark_editors",
    selection=_by("editor", "suite"),
    description="One editor's outputs for one suite, and the judge's verdicts on them.",
)

leaderboard_job = dg.define_asset_job(
    "benchmark_leaderboard",
    selection=dg.AssetSelection.assets(LEADERBOARD),
    description="Where the editors stand, of all verdicts that there are.",
)

corpus_job = dg.define_asset_job(
    "judge_lessons",
    selection=dg.AssetSelection.assets(CORPUS),
    description="What judges learn from, of all pairs that there are.",
)

judges_job = dg.define_asset_job(
    "judges",
    selection=dg.AssetSelection.assets(*JUDGES),
    description="One judge variant's checkpoint, and how far it agrees with the truth.",
)

editors_job = dg.define_asset_job(
    "editors",
    selection=dg.AssetSelection.assets(*EDITORS),
    description="Both stages of one editor variant, trained on the pairs that there are.",
)

study_job = dg.define_asset_job(
    "filtering_study_report",
    selection=dg.AssetSelection.assets(STUDY),
    description="Whether filtering pays, of all scores of the study's variants that there are.",
)

ASSET_JOBS = (
    *(regions_job, pairs_job, dataset_job, cases_job, scores_job, leaderboard_job),
    *(corpus_job, judges_job, editors_job, study_job),
)

_BY_AXES = {
    ("shard",): regions_job,
    ("edit_type", "shard"): pairs_job,
    ("suite",): cases_job,
    ("editor", "suite"): scores_job,
}


def job_of(asset: str) -> str:
    """The name of the job that makes an asset."""
    if asset in GRAPH:
        return _BY_AXES[GRAPH[asset].record.AXES].name
    others = {
        LEADERBOARD: leaderboard_job,
        CORPUS: corpus_job,
        **dict.fromkeys(JUDGES, judges_job),
        **dict.fromkeys(EDITORS, editors_job),
        STUDY: study_job,
    }
    return others.get(asset, dataset_job).name
