"""What a step tells while it works, and how its events and columns look in the UI."""

import logging
from dataclasses import fields

import dagster as dg
import pytest

from imgedit_assets.assets import step_log
from imgedit_assets.assets.columns import column_schema
from imgedit_assets.assets.covered import RANGE_END, RANGE_START
from imgedit_assets.assets.rows import partition_metadata
from imgedit_assets.assets.step_log import ProgressLines, keep_apart
from imgedit_assets.harness import PartitionReport
from resources.factory import Progress
from resources.schema import ASSET_ROWS, Partition

MANY = [f"shard-{number:02}" for number in range(26)]


def test_a_long_step_tells_its_rate_and_the_time_left(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.0, 2.0, 10.0, 12.0, 400.0, 401.0])
    monkeypatch.setattr(step_log.time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO):
        lines = ProgressLines(logging.getLogger("step"))
        where = Progress(asset="edit_pairs", partition="remove|s0")
        lines.hear(where.at(total=3000))
        for advanced in (10, 10, 5, 775):
            lines.hear(where.at(total=3000, advanced=advanced))
        lines.hear(Progress(asset="edit_pairs", partition="remove|s1").at(total=8))
    assert caplog.messages == [
        "edit_pairs remove|s0: 20 of 3,000 units, 2 per second, about 24 min 50 s left",
        "edit_pairs remove|s0: 800 of 3,000 units, 2 per second, about 18 min 20 s left",
    ]


def test_the_materialisations_of_one_run_have_times_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Written at once, as in a home.
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "100")

    @dg.asset(
        partitions_def=dg.StaticPartitionsDefinition(MANY),
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def many(context: dg.AssetExecutionContext) -> dg.MaterializeResult:  # type: ignore[type-arg]
        keep_apart(context.log)
        return dg.MaterializeResult()

    with dg.instance_for_test() as instance:
        span = {RANGE_START: MANY[0], RANGE_END: MANY[-1]}
        assert dg.materialize([many], instance=instance, tags=span).success
        events = instance.fetch_materializations(many.key, limit=100).records
    # As the UI has them.
    assert len({int(event.timestamp * 1000) for event in events}) == len(MANY)


def test_a_rerun_with_nothing_to_do_plots_nothing() -> None:
    report = PartitionReport(
        partition=Partition("edit_pairs", "remove|s0"),
        units=4,
        computed=0,
        rows=4,
        expected_rows=4,
        rejects={},
        seconds=0.02,
        cost_usd=0.0,
        gpu_busy_frac=None,
        figures={},
        samples="",
    )
    plots = {"seconds", "units per second", "device busy share", "cost USD"}
    assert not plots & partition_metadata(report).keys()


def test_every_column_of_every_asset_is_shown_with_its_type() -> None:
    for record in ASSET_ROWS.values():
        names = [column.name for column in column_schema(record).columns]
        assert names == [column.name for column in fields(record)]
    unsafe = column_schema(ASSET_ROWS["measured_images"]).columns[-1]
    assert (unsafe.name, unsafe.type) == ("unsafe", "float or empty")
