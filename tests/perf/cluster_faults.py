"""Kills workers at random moments: `python tests/perf/cluster_faults.py [KILLS [SEED]]`.

Prints how many units came back, and how often each. No row is to blame for a worker that is
killed from outside, and each kill counts against two blocks at most.
"""

import random
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from cluster_gates import Waiting, work

from resources.devices.journal import Journal
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.ray_engine import RayEngine
from resources.profile_engine import Actors, Engine

ROWS = 400
WORKERS = 3


def _kill(kills: int, chance: random.Random, ended: threading.Event, done: list[int]) -> None:
    """Kill one of the processes that do the work, again and again."""
    while len(done) < kills and not ended.wait(chance.uniform(0.5, 4.0)):
        children = psutil.Process().children(recursive=True)
        workers = [p for p in children if p.name().startswith("ray::Worker")]
        if workers:
            victim = chance.choice(workers)
            victim.send_signal(signal.SIGKILL)
            done.append(victim.pid)


def main(kills: int = 20, seed: int = 0) -> int:
    """Whether every unit came back once."""
    ended, done, counts, rejected = threading.Event(), list[int](), Counter[str](), 0
    with TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        engine = RayEngine(
            Engine(kind="ray", lanes=1, actors={"painter": Actors(max=WORKERS, num_cpus=0.25)}),
            local=LocalEngine(),
            needs_device=lambda role: False,
            folder=Path(folder),
            journal=Journal(),
        )
        killer = threading.Thread(target=_kill, args=(kills, random.Random(seed), ended, done))
        killer.start()
        started, stage = time.perf_counter(), Waiting()
        for some in engine.run(stage, work(ROWS), EngineClock(lanes=1), stage):
            counts.update(f.work.id for f in some)
            rejected += sum(bool(f.output.faults) for f in some)
        took_s = time.perf_counter() - started
        ended.set()
        killer.join()
        engine.close()
    once = sum(n == 1 for n in counts.values())
    told = f"{once} of {ROWS} units came once, {rejected} were rejected; {took_s:.0f} s"
    print(f"{len(done)} kills, seed {seed}: {told}")
    return int(once != ROWS)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
