"""Making layers of assets one after the other, and what a run says of the state it was made of."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import dagster as dg

from imgedit_assets.launching import materialise_stretch, reason_of
from imgedit_assets.spans import Stretch
from imgedit_assets.wanted import Outcome
from resources.factory import Factory

STATE = ".dagster/imgedit_state"
"""The tag of a run that says what an asset was made of; its prefix keeps it out of the UI."""

NO_TAGS: Mapping[str, str] = MappingProxyType({})


def made_of(
    instance: dg.DagsterInstance, asset: str, state: str, *, partition: str | None = None
) -> bool:
    """Whether the last run that made an asset, or a partition of it, was of this state."""
    asked = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(asset), asset_partitions=[partition] if partition else None
    )
    found = instance.fetch_materializations(asked, limit=1).records
    run = instance.get_run_by_id(found[0].run_id) if found else None
    # A release that failed its checks was materialised as well.
    return run is not None and run.is_success and run.tags.get(STATE) == state


def make(
    factory: Factory,
    instance: dg.DagsterInstance,
    layers: Iterable[Sequence[Stretch]],
    outcome: Outcome,
    *,
    tags: Mapping[str, str] = NO_TAGS,
) -> None:
    """Make layer after layer, noting what failed."""
    failed_before = len(outcome.failed_runs)
    for layer in layers:
        for stretch in layer:
            result = materialise_stretch(factory, instance, stretch, tags)
            if not result.success:
                outcome.failed_runs.append(result.run_id)
                outcome.errors += [reason_of(event) for event in result.get_step_failure_events()]
        if len(outcome.failed_runs) > failed_before:
            # Made from half a layer, the next would drop rows that are only missing for now.
            break
    factory.store.compact()
