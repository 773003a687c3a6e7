"""The headline figures of every asset, over all its partitions, and where editors stand."""

from math import isfinite

from imgedit_assets.graph import GRAPH
from imgedit_assets.leaderboard import leaderboard_figures, standings
from resources.profile import Profile
from resources.store import Store


def headline_figures(store: Store, profile: Profile) -> dict[str, dict[str, float | None]]:
    """Every asset's figures by name; None where a figure is not defined, as JSON knows no NaN."""
    figures: dict[str, dict[str, float | None]] = {}
    for asset, line in GRAPH.items():
        found = line.load().figures_at(store.frame(asset), profile.accept)
        figures[asset] = {k: v if isfinite(v) else None for k, v in found.items()}
    figures["leaderboard"] = dict(leaderboard_figures(standings(store, profile.benchmark)))
    return figures
