"""Dagster's webserver behind the guard; `imgedit up` runs `python -m resources.webserver`."""

from argparse import ArgumentParser

import uvicorn
from dagster import DagsterInstance

# What we use of Dagster beyond its documented interface. A release that moves one of these fails
# at the import, so that a webserver without the guard is never started in its place.
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__

from resources.sqlite_engines import share_engines
from resources.webguard import Guard
from resources.webplaces import Places

POLL_MS = 2000
"""How often the UI asks for news of assets; what Dagster's own command line tells it."""


def guarded_app(workspace: WorkspaceProcessContext, places: Places) -> Guard:
    """Dagster's UI and API over a workspace, as an ASGI application."""
    return Guard(create_app_from_workspace_process_context(workspace, "", POLL_MS), places)


def main() -> None:
    """Serve until told to stop."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--allow-host", action="append", default=[])
    asked = parser.parse_args()
    places = Places.of(asked.host, asked.port, asked.allow_host)
    share_engines()
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(
            DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW
        )
        target = WorkspaceFileTarget(paths=[asked.workspace])
        with WorkspaceProcessContext(instance, target, version=__version__) as workspace:
            app = guarded_app(workspace, places)
            uvicorn.run(app, host=asked.host, port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
