"""All assets of a profile, which names the keys of most of their axes."""

from collections.abc import Sequence

import dagster as dg

from imgedit_assets.assets.axes import Keys
from imgedit_assets.assets.dataset import dataset_statistics
from imgedit_assets.assets.editor import EDITOR_VARIANT, editor_assets
from imgedit_assets.assets.judge import PREFERENCES, VARIANT, judge_assets
from imgedit_assets.assets.leaderboard import leaderboard
from imgedit_assets.assets.release import dataset_release
from imgedit_assets.assets.rows import row_asset
from imgedit_assets.graph import GRAPH
from resources.profile import Profile
from resources.profile_variants import variant_names

DATASET = ("dataset_statistics", PREFERENCES, "dataset_release")
"""The assets about the data set as a whole."""


def axis_keys(profile: Profile, edit_types: Sequence[str]) -> Keys:
    """The keys of every axis that a profile decides.

    Args:
        profile: Names most of them.
        edit_types: Those that it makes.
    """
    return {
        "edit_type": edit_types,
        VARIANT: variant_names(profile.judges),
        EDITOR_VARIANT: variant_names(profile.editors),
        **profile.benchmark.keys,
    }


def build_assets(
    keys: Keys,
    left_out: Sequence[str] = (),
    *,
    judged_by: str = "",
    benched: Sequence[str] = (),
) -> list[dg.AssetsDefinition]:
    """The assets, from sources to release, judges, editors, and those of the benchmark.

    Args:
        keys: Those that each axis but `shard` has.
        left_out: A line for each file that declares no edit type, though it should; told on the
            pages.
        judged_by: The judge variant that pairs are scored by; empty where it is not trained here.
        benched: The editor variants that the benchmark names.
    """
    rows = [row_asset(line, keys, left_out, judged_by, benched) for line in GRAPH.values()]
    trained = [
        *judge_assets(keys.get(VARIANT, ())),
        *editor_assets(keys.get(EDITOR_VARIANT, ())),
    ]
    return [*rows, *trained, dataset_statistics, dataset_release, leaderboard]
