"""The headline figures of every asset, over all its partitions."""

from math import isfinite

from imgedit_assets.graph import GRAPH
from resources.profile import Accept
from resources.store import Store


def headline_figures(store: Store, accept: Accept) -> dict[str, dict[str, float | None]]:
    """Every asset's figures by name; None where a figure is not defined, as JSON knows no NaN."""
    figures: dict[str, dict[str, float | None]] = {}
    for asset, line in GRAPH.items():
        found = line.load().figures_at(store.frame(asset), accept)
        figures[asset] = {k: v if isfinite(v) else None for k, v in found.items()}
    return figures
