"""All assets of a profile, whose edit types are the keys of one of their axes."""

from collections.abc import Sequence

import dagster as dg

from imgedit_assets.assets.dataset import dataset_statistics
from imgedit_assets.assets.release import dataset_release
from imgedit_assets.assets.rows import row_asset
from imgedit_assets.graph import GRAPH

DATASET = ("dataset_statistics", "dataset_release")
"""The assets about the data set as a whole."""


def build_assets(
    edit_types: Sequence[str], left_out: Sequence[str] = ()
) -> list[dg.AssetsDefinition]:
    """The assets, from sources to release.

    Args:
        edit_types: Those that have partitions.
        left_out: A line for each file that declares none, though it should; told on the pages.
    """
    rows = [row_asset(line, edit_types, left_out) for line in GRAPH.values()]
    return [*rows, dataset_statistics, dataset_release]
