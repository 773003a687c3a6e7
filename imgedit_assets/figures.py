"""The headline figures of every asset, over all its partitions, and where editors stand."""

from math import isfinite

from imgedit_assets.graph import GRAPH
from resources.profile import Profile
from resources.profile_variants import variant_names
from resources.releases.latest import latest_of
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
    from imgedit_assets.artefacts.checkpoint import figures_of
    from imgedit_assets.artefacts.staleness import stale
    from imgedit_assets.judging.agreement_report import agreement_of

    figures["judge_agreement"] = {}
    for variant in variant_names(profile.judges):
        figures["judge_agreement"] |= agreement_of(store.home, variant)
    old = {held.name for held in stale(store)}
    figures["e1_checkpoint"] = {}
    for variant in variant_names(profile.editors):
        if folder := latest_of(store.home.editors / variant):
            trained = {**figures_of(folder), "stale": float(folder.name in old)}
            figures["e1_checkpoint"] |= {f"{n}_{variant}": v for n, v in trained.items()}
    return figures
