"""The graph: how fast it loads, what Dagster and the harness cost, reruns, and growth."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gates import Measured, alternating, seconds

REPOSITORY = Path(__file__).parents[2]
SCENES = 4
GROWTH_SCENES = (4, 40)
GROWTH_TYPES = ("alter", "remove")
"""Ten types would grow alike, and take an hour."""

MANY_SHARDS = 2_000

IMGEDIT = "from imgedit_assets.cli import main; main()"
EMPTY_PROJECT = "import dagster as dg; dg.Definitions(assets=[]).get_repository_def()"
OUR_PROJECT = "from imgedit_assets.definitions import defs; defs.get_repository_def()"


def definitions_load() -> Iterator[Measured]:
    """Loading our definitions against loading an empty Dagster project, each in a new process.

    Seconds of the processor: loading waits for nothing, and a shared machine's clock also tells
    who else is running. It differs little from round to round.
    """
    ours, theirs = alternating(lambda: _cpu_s(OUR_PROJECT), lambda: _cpu_s(EMPTY_PROJECT), rounds=3)
    detail = f"{ours:.2f} s against {theirs:.2f} s of the processor"
    yield Measured(name="definitions_load", ratio=ours / theirs, detail=detail)


def rerun() -> Iterator[Measured]:
    """A rerun with nothing changed against the first run, both through Dagster in new processes."""
    with TemporaryDirectory() as home:
        first = _graph("dagster", home, SCENES)
        again = _graph("dagster", home, SCENES)
    detail = f"{again.seconds:.1f} s against {first.seconds:.1f} s"
    yield Measured(name="rerun", ratio=again.seconds / first.seconds, detail=detail)
    detail = f"{again.computed} of {first.computed} units"
    yield Measured(name="rerun_units", ratio=again.computed / first.computed, detail=detail)


def graph_overhead() -> Iterator[Measured]:
    """Every row through Dagster, harness and engine against a loop over the same stages."""
    with TemporaryDirectory() as ours, TemporaryDirectory() as theirs:
        graph = _graph("rows", ours, SCENES)
        loop = _graph("loop", theirs, SCENES)
    detail = (
        f"{graph.seconds:.1f} s against {loop.seconds:.1f} s; "
        f"of the processor {graph.cpu_s:.1f} s against {loop.cpu_s:.1f} s"
    )
    yield Measured(name="graph_overhead", ratio=graph.seconds / loop.seconds, detail=detail)


def growth() -> Iterator[Measured]:
    """Time and peak memory of ten times the scenes, each size in a process of its own."""
    runs = []
    for scenes in GROWTH_SCENES:
        with TemporaryDirectory() as home:
            runs.append(_graph("dagster", home, scenes, GROWTH_TYPES))
    small, large = runs
    detail = f"{large.seconds:.0f} s against {small.seconds:.0f} s"
    yield Measured(name="growth_time", ratio=large.seconds / small.seconds, detail=detail)
    detail = f"{large.peak_gb:.2f} GB against {small.peak_gb:.2f} GB"
    yield Measured(name="growth_memory", ratio=large.peak_gb / small.peak_gb, detail=detail)


def many_shards() -> Iterator[Measured]:
    """A run with nothing to do, with every type on 2,000 finished shards, in a new process."""
    with TemporaryDirectory() as home:
        script = str(Path(__file__).parent / "many_shards.py")
        environment = {"IMGEDIT_HOME": home}
        profile = _python(script, home, str(MANY_SHARDS), **environment).strip()
        command = (IMGEDIT, "run", "--profile", profile)
        _python("-c", *command, **environment)  # statistics
        taken = seconds(lambda: _python("-c", *command, **environment))
    detail = f"{taken:.0f} s for {MANY_SHARDS:,} shards with nothing in them"
    yield Measured(name="many_shards", ratio=taken, detail=detail)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What a process of `embedded.py` said of its run; imports are not counted."""

    seconds: float
    cpu_s: float
    peak_gb: float
    computed: int
    """Units of work that it did."""


def _graph(how: str, home: str, scenes: int, types: Sequence[str] = ()) -> _Run:
    script = str(Path(__file__).parent / "embedded.py")
    said = _python(script, how, home, str(scenes), *types).split()
    seconds, cpu_s, peak_gb, computed = said[-4:]
    return _Run(
        seconds=float(seconds), cpu_s=float(cpu_s), peak_gb=float(peak_gb), computed=int(computed)
    )


def _cpu_s(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _python("-c", code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _python(*arguments: str, **more: str) -> str:
    """What a new interpreter prints, with the repository as its folder and first on its path."""
    surroundings = {"PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **surroundings, **more, "DAGSTER_DISABLE_TELEMETRY": "1"},
        cwd=REPOSITORY,
    )
    return done.stdout
