"""The headline figures of every asset, over all its partitions, and where editors stand."""

from math import isfinite

from imgedit_assets.graph import GRAPH
from resources.profile import Profile
from resources.profile_variants import variant_names
from resources.schema import BenchmarkScore
from resources.store import Store


def headline_figures(store: Store, profile: Profile) -> dict[str, dict[str, float | None]]:
    """Every asset's figures by name; None where a figure is not defined, as JSON knows no NaN."""
    figures: dict[str, dict[str, float | None]] = {}
    finished = {head.asset for head in store.heads()}
    for asset, line in GRAPH.items():
        found: dict[str, float] = {"rows": 0}
        if asset in finished:
            found = line.load().figures_at(store.frame(asset), profile.accept)
        figures[asset] = {k: v if isfinite(v) else None for k, v in found.items()}
    figures["leaderboard"] = {}
    if BenchmarkScore.TABLE in finished:
        from imgedit_assets.leaderboard import leaderboard_figures, standings

        figures["leaderboard"] |= leaderboard_figures(standings(store, profile.benchmark))
    from imgedit_assets.judging.agreement_report import agreement_of

    figures["judge_agreement"] = {}
    for variant in variant_names(profile.judges):
        figures["judge_agreement"] |= agreement_of(store.home, variant)
    return figures
