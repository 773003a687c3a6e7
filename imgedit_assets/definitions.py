"""Everything Dagster loads. Importing this imports no model library, no NumPy and no LanceDB."""

import logging
import warnings

import dagster as dg

# Backfill policies are beta; the warning would be repeated at every load.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

from imgedit_assets.assets.build import axis_keys, build_assets  # noqa: E402
from imgedit_assets.assets.inspection import sample_trace, trace_sample  # noqa: E402
from imgedit_assets.automation import (  # noqa: E402
    backfill,
    bench_trained,
    benchmark,
    everything,
    fill_missing,
    nightly,
    watch_folder,
)
from imgedit_assets.jobs import ASSET_JOBS  # noqa: E402
from resources.dagster_factory import factory_resource  # noqa: E402
from resources.edit_types import find_types  # noqa: E402
from resources.home import Home, profile_name  # noqa: E402
from resources.profile import load_profile  # noqa: E402

log = logging.getLogger(__name__)


def build_definitions(home: Home, profile: str) -> dg.Definitions:
    """The graph of a profile on a home.

    Args:
        home: Where everything is kept.
        profile: The profile's name or file.

    Raises:
        ImgEditError: The profile cannot be loaded.
    """
    loaded = load_profile(profile)
    found = find_types(loaded.edits, home.folder)
    for problem in found.problems:
        # One broken file must not take the rest of the location with it.
        log.error("left out: %s", problem)
    keys = axis_keys(loaded, found.chosen(loaded.edits.types))
    assets = build_assets(keys, found.problems, judged_by=loaded.judged_by, benched=loaded.benched)
    return dg.Definitions(
        assets=[*assets, sample_trace],
        jobs=[everything, backfill, benchmark, *ASSET_JOBS, trace_sample],
        schedules=[nightly],
        sensors=[watch_folder, fill_missing, bench_trained],
        resources={
            "factory": factory_resource(home, profile),
            # Nothing is handed on through it. Dagster's own writes into, and unpickles from, any
            # folder that a run's config names.
            "io_manager": dg.mem_io_manager,
        },
        # One process for a run: a model is loaded once and goes through all its partitions.
        executor=dg.in_process_executor,
    )


defs = build_definitions(Home.of(), profile_name())
