"""Row-exact reruns: what a change touches is redone, a killed run resumes, nothing else moves."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from imgedit_assets.run import run_everything
from imgedit_assets.wanted import Wanted
from models.edit_types.spec import EditType
from models.regions.thresholds import GateThresholds
from resources.factory import Factory
from resources.home import Home
from resources.schema import ASSET_ROWS, Reject, Unit, Version

TWO_TYPES = Wanted(edit_types=("remove", "alter"), dataset=False)


def ids(factory: Factory, asset: str, edit_type: str | None = None) -> set[str]:
    """Current row ids."""
    rows = factory.store.frame(asset, ["id", *ASSET_ROWS[asset].AXES]).iter_rows(named=True)
    return {row["id"] for row in rows if edit_type in (None, row.get("edit_type"))}


def everything(factory: Factory) -> dict[str, Any]:
    """All current ids, all that rows hold but for times and runs, and the bytes of all versions."""
    versions = factory.store.select(Version)
    rows = [row for record in ASSET_ROWS.values() for row in factory.store.select(record)]
    return {
        **{asset: ids(factory, asset) for asset in ASSET_ROWS},
        "rows": {r.id: replace(r, run_id="", seconds=0.0, cost_usd=0.0) for r in rows},
        "bytes": {v.id: hashlib.sha256(v.payload).hexdigest() for v in versions},
    }


def with_profile(factory: Factory, **sections: Any) -> Factory:
    """A factory of the same store with other sections in its profile."""
    return Factory(store=factory.store, profile=factory.profile.model_copy(update=sections))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_profile: Path) -> Path:
    """A home with two edit types, made once."""
    home = tmp_path_factory.mktemp("made")
    factory = Factory.open(Home.of(home), str(small_profile))
    with dg.instance_for_test() as instance:
        assert not run_everything(factory, instance, TWO_TYPES).errors
    factory.close()
    return home


@pytest.fixture
def ran(made: Path, tmp_path: Path, small_profile: Path) -> Factory:
    """A copy of it for one test."""
    home = shutil.copytree(made, tmp_path / "home", symlinks=True)
    return Factory.open(Home.of(home), str(small_profile))


@pytest.mark.slow
def test_a_stricter_gate_drops_rows_and_redoes_none(
    ran: Factory, instance: dg.DagsterInstance
) -> None:
    before = everything(ran)
    done = set(ran.store.column(Unit, "id", "asset = 'edit_pairs'"))
    strict = with_profile(ran, regions=GateThresholds(object_min_area_frac=0.04))
    assert not run_everything(strict, instance, TWO_TYPES).errors
    assert ids(strict, "editable_regions") < before["editable_regions"]
    assert ids(strict, "masks") == before["masks"]
    reasons = strict.store.column(Reject, "reason", "asset = 'editable_regions'")
    assert "area_out_of_range" in reasons
    # Pairs of regions that still pass keep their ids, and their units were not done again.
    kept = ids(strict, "edit_pairs") & before["edit_pairs"]
    assert kept
    units = strict.store.select(Unit, "asset = 'edit_pairs'")
    again = [u for u in units if u.id not in done]
    assert kept.isdisjoint(i for u in again for i in u.row_ids)

    assert not run_everything(ran, instance, TWO_TYPES).errors
    assert everything(ran) == before


@pytest.mark.slow
def test_a_changed_brief_redoes_one_edit_type(ran: Factory, instance: dg.DagsterInstance) -> None:
    before = everything(ran)
    changed = Factory(store=ran.store, profile=ran.profile)
    remove: EditType = ran.edit_types["remove"]
    brief = replace(remove.brief, task="Ask for the object to be taken away, in one sentence.")
    changed.edit_types = {**ran.edit_types, "remove": replace(remove, brief=brief)}
    assert not run_everything(changed, instance, TWO_TYPES).errors
    after = everything(changed)
    for asset in ("instructions", "edit_pairs", "scored_pairs"):
        assert ids(changed, asset, "remove").isdisjoint(before[asset])
        assert ids(changed, asset, "alter") <= before[asset]
    for asset in ("source_images", "masks", "editable_regions"):
        assert after[asset] == before[asset]


@pytest.mark.slow
def test_accepting_more_computes_no_pair(ran: Factory, instance: dg.DagsterInstance) -> None:
    before = everything(ran)
    picky = ran.profile.accept.model_copy(update={"min_score": 5.0, "max_unsafe": 0.0})
    strict = with_profile(ran, accept=picky)
    assert not run_everything(strict, instance, TWO_TYPES).errors
    assert ids(strict, "accepted_pairs") < before["accepted_pairs"]
    assert ids(strict, "scored_pairs") == before["scored_pairs"]
    assert not run_everything(ran, instance, TWO_TYPES).errors
    assert everything(ran) == before


RUN = """
import sys, dagster as dg
from imgedit_assets.run import run_everything
from imgedit_assets.wanted import Wanted
from resources.factory import Factory
from resources.home import Home
factory = Factory.open(Home.of(sys.argv[1]), sys.argv[2])
with dg.instance_for_test() as instance:
    wanted = Wanted(edit_types=("remove", "alter"), dataset=False)
    outcome = run_everything(factory, instance, wanted)
    assert not outcome.errors, outcome.errors
"""


def start(home: Path, profile: Path) -> "subprocess.Popen[bytes]":
    """The run of two types, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", RUN, str(home), str(profile)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=dict(os.environ),
    )


@pytest.mark.slow
def test_a_run_that_is_killed_twice_resumes_to_the_same_bytes(
    ran: Factory, tmp_path: Path, small_profile: Path
) -> None:
    home = tmp_path / "killed"
    killed = Factory.open(Home.of(home), profile=str(small_profile))
    finished: dict[str, str] = {}
    for asset in ("masks", "edit_pairs"):
        process = start(home, small_profile)
        deadline = time.monotonic() + 120
        while not killed.store.column(Unit, "id", f"asset = '{asset}'"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        now = {u.id: u.run_id for u in killed.store.select(Unit)}
        assert finished.items() < now.items()
        finished = now

    process = start(home, small_profile)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors.decode()[-2000:]
    assert everything(killed) == everything(ran)
    units = {u.id: u.run_id for u in killed.store.select(Unit)}
    assert {i: units[i] for i in finished} == finished


@pytest.mark.slow
def test_an_image_is_no_duplicate_of_itself(ran: Factory, instance: dg.DagsterInstance) -> None:
    before = everything(ran)
    looser = ran.profile.images.model_copy(update={"min_aesthetic": 3.5})
    assert not run_everything(with_profile(ran, images=looser), instance, TWO_TYPES).errors
    assert everything(ran) == before
    # A kill between the rows of a batch and its units.
    ran.store.forget(Unit, "asset = 'filtered_images'")
    assert not run_everything(ran, instance, TWO_TYPES).errors
    assert everything(ran) == before
