"""What a run of a job covers, as Dagster's backfills write it; and nothing is made of nothing."""

from collections.abc import Mapping

import dagster as dg
import pytest

from imgedit_assets.assets.covered import AXIS, OF_BACKFILL, RANGE_END, RANGE_START
from imgedit_assets.definitions import defs
from imgedit_assets.graph import GRAPH
from resources.factory import Factory
from resources.schema import Head, Partition

EMPTY = ("empty-0", "empty-1", "empty-2")
"""Shards that hold nothing."""


@pytest.fixture
def instance(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """An instance that knows the empty shards."""
    instance.add_dynamic_partitions("shard", EMPTY)
    return instance


def launched(
    job: dg.JobDefinition, factory: Factory, instance: dg.DagsterInstance, **tags: str
) -> dg.ExecuteInProcessResult:
    """A run with some tags."""
    return job.execute_in_process(
        instance=instance,
        tags=tags,
        resources={"factory": dg.ResourceDefinition.hardcoded_resource(factory)},
        raise_on_error=False,
    )


def backfill_tags(
    job: dg.JobDefinition, instance: dg.DagsterInstance, first: str, span: tuple[str, str]
) -> dict[str, str]:
    """What `submit_backfill_runs` writes: of the backfill's first key all but its name."""
    assert job.partitioned_config
    with dg.partition_loading_context(dynamic_partitions_store=instance):
        of_first = job.partitioned_config.get_tags_for_partition_key(first, job.name)
    kept: Mapping[str, str] = {tag: key for tag, key in of_first.items() if f"{tag}/" != AXIS}
    return {**kept, RANGE_START: span[0], RANGE_END: span[1], OF_BACKFILL: "abc"}


def materialised(instance: dg.DagsterInstance, asset: str) -> set[str]:
    """The partitions of an asset that Dagster takes for made."""
    return instance.get_materialized_partitions(dg.AssetKey(asset))


def finish_parents(factory: Factory, asset: str) -> None:
    """Mark what an asset is made from as finished, and empty."""
    about = {"rejects": "{}", "figures": "{}", "recipe_id": "", "run_id": "", "finished_at": ""}
    places = [Partition(p, shard) for p in GRAPH[asset].record.PARENTS for shard in EMPTY]
    heads = [
        Head(id=p.id, asset=p.asset, partition=p.key, row_ids=(), units=0, seconds=0, **about)
        for p in places
    ]
    factory.store.upsert(Head, heads)


def failures(result: dg.ExecuteInProcessResult) -> list[str]:
    """What the UI shows of each."""
    told = [event.step_failure_data.user_failure_data for event in result.get_step_failure_events()]
    return [failure.description or "" for failure in told if failure]


def test_a_backfill_of_each_partitioned_job_makes_what_it_was_asked_for(
    factory: Factory, instance: dg.DagsterInstance
) -> None:
    jobs = [job for job in defs.resolve_all_job_defs() if job.partitions_def and job.name[0] != "_"]
    others = {"benchmark_suites", "benchmark_editors", "judges", "editors"}
    assert {job.name for job in jobs} == {"images_to_regions", "regions_to_pairs"} | others
    jobs = [job for job in jobs if job.name not in others]
    # The second range has the first one's key beside it.
    first, *rest = ("remove|empty-0", "remove|empty-1"), ("replace|empty-0", "replace|empty-2")
    spans = {"video_frames": [("empty-0", "empty-2")], "instructions": [first, *rest]}
    finish_parents(factory, "instructions")
    for job, asset in zip(sorted(jobs, key=lambda job: job.name), spans, strict=True):
        alone = job.get_subset(asset_selection={dg.AssetKey(asset)})
        for span in spans[asset]:
            tags = backfill_tags(job, instance, spans[asset][0][0], span)
            assert launched(alone, factory, instance, **tags).success
    pairs = {f"remove|{shard}" for shard in EMPTY[:2]} | {f"replace|{shard}" for shard in EMPTY}
    for asset, keys in (("video_frames", {*EMPTY}), ("instructions", pairs)):
        assert materialised(instance, asset) == keys
        assert {head.partition for head in factory.store.heads(asset)} == keys


def test_a_run_with_one_key_and_another_range_is_refused(
    factory: Factory, instance: dg.DagsterInstance
) -> None:
    job = defs.resolve_job_def("regions_to_pairs")
    axes = {f"{AXIS}edit_type": "remove", f"{AXIS}shard": "empty-2"}
    span = {RANGE_START: "remove|empty-0", RANGE_END: "remove|empty-1"}
    said = failures(launched(job, factory, instance, **span, **axes))[0]
    assert "the partition remove|empty-2 and the range remove|empty-0 to remove|empty-1" in said
    assert not factory.store.heads()


def test_what_a_missing_partition_is_needed_for_fails_and_names_it(
    factory: Factory, instance: dg.DagsterInstance
) -> None:
    span = {RANGE_START: "remove|empty-0", RANGE_END: "remove|empty-1"}
    pairs = defs.resolve_job_def("regions_to_pairs")
    accepted = pairs.get_subset(asset_selection={dg.AssetKey("accepted_pairs")})
    (said,) = failures(launched(accepted, factory, instance, **span))
    needed = [
        f"{asset} of remove|empty-{shard}"
        for shard in range(2)
        for asset in ("scored_pairs", "retried_pairs")
    ]
    assert f"{', '.join(needed)} first" in said
    assert materialised(instance, "accepted_pairs") == set()
    assert "editable_regions of empty-0" in failures(launched(pairs, factory, instance, **span))[0]
