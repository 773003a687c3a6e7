"""Jobs that make everything, the nightly schedule, and the sensors; all start switched off."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from imgedit_assets.graph import GRAPH, stage_of
from resources.dagster_factory import FactoryParam
from resources.recipes import digest
from resources.releases.latest import latest_of
from resources.schema import Partition, SourceImage, Unit

if TYPE_CHECKING:
    from imgedit_assets.wanted import Outcome
    from resources.factory import Factory


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
    "release": dg.Field(
        dg.Bool,
        default_value=True,
        description="whether to bring statistics and release up to date",
    ),
}


@dg.op(
    description="Registers the sources and materialises every asset of their partitions.",
    config_schema=EVERYTHING_CONFIG,
)
def materialise_everything(context: dg.OpExecutionContext, factory: FactoryParam) -> None:
    """Register and materialise; each layer is a run of its own in the UI."""
    from imgedit_assets.run import run_everything
    from imgedit_assets.wanted import Wanted

    config = context.op_config
    wanted = Wanted(
        edit_types=tuple(config["edit_types"]),
        shards=tuple(config["shards"]),
        dataset=config["release"],
    )
    _tell(context, run_everything(factory, context.instance, wanted))


@dg.op(description="Materialises the partitions that failed or were never made.")
def materialise_missing(context: dg.OpExecutionContext, factory: FactoryParam) -> None:
    """What Dagster has no materialisation of, layer by layer."""
    from imgedit_assets import run

    _tell(context, run.backfill(factory, context.instance))


@dg.op(
    description="Puts the profile's editors through its suites, and has the outputs judged.",
    config_schema={
        "editors": dg.Field(
            [dg.String], default_value=[], description="editors to put through; empty for all"
        ),
    },
)
def materialise_benchmark(context: dg.OpExecutionContext, factory: FactoryParam) -> None:
    """What is not done yet, layer by layer, and then the leaderboard."""
    from imgedit_assets.run import run_benchmark

    editors = tuple(context.op_config["editors"])
    _tell(context, run_benchmark(factory, context.instance, editors=editors))


def _tell(context: dg.OpExecutionContext, outcome: "Outcome") -> None:
    """Log what a run did; raises where some of it failed."""
    context.log.info(f"shards: {', '.join(outcome.shards)}")
    for line in outcome.notes:
        context.log.info(line)
    for line in outcome.left_out:
        context.log.info(f"left out of {line}")
    if outcome.failed_runs or outcome.errors:
        raise dg.Failure("; ".join(outcome.errors), metadata={"runs": outcome.failed_runs})


@dg.job(
    description="From sources to accepted pairs, in one go. The Launchpad lets you choose edit "
    "types and shards; launched as it is, it makes everything.",
)
def everything() -> None:
    """One op; the work is in the runs it starts."""
    materialise_everything()


@dg.job(
    description="Every partition that failed or was never made, of every registered shard and edit "
    "type, in order, and then the release; nothing else. Launch it where the graph page shows "
    "missing partitions. As `imgedit backfill`.",
)
def backfill() -> None:
    """One op; the work is in the runs it starts."""
    materialise_missing()


@dg.job(
    description="Every editor on every suite of the profile's [benchmark], in order, and then the "
    "leaderboard. What is done is not done again: a new editor is put through alone, and another "
    "judge judges the outputs that there are.",
)
def benchmark() -> None:
    """One op; the work is in the runs it starts."""
    materialise_benchmark()


fill_missing = dg.AutomationConditionSensorDefinition(
    "fill_missing",
    target=dg.AssetSelection.assets(*GRAPH),
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Asks for every partition that is shown as missing, once what it is made from is "
    "there: of a new edit type, of a new shard, or left from before it was switched on. What it "
    "asked for and failed it does not ask for again. Off until switched on.",
)


@dg.sensor(
    job=benchmark,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Puts an editor of the profile's [benchmark] through its suites once it is trained "
    "here, or trained anew. Off until switched on; `imgedit run` does it by itself.",
)
def bench_trained(factory: FactoryParam) -> dg.SensorResult | dg.SkipReason:
    """One run request for each editor's checkpoint."""
    entries = factory.profile.benchmark.editors
    trained = {
        entry.name: folder.name
        for entry in entries
        if entry.trained and (folder := latest_of(factory.home.editors / entry.trained))
    }
    if not trained:
        return dg.SkipReason("no editor of the benchmark was trained here")
    # Named by the checkpoint: Dagster launches one run for each run key, however often it is asked.
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"{name} {checkpoint}",
                run_config={"ops": {"materialise_benchmark": {"config": {"editors": [name]}}}},
            )
            for name, checkpoint in trained.items()
        ]
    )


@dg.schedule(
    job=everything,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Brings every registered shard, the statistics and the release up to date at two "
    "in the morning. Off until switched on.",
)
def nightly() -> dg.RunRequest:
    """A run with no restriction; what is done is not done again."""
    return dg.RunRequest()


@dg.sensor(
    job=everything,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Looks for new and changed images in the profile's `sources.watch` folder, "
    "registers their shards and asks for their pairs. It writes no release: `nightly` does, or the "
    "job `dataset`. Off until switched on.",
)
def watch_folder(
    context: dg.SensorEvaluationContext, factory: FactoryParam
) -> dg.SensorResult | dg.SkipReason:
    """One run request for the shards of the new images, and of those that have changed."""
    from imgedit_assets.wanted import Wanted, ingest

    folder = factory.profile.sources.watch
    if not folder:
        return dg.SkipReason("no folder is watched: set `watch` under [sources] in the profile")
    if not Path(folder).is_dir():
        return dg.SkipReason(f"the watched folder {folder} is not there")
    outcome = ingest(factory, context.instance, Wanted(images=(Path(folder),)))
    # Asked of the store, not of this tick: a request that got lost is made again.
    shards = [shard for found in outcome.sources.values() for shard in found.shards]
    fresh = {shard: unread for shard in shards if (unread := _unread(factory, shard))}
    if not fresh:
        return dg.SkipReason(f"nothing new in {folder}")
    config = {"ops": {"materialise_everything": {"config": {"shards": [*fresh], "release": False}}}}
    # Named by the files as they are, so that one that has grown is asked for again.
    key = ",".join(f"{shard} {digest(*units)}" for shard, units in fresh.items())
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key, run_config=config)])


def _unread(factory: "Factory", shard: str) -> list[str]:
    """The units of a shard's images that were not read yet, or of other bytes than now."""
    place = Partition.of(SourceImage, shard=shard)
    read = set(factory.store.column(Unit, "id", place.where))
    return [unit.id for unit in stage_of(factory, place).work() if unit.id not in read]
