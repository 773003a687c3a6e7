"""The graph: how fast it loads, what the harness costs, what a rerun costs, and how it grows."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gates import Measured, medians, seconds

EMPTY_PROJECT = "import dagster as dg; dg.Definitions(assets=[]).get_repository_def()"
OUR_PROJECT = "from imgedit_assets.definitions import defs; defs.get_repository_def()"


def definitions_load() -> Iterator[Measured]:
    """Loading our definitions against loading an empty Dagster project, each in a new process."""
    ours, theirs = medians(lambda: _python(OUR_PROJECT), lambda: _python(EMPTY_PROJECT))
    detail = f"{ours:.2f} s against {theirs:.2f} s"
    yield Measured(name="definitions_load", ratio=ours / theirs, detail=detail)


def rerun() -> Iterator[Measured]:
    """A rerun with nothing changed against the first run, both through Dagster."""
    with tempfile.TemporaryDirectory() as home:
        first = seconds(lambda: _python(_RUN, home, "12"))
        idle = seconds(lambda: _python("import imgedit_assets.definitions", home))
        again = seconds(lambda: _python(_RUN, home, "12"))
    detail = f"{again:.1f} s against {first:.1f} s, of which {idle:.1f} s is importing"
    yield Measured(name="rerun", ratio=(again - idle) / (first - idle), detail=detail)


def graph_overhead() -> Iterator[Measured]:
    """Everything through Dagster, harness and engine against a loop over the same stages."""
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        graph = seconds(lambda: _python(_RUN, ours, "8"))
        loop = seconds(lambda: _python(_LOOP, theirs, "8"))
    detail = f"{graph:.1f} s against {loop:.1f} s"
    yield Measured(name="graph_overhead", ratio=graph / loop, detail=detail)


def growth() -> Iterator[Measured]:
    """Time and peak memory of ten times the scenes."""
    times, peaks = [], []
    for scenes in ("4", "40"):
        with tempfile.TemporaryDirectory() as home:
            times.append(seconds(lambda s=scenes, h=home: _python(_RUN, h, s)))
            peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6)
    detail = f"{times[1]:.0f} s against {times[0]:.0f} s"
    yield Measured(name="growth_time", ratio=times[1] / times[0], detail=detail)
    # The children's peak is a maximum over all of them; the larger run comes last.
    detail = f"{peaks[1]:.2f} GB against {peaks[0]:.2f} GB"
    yield Measured(name="growth_memory", ratio=peaks[1] / peaks[0], detail=detail)


_PREPARE = """
import sys
from pathlib import Path
import dagster as dg
from imgedit_assets.run import Wanted, ingest, run_everything, wanted_edit_types
from resources.factory import Factory
home, scenes = Path(sys.argv[1]), sys.argv[2]
profile = home / "perf.toml"
profile.write_text(
    f'name = "perf"\\n[sources]\\nscenes_per_shard = {scenes}\\n'
    f'clips_per_shard = {max(1, int(scenes) // 4)}\\nphotos = false\\n'
)
factory = Factory.open(where=str(home), profile=str(profile))
(home / "dagster").mkdir(exist_ok=True)
"""

_RUN = (
    _PREPARE
    + """
with dg.DagsterInstance.local_temp(str(home / "dagster")) as instance:
    outcome = run_everything(factory, instance, Wanted())
    assert not outcome.errors, outcome.errors
"""
)

_LOOP = (
    _PREPARE
    + """
from imgedit_assets.stages.registry import STAGES
from models.faults import Fault, FaultError
from resources.schema import Head, Version
with dg.DagsterInstance.ephemeral() as instance:
    shards = ingest(factory, instance, Wanted()).shards

def one(stage, work):
    try:
        (answer,) = stage.process([(work, stage.prepare(work))])
        return None if isinstance(answer, Fault) else stage.finish(work, answer)
    except FaultError:
        return None

def loop(stage):
    stage.setup()
    outputs = [o for w in stage.work() if (o := one(stage, w))]
    rows = [r for o in outputs for r in o.rows]
    factory.store.insert(Version, [v for o in outputs for v in o.versions])
    factory.store.insert(stage.record, rows)
    where = stage.partition
    factory.store.insert(Head, [Head(
        id=where.id, asset=where.asset, shard=where.shard, edit_type=where.edit_type,
        row_ids=tuple(r.id for r in rows), rejects="{}", units=0, recipe_id="", seconds=0.0,
        run_id="", finished_at="",
    )])

for stage in STAGES:
    types = wanted_edit_types(factory, Wanted()) if stage.by_edit_type else [""]
    for edit_type in types:
        for shard in shards:
            loop(stage(factory, shard=shard, edit_type=edit_type))
"""
)
"""The same stage functions one unit after another: no engine, no units, no resume, no Dagster."""


def _python(code: str, *args: str) -> None:
    environment: dict[str, Any] = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [sys.executable, "-c", code, *args],
        check=True,
        capture_output=True,
        env=environment,
        cwd=Path(__file__).parents[2],
    )
