"""Runs of processes that are gone are closed; those of living ones are left alone."""

import subprocess
import sys
from pathlib import Path

import dagster as dg

from resources.claims import CLAIM_TAG, claim_tags, close_dead_runs

STARTED = dg.DagsterRunStatus.STARTED

CLAIM_AND_DIE = """
import os, signal
from resources.claims import claim_tags
class Instance:
    root_directory = {root!r}
print(claim_tags(Instance())[{tag!r}], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def started_run(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    """A run that looks as if it were executing."""

    @dg.job
    def work() -> None:
        """Nothing."""

    return instance.create_run_for_job(work, tags=tags, status=STARTED).run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_only_runs_of_dead_processes_are_closed() -> None:
    with dg.instance_for_test() as instance:
        root = instance.root_directory
        code = CLAIM_AND_DIE.format(root=root, tag=CLAIM_TAG)
        died = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        dead = started_run(instance, {CLAIM_TAG: died.stdout.strip()})
        vanished = started_run(instance, {CLAIM_TAG: "1-00000000"})
        ours = started_run(instance, claim_tags(instance))
        dagsters = started_run(instance, {})

        assert sorted(close_dead_runs(instance)) == sorted([dead, vanished])

        assert status_of(instance, dead) == dg.DagsterRunStatus.FAILURE
        assert status_of(instance, ours) == STARTED
        assert status_of(instance, dagsters) == STARTED
        assert not (Path(root) / "claims" / died.stdout.strip()).exists()
        assert not close_dead_runs(instance)


def test_a_tag_that_is_no_claim_names_no_file(tmp_path: Path) -> None:
    precious = tmp_path / "thesis.tex"
    precious.write_text("years of work")
    with dg.instance_for_test() as instance:
        for tag in (str(precious), f"../../../{tmp_path}/thesis.tex"):
            started_run(instance, {CLAIM_TAG: tag})
        assert not close_dead_runs(instance)
    assert precious.read_text() == "years of work"
