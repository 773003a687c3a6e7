"""One run of Dagster in this process: some assets over one range of their partitions."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import dagster as dg

from imgedit_assets.assets.build import axis_keys, build_assets
from imgedit_assets.assets.covered import RANGE_END, RANGE_START
from imgedit_assets.jobs import ASSET_JOBS, job_of
from imgedit_assets.spans import Stretch
from resources.claims import claim_tags
from resources.factory import Factory
from resources.signals import interrupts_heard, sigterm_kept

_OUR_ERROR = re.compile(r"^(?:models|resources|benchmark)\.[\w.]+: ")

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's event log still gets everything; the terminal belongs to our progress."""


def materialise_stretch(
    factory: Factory, instance: dg.DagsterInstance, stretch: Stretch, tags: Mapping[str, str]
) -> dg.ExecuteInProcessResult:
    """Make a stretch of assets; what fails is told by the result.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM ended the run, or came while it ended.
    """
    keys = axis_keys(factory.profile, factory.made_types)
    job = (
        _graph(
            tuple((axis, tuple(of)) for axis, of in keys.items()),
            factory.profile.judged_by,
            factory.profile.benched,
        )
        .resolve_job_def(job_of(min(stretch.assets)))
        .get_subset(asset_selection={dg.AssetKey(asset) for asset in stretch.assets})
    )
    span = {RANGE_START: stretch.span[0], RANGE_END: stretch.span[1]} if stretch.span else {}
    with interrupts_heard(), sigterm_kept():
        return job.execute_in_process(
            instance=instance,
            run_config=QUIET,
            tags={**span, **claim_tags(instance), **tags},
            resources=_resources(factory),
            raise_on_error=False,
        )


@cache
def _graph(
    keys: tuple[tuple[str, tuple[str, ...]], ...], judged_by: str, benched: tuple[str, ...]
) -> dg.Definitions:
    """The assets of some keys of each axis, with the jobs of the UI."""
    # Each run brings its own.
    nobody = {"factory": dg.ResourceDefinition.none_resource()}
    assets = build_assets(dict(keys), judged_by=judged_by, benched=benched)
    return dg.Definitions(assets=assets, jobs=ASSET_JOBS, resources=nobody)


def _resources(factory: Factory) -> dict[str, Any]:
    return {"factory": dg.ResourceDefinition.hardcoded_resource(factory)}


def reason_of(event: dg.DagsterEvent) -> str:
    """What a step's code raised, in one line."""
    error, told = event.step_failure_data.error, event.step_failure_data.user_failure_data
    if told and told.description:
        return f"{event.step_key}: {told.description}"
    if error is None:
        return f"{event.step_key}: no reason was given"
    # Dagster wraps what was raised once. Its causes are left out: our own errors hold the remedy,
    # and lose nothing but their class's name.
    raised = error.cause or error
    line = raised.message.strip().partition("\n")[0]
    return f"{event.step_key}: {_OUR_ERROR.sub('', line)}"
