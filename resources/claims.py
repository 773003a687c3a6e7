"""Which process a run belongs to, so that the runs of a killed one do not look alive for ever.

Dagster watches over the workers that it launches. A run that a process executes by itself, as
`imgedit run` does, stays "started" when that process is killed, and would hold a place in the run
queue. Each such process therefore holds a lock, which the system lets go of however it ends, and
tags its runs with the lock's name.
"""

import atexit
import os
import re
import uuid
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from resources.locks import taken

if TYPE_CHECKING:
    import dagster as dg

CLAIM_TAG = ".dagster/imgedit_claim"
"""The prefix keeps it out of the UI."""

_CLAIM = re.compile(r"\d+-[0-9a-f]{8}")


def claim_tags(instance: "dg.DagsterInstance") -> dict[str, str]:
    """Tags for the runs that this process executes itself."""
    return {CLAIM_TAG: _claimed(_folder(instance))}


def close_dead_runs(instance: "dg.DagsterInstance") -> list[str]:
    """Report the unfinished runs of dead processes as failed; returns their ids.

    What such a run finished is kept in the store, so the next run resumes there.
    """
    import dagster as dg

    waiting = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    closed = []
    for run in instance.get_runs(dg.RunsFilter(statuses=waiting)):
        claim = run.tags.get(CLAIM_TAG)
        # A tag may be anybody's; as a path it could name any file.
        if claim and _CLAIM.fullmatch(claim) and _is_dead(_folder(instance) / claim):
            instance.report_run_failed(run, "its process ended; run again to resume at this point")
            closed.append(run.run_id)
    return closed


def _folder(instance: "dg.DagsterInstance") -> Path:
    return Path(instance.root_directory) / "claims"


@cache
def _claimed(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    if lock := taken(folder / name):
        atexit.register(_release, lock)
    return name


def _release(lock: FileLock) -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


def _is_dead(path: Path) -> bool:
    """Whether nobody holds the lock any more."""
    if not path.exists():
        return True
    if lock := taken(path):
        _release(lock)
    return lock is not None
