"""All assets of a profile, which names the keys of most of their axes."""

from collections.abc import Sequence

import dagster as dg

from imgedit_assets.assets.axes import Keys
from imgedit_assets.assets.dataset import dataset_statistics
from imgedit_assets.assets.leaderboard import leaderboard
from imgedit_assets.assets.release import dataset_release
from imgedit_assets.assets.rows import row_asset
from imgedit_assets.graph import GRAPH

DATASET = ("dataset_statistics", "dataset_release")
"""The assets about the data set as a whole."""


def build_assets(keys: Keys, left_out: Sequence[str] = ()) -> list[dg.AssetsDefinition]:
    """The assets, from sources to release, and those of the benchmark.

    Args:
        keys: Those that each axis but `shard` has.
        left_out: A line for each file that declares no edit type, though it should; told on the
            pages.
    """
    rows = [row_asset(line, keys, left_out) for line in GRAPH.values()]
    return [*rows, dataset_statistics, dataset_release, leaderboard]
