"""Dagster's own storage: a folder under `IMGEDIT_HOME`, with its settings and its workspace."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from models.faults import FaultError, ImgEditError
from resources.devices.quiet import hush
from resources.factory import HOME_VARIABLE, PROFILE_VARIABLE, home, home_folder, profile_name
from resources.private import make_home
from resources.reading import read_regular

if TYPE_CHECKING:
    import dagster as dg
    from sqlalchemy.exc import DBAPIError

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
    os.environ[HOME_VARIABLE] = home()
    os.environ[PROFILE_VARIABLE] = _absolute(profile or profile_name())
    folder = home_folder() / "dagster"
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_PER_COMMIT))
    hush(home_folder())
    try:
        make_home(folder.parent)
        folder.mkdir(exist_ok=True)
        settings = files("resources").joinpath(SETTINGS).read_text("utf-8")
        for name, text in {SETTINGS: settings, "workspace.yaml": WORKSPACE}.items():
            # What the user wrote there stays.
            if not os.path.lexists(folder / name):
                _write_whole(folder / name, text)
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror}; set {HOME_VARIABLE} to a writable folder"
        raise HomeError(msg) from error
    _check_settings(folder / SETTINGS)
    return folder


def _write_whole(file: Path, text: str) -> None:
    """Written beside its place and moved there, so that a killed process leaves no half of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(text, "utf-8")
    beside.replace(file)


def _check_settings(file: Path) -> None:
    try:
        told = yaml.safe_load(read_regular(file, max_bytes=_MAX_SETTINGS_BYTES))
        problem = "" if isinstance(told, dict) else "it is empty, or no table of settings"
    except FaultError as error:
        problem = error.fault.detail
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
    if problem:
        raise HomeError(_damaged(file, problem))


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
    from sqlalchemy.exc import DBAPIError

    for category in (dg.BetaWarning, dg.PreviewWarning, dg.SupersessionWarning):
        warnings.filterwarnings("ignore", category=category)
    try:
        opened = dg.DagsterInstance.get()
    except dg.DagsterError as error:  # of settings that are no settings of Dagster's
        said = " ".join(str(error).split())
        raise HomeError(_damaged(folder / SETTINGS, said)) from error
    except DBAPIError as error:
        raise _storage_failed(folder, error) from error
    try:
        with opened as instance:
            # Dagster applies a default limit only once it has seen a pool, a tick too late.
            instance.event_log_storage.initialize_concurrency_limit_to_default(GPU_POOL)
            yield instance
    except DBAPIError as error:
        raise _storage_failed(folder, error) from error


def _storage_failed(folder: Path, error: "DBAPIError") -> HomeError:
    return HomeError(
        f"Dagster's storage {folder} failed: {error.orig}; check that its disk is writable "
        "and not full, then run again: finished work is kept"
    )


def _absolute(profile: str) -> str:
    """A profile's file as seen from anywhere; a name as it is."""
    return str(Path(profile).absolute()) if profile.endswith(".toml") else profile
