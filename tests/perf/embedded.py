"""A small embedded graph to measure: `embedded.py dagster|rows|loop HOME SCENES [TYPE …]`.

Prints wall seconds, processor seconds, peak memory in GB, and the units of work that were done.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from imgedit_assets.graph import GRAPH
from imgedit_assets.harness import materialise
from imgedit_assets.stages.base import AssetStage
from models.faults import Fault, FaultError
from resources.engine.allocator import limit_heaps
from resources.engine.stage import Output, Work
from resources.factory import Factory
from resources.home import Home
from resources.registration import register
from resources.schema import Head, Unit, Version
from resources.sources.studio import StudioSource


def embedded_factory(home: Path, *, scenes: int, types: Sequence[str] = ()) -> tuple[Factory, str]:
    """A factory on a home, and the one shard of studio scenes that is registered there.

    No types means all of them.
    """
    profile = home / "perf.toml"
    profile.write_text(
        f'name = "perf"\n[sources]\nscenes_per_shard = {scenes}\n'
        f"clips_per_shard = {scenes // 4}\nphotos = false\n"
        f"[edits]\ntypes = {list(types)}\n[benchmark]\neditors = []\n"
        "[judges.small]\nenabled = false\n[editors.e1_studio]\nenabled = false\n"
    )
    factory = Factory.open(Home.of(home), profile=str(profile))
    sources = factory.profile.sources
    source = StudioSource(
        shards=1,
        scenes_per_shard=sources.scenes_per_shard,
        clips_per_shard=sources.clips_per_shard,
    )
    (shard,) = register(factory.store, source, shard_size=sources.shard_size).shards
    return factory, shard


def run_stages(factory: Factory, shard: str, edit_types: Iterable[str]) -> None:
    """Everything up to the painted pairs of some edit types, by the harness alone."""
    for line in GRAPH.values():
        for edit_type in edit_types if "edit_type" in line.record.AXES else [""]:
            materialise(line.load()(factory, shard=shard, edit_type=edit_type))
        if line.name == "edit_pairs":
            return


def run_dagster(factory: Factory, shard: str, *, dataset: bool = True) -> None:
    """Everything, as `imgedit run` does it; or all but statistics and release."""
    import dagster as dg

    from imgedit_assets.run import run_everything
    from imgedit_assets.wanted import Wanted

    # Under the factory's home, so that a rerun finds Dagster's own storage as well.
    storage = factory.home.folder / "dagster"
    storage.mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(storage)) as instance:
        outcome = run_everything(factory, instance, Wanted(shards=(shard,), dataset=dataset))
    if outcome.errors:
        raise SystemExit("\n".join(outcome.errors))


def run_loop(factory: Factory, shard: str) -> None:
    """The same stage functions, one unit after another: no Dagster, units, rejects or resume."""
    for line in GRAPH.values():
        if "shard" not in line.record.AXES:
            continue  # the benchmark's: the profile names no editor
        for edit_type in factory.made_types if "edit_type" in line.record.AXES else [""]:
            _loop(line.load()(factory, shard=shard, edit_type=edit_type))


def _loop(stage: AssetStage[Any, Any, Any]) -> None:
    """One partition, written with one commit to each table."""
    stage.setup()
    outputs = [output for work in stage.work() if (output := _one(stage, work))]
    rows = [row for output in outputs for row in output.rows]
    where = stage.partition
    head = Head(
        id=where.id,
        asset=where.asset,
        partition=where.key,
        row_ids=tuple(row.id for row in rows),
        rejects="{}",
        figures="{}",
        units=len(outputs),
        recipe_id="",
        seconds=0.0,
        run_id="",
        finished_at="",
    )
    stage.store.insert(Version, [version for output in outputs for version in output.versions])
    stage.store.insert(stage.record, rows)
    stage.store.insert(Head, [head])


def _one(stage: AssetStage[Any, Any, Any], work: Work[Any]) -> Output | None:
    try:
        (answer,) = stage.process([(work, stage.prepare(work))])
        return None if isinstance(answer, Fault) else stage.finish(work, answer)
    except FaultError:
        return None


def _measured(
    run: Callable[[Factory, str], None], home: Path, scenes: int, types: Sequence[str]
) -> str:
    started, cpu = time.perf_counter(), time.process_time()
    factory, shard = embedded_factory(home, scenes=scenes, types=types)
    before = set(factory.store.table_frame(Unit, ["id"])["id"])
    run(factory, shard)
    computed = len(set(factory.store.table_frame(Unit, ["id"])["id"]) - before)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    return f"{seconds:.3f} {cpu_s:.3f} {peak_gb:.3f} {computed}"


if __name__ == "__main__":
    limit_heaps()  # as every command does first
    how, where, count, *names = sys.argv[1:]
    runs = {
        "dagster": run_dagster,
        "rows": partial(run_dagster, dataset=False),
        "loop": run_loop,
    }
    print(_measured(runs[how], Path(where), int(count), names))
