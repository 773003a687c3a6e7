"""Dagster's own storage: a folder under `IMGEDIT_HOME`, with its settings and its workspace."""

import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from models.faults import ImgEditError
from resources.factory import HOME_VARIABLE, PROFILE_VARIABLE, home, home_folder, profile_name

if TYPE_CHECKING:
    import dagster as dg

EVENTS_PER_COMMIT = 100
"""Events written to Dagster's log at once; a range of 600 partitions is twice as fast with it."""

GPU_POOL = "gpu"
"""The pool of the assets that a model makes."""

OPENING_TIMEOUT_S = 120.0
"""Opening a home takes a second, the first time a few; this long for a queue of processes."""

WORKSPACE = """\
load_from:
  - python_module:
      module_name: imgedit_assets.definitions
      location_name: imgedit
"""


SET_ASIDE = (
    "move that folder elsewhere, then run again: Dagster's history of runs is lost with it, while "
    "rows and releases are kept and nothing is computed again"
)
DISK_REMEDY = "check that its disk is writable and not full, then run again: finished work is kept"


class HomeError(ImgEditError):
    """The home folder cannot be used."""


def enter_home(profile: str | None = None) -> Path:
    """Point this process, and those it starts, at one home and one profile.

    Args:
        profile: A profile's name or file; by default the one that the environment names.

    Returns:
        Dagster's folder, with its settings in it.

    Raises:
        HomeError: The folder cannot be written.
    """
    os.environ[HOME_VARIABLE] = home()
    os.environ[PROFILE_VARIABLE] = _absolute(profile or profile_name())
    folder = home_folder() / "dagster"
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_PER_COMMIT))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "dagster.yaml").exists():
            settings = files("resources").joinpath("dagster.yaml").read_text("utf-8")
            (folder / "dagster.yaml").write_text(settings, "utf-8")
        (folder / "workspace.yaml").write_text(WORKSPACE, "utf-8")
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror}; set {HOME_VARIABLE} to a writable folder"
        raise HomeError(msg) from error
    return folder


@contextmanager
def open_instance(profile: str | None = None) -> "Iterator[dg.DagsterInstance]":
    """Dagster's instance of the home, after `enter_home`.

    Raises:
        HomeError: Dagster's storage cannot be read or written.
    """
    folder = enter_home(profile)
    import dagster as dg
    from sqlalchemy.exc import DBAPIError

    for category in (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning):
        warnings.filterwarnings("ignore", category=category)
    try:
        with _opened(folder) as instance:
            # Dagster applies a default limit only once it has seen a pool, a tick too late.
            instance.event_log_storage.initialize_concurrency_limit_to_default(GPU_POOL)
            yield instance
    except DBAPIError as error:
        damaged = isinstance(error.orig, sqlite3.DatabaseError) and _is_damage(str(error.orig))
        remedy = SET_ASIDE if damaged else DISK_REMEDY
        msg = f"Dagster's storage {folder} failed: {error.orig}; {remedy}"
        raise HomeError(msg) from error


def _opened(folder: Path) -> "dg.DagsterInstance":
    """The instance, with all its databases there.

    One process at a time: two that meet in a new home both write down which revision its databases
    have, and Dagster refuses a database of two revisions ever after.
    """
    import dagster as dg
    from alembic.util import CommandError

    lock = folder / "opening.lock"
    try:
        with FileLock(lock, timeout=OPENING_TIMEOUT_S):
            try:
                return _with_databases(dg.DagsterInstance.get())
            except CommandError:
                _keep_one_revision(folder)
                return _with_databases(dg.DagsterInstance.get())
    except Timeout:
        msg = (
            f"another process has been opening {folder} for {OPENING_TIMEOUT_S:.0f} s: end it "
            f"(`fuser {lock}` names it), then run again"
        )
        raise HomeError(msg) from None
    except (CommandError, sqlite3.DatabaseError) as error:
        msg = f"Dagster's storage {folder} cannot be opened: {error}; {SET_ASIDE}"
        raise HomeError(msg) from error


def _with_databases(instance: "dg.DagsterInstance") -> "dg.DagsterInstance":
    """The instance, once its databases are made: Dagster makes some only as they are asked for."""
    instance.run_storage.has_run("")
    instance.event_log_storage.get_maximum_record_id()
    if instance.schedule_storage is not None:
        instance.schedule_storage.all_instigator_state()
    return instance


def _keep_one_revision(folder: Path) -> None:
    """Mend databases that say two revisions, as a race of two first openings leaves them.

    The tables are made whole and of the newest revision before either is written down, so the
    newest is the right one.
    """
    from alembic.script import ScriptDirectory
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from dagster._core.storage.sql import get_alembic_config

    config = get_alembic_config(sqlite_run_storage.__file__)
    newest = ScriptDirectory.from_config(config).get_current_head()
    for file in (*folder.glob("history/**/*.db"), *folder.glob("schedules/*.db")):
        with closing(sqlite3.connect(file)) as database, database:
            said = {row[0] for row in database.execute("SELECT version_num FROM alembic_version")}
            if len(said) > 1 and newest in said:
                database.execute("DELETE FROM alembic_version WHERE version_num != ?", [newest])


def _is_damage(text: str) -> bool:
    return "malformed" in text or "not a database" in text


def _absolute(profile: str) -> str:
    """A profile's file as seen from anywhere; a name as it is."""
    return str(Path(profile).resolve()) if profile.endswith(".toml") else profile
