"""Of Dagster's runs those go which are old, have ended, and tell of nothing that is there."""

from pathlib import Path

import dagster as dg

from imgedit_assets.artefacts.run_records import forget_run, old_runs

SHARDS = dg.StaticPartitionsDefinition(["one", "two"])


@dg.asset(partitions_def=SHARDS)
def rows() -> None:
    """An asset with partitions."""


@dg.asset
def release() -> None:
    """One without."""


def made(instance: dg.DagsterInstance, *keys: str) -> list[str]:
    """Runs of one partition each; of the asset without partitions where the key is empty."""
    return [
        dg.materialize(
            [rows if key else release], instance=instance, partition_key=key or None
        ).run_id
        for key in keys
    ]


def test_runs_go_that_tell_of_nothing_and_partitions_stay_made(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        first, two, again, old_release, new_release = made(instance, "one", "two", "one", "", "")
        instance.add_run(dg.DagsterRun("rows", status=dg.DagsterRunStatus.STARTED))
        assert old_runs(instance, days=1) == []
        going = old_runs(instance, days=0)
        assert set(going) == {first, old_release}
        for run_id in going:
            forget_run(instance, run_id, tmp_path)
        assert old_runs(instance, days=0) == []
        left = {run.run_id for run in instance.get_runs()}
        assert {two, again, new_release} < left
        status = instance.get_status_by_partition(rows.key, ["one", "two"], SHARDS)
        assert status
        assert {*status.values()} == {dg.AssetPartitionStatus.MATERIALIZED}
        assert instance.get_latest_materialization_event(release.key).run_id == new_release
        files = {path.stem for path in tmp_path.glob("history/runs/*.db")}
        assert files.isdisjoint(going)
        assert two in files
