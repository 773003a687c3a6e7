"""Dagster's own storage: a folder under `IMGEDIT_HOME`, with its settings and its workspace."""

import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from models.faults import FaultError, ImgEditError
from resources.devices.quiet import hush
from resources.engine.allocator import limit_heaps
from resources.home import HOME_VARIABLE, PROFILE_VARIABLE, Home, profile_name
from resources.locks import held
from resources.object_store import INSTALL
from resources.private import make_home
from resources.reading import read_regular

if TYPE_CHECKING:
    import dagster as dg

EVENTS_PER_COMMIT = 100
"""Events written to Dagster's log at once; a range of 600 partitions is twice as fast with it."""

GPU_POOL = "gpu"
"""The pool of the assets that a model makes."""

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

POSTGRES_VARIABLE = "IMGEDIT_POSTGRES"
"""Names the database of a team: `postgresql://USER:PASSWORD@HOST/DATABASE`. It is looked up as
Dagster starts, so no password stands in a file."""

POSTGRES = f"""
# Runs, events and schedules stand in the database that {POSTGRES_VARIABLE} names.
storage:
  postgres:
    postgres_url: {{env: {POSTGRES_VARIABLE}}}
"""

SETTINGS = "dagster.yaml"
_MAX_SETTINGS_BYTES = 2**20


class HomeError(ImgEditError):
    """The home folder cannot be used."""


def enter_home(profile: str | None = None) -> Path:
    """Point this process, and those it starts, at one home and one profile.

    Args:
        profile: A profile's name or file; by default the one that the environment names.

    Returns:
        Dagster's folder, with its settings in it.

    Raises:
        HomeError: The folder cannot be written, or its settings are damaged.
    """
    limit_heaps()
    home = Home.of()
    os.environ[HOME_VARIABLE] = home.uri
    os.environ[PROFILE_VARIABLE] = _absolute(profile or profile_name())
    folder = home.dagster
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_PER_COMMIT))
    hush(home.folder)
    try:
        make_home(home.folder)
        folder.mkdir(exist_ok=True)
        # What the user wrote there stays.
        if not os.path.lexists(folder / SETTINGS):
            settings = files("resources").joinpath(SETTINGS).read_text("utf-8")
            _write_whole(folder / SETTINGS, settings)
        if not (folder / "workspace.yaml").is_file():
            _write_whole(folder / "workspace.yaml", WORKSPACE)
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror}; set {HOME_VARIABLE} to a writable folder"
        raise HomeError(msg) from error
    _choose_storage(folder / SETTINGS, _settings(folder / SETTINGS))
    return folder


def _write_whole(file: Path, text: str) -> None:
    """Written beside its place and moved there, so that a killed process leaves no half of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, "utf-8")
    beside.replace(file)


def _choose_storage(file: Path, told: dict[str, Any]) -> None:
    """Have Dagster keep its history where the environment says, in Postgres or beside the rest.

    Raises:
        HomeError: The settings say otherwise, or what Postgres needs is not installed.
    """
    is_ours = told.get("storage") == yaml.safe_load(POSTGRES)["storage"]
    if not os.environ.get(POSTGRES_VARIABLE):
        if is_ours:
            msg = (
                f"{file} keeps Dagster's history in Postgres, and {POSTGRES_VARIABLE} is not set: "
                "set it to postgresql://USER:PASSWORD@HOST/DATABASE, or take `storage` out"
            )
            raise HomeError(msg)
        return
    if find_spec("dagster_postgres") is None:
        msg = f"{POSTGRES_VARIABLE} is set, and dagster-postgres is not installed: {INSTALL}"
        raise HomeError(msg)
    if "storage" not in told:
        _write_whole(file, file.read_text("utf-8") + POSTGRES)
    elif not is_ours:
        msg = f"{POSTGRES_VARIABLE} is set, but {file} names another storage: take one of them away"
        raise HomeError(msg)


def _settings(file: Path) -> dict[str, Any]:
    told: Any = None
    try:
        told = yaml.safe_load(read_regular(file, max_bytes=_MAX_SETTINGS_BYTES))
        problem = "" if isinstance(told, dict) else "it is empty, or no table of settings"
    except FaultError as error:
        problem = error.fault.detail
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
    if problem:
        raise HomeError(_damaged(file, problem))
    settings: dict[str, Any] = told
    return settings


def _damaged(file: Path, problem: str) -> str:
    return (
        f"Dagster's settings {file} cannot be used: {problem}. Correct the file, or remove it: it "
        "is then written anew, and nothing else is lost"
    )


@contextmanager
def open_instance(profile: str | None = None) -> "Iterator[dg.DagsterInstance]":
    """Dagster's instance of the home, after `enter_home`.

    Raises:
        HomeError: Dagster's storage cannot be read or written.
    """
    folder = enter_home(profile)
    import dagster as dg

    from resources.sqlite_engines import share_engines

    share_engines()
    failures = _storage_failures()
    for category in (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning):
        warnings.filterwarnings("ignore", category=category)
    try:
        opened = _opened(folder)
    except dg.DagsterError as error:  # of settings that are no settings of Dagster's
        said = " ".join(str(error).split())
        raise HomeError(_damaged(folder / SETTINGS, said)) from error
    except failures as error:
        raise _storage_failed(folder, error) from error
    try:
        with opened as instance:
            events = instance.event_log_storage
            known = {pool.name for pool in events.get_pool_limits()}
            # Dagster applies a default limit only once it has seen a pool, a tick too late. In
            # Postgres it cannot apply one twice: its INSERT fails, and the transaction with it.
            if GPU_POOL not in known or not os.environ.get(POSTGRES_VARIABLE):
                events.initialize_concurrency_limit_to_default(GPU_POOL)
            yield instance
    except failures as error:
        raise _storage_failed(folder, error) from error


def _storage_failures() -> tuple[type[Exception], ...]:
    """What is raised where a database cannot be used; of Postgres, after some tries."""
    from sqlalchemy.exc import DBAPIError

    if not os.environ.get(POSTGRES_VARIABLE):
        return (DBAPIError,)
    from dagster_postgres.utils import DagsterPostgresException

    return (DBAPIError, DagsterPostgresException)


def _storage_failed(folder: Path, error: Exception) -> HomeError:
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    if os.environ.get(POSTGRES_VARIABLE):
        msg = (
            f"Dagster's storage, the database of {POSTGRES_VARIABLE}, failed: {said}; check that "
            "it is up and lets you in, then run again: finished work is kept"
        )
        return HomeError(msg)
    is_damaged = "malformed" in said or "not a database" in said
    remedy = SET_ASIDE if is_damaged else DISK_REMEDY
    return HomeError(f"Dagster's storage {folder} failed: {said}; {remedy}")


def _opened(folder: Path) -> "dg.DagsterInstance":
    """The instance, with all its databases there.

    One process at a time: two that meet in a new home both write down which revision its databases
    have, and Dagster refuses a database of two revisions ever after.
    """
    import dagster as dg
    from alembic.util import CommandError

    try:
        with held(folder / "opening.lock", "the opening of Dagster's storage"):
            try:
                return _with_databases(dg.DagsterInstance.get())
            except CommandError:
                _keep_one_revision(folder)
                return _with_databases(dg.DagsterInstance.get())
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


def _absolute(profile: str) -> str:
    """A profile's file as seen from anywhere; a name as it is."""
    return str(Path(profile).absolute()) if profile.endswith(".toml") else profile
