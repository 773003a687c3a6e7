"""Dagster's own storage: a folder under `IMGEDIT_HOME`, with its settings and its workspace."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from models.faults import ImgEditError
from resources.factory import HOME_VARIABLE, PROFILE_VARIABLE, home, home_folder, profile_name

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
        settings = files("resources").joinpath("dagster.yaml").read_text("utf-8")
        for name, text in {"dagster.yaml": settings, "workspace.yaml": WORKSPACE}.items():
            # What the user wrote there stays.
            if not os.path.lexists(folder / name):
                (folder / name).write_text(text, "utf-8")
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
        with dg.DagsterInstance.get() as instance:
            # Dagster applies a default limit only once it has seen a pool, a tick too late.
            instance.event_log_storage.initialize_concurrency_limit_to_default(GPU_POOL)
            yield instance
    except DBAPIError as error:
        msg = (
            f"Dagster's storage {folder} failed: {error.orig}; check that its disk is writable "
            "and not full, then run again: finished work is kept"
        )
        raise HomeError(msg) from error


def _absolute(profile: str) -> str:
    """A profile's file as seen from anywhere; a name as it is."""
    return str(Path(profile).resolve()) if profile.endswith(".toml") else profile
