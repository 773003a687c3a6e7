"""Dagster's records of old runs: which of them nothing in the UI rests on any more."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree

import dagster as dg

ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]

MATERIALISED = dg.DagsterEventType.ASSET_MATERIALIZATION


def old_runs(instance: dg.DagsterInstance, *, days: int) -> list[str]:
    """The ids of runs that ended and are older than so many days, the newest first.

    Those are left out that hold the last materialisation of an asset or of a partition: without
    them Dagster would take it for missing.
    """
    asked = dg.RunsFilter(statuses=ENDED, created_before=datetime.now(UTC) - timedelta(days=days))
    told = set(_telling(instance))
    found = [record.dagster_run.run_id for record in instance.get_run_records(asked)]
    return [run_id for run_id in found if run_id not in told]


def _telling(instance: dg.DagsterInstance) -> Iterator[str]:
    """The runs that tell of what there is."""
    events = instance.event_log_storage
    for key in instance.all_asset_keys():
        if last := instance.get_latest_materialization_event(key):
            yield last.run_id
        if last_ids := [*events.get_latest_storage_id_by_partition(key, MATERIALISED).values()]:
            asked = dg.EventRecordsFilter(MATERIALISED, asset_key=key, storage_ids=last_ids)
            yield from (record.run_id for record in events.get_event_records(asked))


def forget_run(instance: dg.DagsterInstance, run_id: str, folder: Path) -> None:
    """Delete a run, its events and its logs.

    Args:
        instance: Of Dagster.
        run_id: Of which run.
        folder: Dagster's own, where it leaves an emptied database of the run, and its logs.
    """
    instance.delete_run(run_id)
    for file in folder.glob(f"history/runs/{run_id}.db*"):
        file.unlink()
    rmtree(folder / "storage" / run_id, ignore_errors=True)
