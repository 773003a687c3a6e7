"""Everything Dagster loads. Importing this imports no model library and no LanceDB."""

import warnings

import dagster as dg

# Backfill policies are beta; the warning would be repeated at every load.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

from imgedit_assets.assets import (  # noqa: E402
    dataset,
    images,
    inspection,
    instructions,
    pairs,
    regions,
    release,
    sources,
)
from imgedit_assets.automation import (  # noqa: E402
    everything,
    fill_missing,
    nightly,
    pairs_job,
    regions_job,
    watch_folder,
)
from resources.dagster_factory import FactoryResource  # noqa: E402

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [sources, images, regions, instructions, pairs, dataset, release, inspection]
    ),
    jobs=[everything, regions_job, pairs_job, inspection.trace_sample],
    schedules=[nightly],
    sensors=[watch_folder, fill_missing],
    resources={
        "factory": FactoryResource(),
        # Nothing is handed on through it. Dagster's own writes into, and unpickles from, any folder
        # that a run's config names.
        "io_manager": dg.mem_io_manager,
    },
    # One process for a run: a model is loaded once and goes through all its partitions.
    executor=dg.in_process_executor,
)
