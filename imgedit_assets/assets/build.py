"""All assets of a profile, which names the keys of most of their axes."""

from collections.abc import Sequence

import dagster as dg

from imgedit_assets.assets.axes import Keys
from imgedit_assets.assets.dataset import dataset_statistics
from imgedit_assets.assets.judge import PREFERENCES, VARIANT, judge_assets
from imgedit_assets.assets.leaderboard import leaderboard
from imgedit_assets.assets.release import dataset_release
from imgedit_assets.assets.rows import row_asset
from imgedit_assets.graph import GRAPH

DATASET = ("dataset_statistics", PREFERENCES, "dataset_release")
"""The assets about the data set as a whole."""


def build_assets(
    keys: Keys, left_out: Sequence[str] = (), *, judged_by: str = ""
) -> list[dg.AssetsDefinition]:
    """The assets, from sources to release, the judges, and those of the benchmark.

    Args:
        keys: Those that each axis but `shard` has.
        left_out: A line for each file that declares no edit type, though it should; told on the
            pages.
        judged_by: The judge variant that pairs are scored by; empty where it is not trained here.
    """
    rows = [row_asset(line, keys, left_out, judged_by) for line in GRAPH.values()]
    judges = judge_assets(keys.get(VARIANT, ()))
    return [*rows, *judges, dataset_statistics, dataset_release, leaderboard]
