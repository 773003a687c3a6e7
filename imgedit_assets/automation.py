"""Jobs, the nightly schedule, and the sensor that watches a folder; both start switched off."""

from pathlib import Path

import dagster as dg

from imgedit_assets.graph import GRAPH
from resources.dagster_factory import FactoryParam
from resources.schema import Partition, SourceImage


def _by(*axes: str) -> dg.AssetSelection:
    """The assets that have just these axes."""
    return dg.AssetSelection.assets(*(a.name for a in GRAPH.values() if axes == a.record.AXES))


# Plain strings: a field of a `dg.Config` would also take {"env": NAME}, and a message that quotes
# it would write the variable's value into Dagster's log. No paths: a run's config comes from
# whoever reaches the webserver, who must not choose what is read from this machine's disk.
EVERYTHING_CONFIG = {
    "edit_types": dg.Field(
        [dg.String], default_value=[], description="edit types to make; empty for all"
    ),
    "shards": dg.Field(
        [dg.String], default_value=[], description="registered shards to make; empty for all"
    ),
}


@dg.op(
    description="Registers the sources and materialises every asset of their partitions.",
    config_schema=EVERYTHING_CONFIG,
)
def materialise_everything(context: dg.OpExecutionContext, factory: FactoryParam) -> None:
    """Register and materialise; each layer is a run of its own in the UI."""
    from imgedit_assets.run import Wanted, run_everything

    config = context.op_config
    wanted = Wanted(edit_types=tuple(config["edit_types"]), shards=tuple(config["shards"]))
    outcome = run_everything(factory, context.instance, wanted)
    context.log.info(f"shards: {', '.join(outcome.shards)}")
    for line in outcome.left_out:
        context.log.info(f"left out of {line}")
    if outcome.failed_runs:
        raise dg.Failure("; ".join(outcome.errors), metadata={"runs": outcome.failed_runs})


@dg.job(
    description="From sources to accepted pairs, in one go. The Launchpad lets you choose edit "
    "types and shards; launched as it is, it makes everything.",
)
def everything() -> None:
    """One op; the work is in the runs it starts."""
    materialise_everything()


regions_job = dg.define_asset_job(
    "images_to_regions",
    selection=_by("shard"),
    description="One shard's images, up to its editable regions.",
)

pairs_job = dg.define_asset_job(
    "regions_to_pairs",
    selection=_by("edit_type", "shard"),
    description="One shard's pairs of one edit type, up to the accepted ones.",
)


fill_missing = dg.AutomationConditionSensorDefinition(
    "fill_missing",
    target=_by("edit_type", "shard"),
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Asks for the partitions of a new edit type, or a new shard, on every pair asset. "
    "Off until switched on.",
)


@dg.schedule(
    job=everything,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Brings everything up to date at two in the morning. Off until switched on.",
)
def nightly() -> dg.RunRequest:
    """A run with no restriction; what is done is not done again."""
    return dg.RunRequest()


@dg.sensor(
    job=everything,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Looks for new images in the profile's `sources.watch` folder, registers their "
    "shards and asks for their partitions. Off until switched on.",
)
def watch_folder(
    context: dg.SensorEvaluationContext, factory: FactoryParam
) -> dg.SensorResult | dg.SkipReason:
    """One run request for the shards of the new images."""
    from imgedit_assets.run import Wanted, ingest

    folder = factory.profile.sources.watch
    if not folder:
        return dg.SkipReason("no folder is watched: set `watch` under [sources] in the profile")
    if not Path(folder).is_dir():
        return dg.SkipReason(f"the watched folder {folder} is not there")
    outcome = ingest(factory, context.instance, Wanted(images=(Path(folder),)))
    # Asked of the store, not of this tick: a request that got lost is made again.
    fresh = [
        shard
        for found in outcome.sources.values()
        for shard in found.shards
        if factory.store.head(Partition.of(SourceImage, shard=shard)) is None
    ]
    if not fresh:
        return dg.SkipReason(f"nothing new in {folder}")
    config = {"ops": {"materialise_everything": {"config": {"shards": fresh}}}}
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=",".join(fresh), run_config=config)])
