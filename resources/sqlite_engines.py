"""One SQLAlchemy engine for each of Dagster's SQLite files, in place of one for each statement."""

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEPT = 64
"""Engines: each run has a file of its own, and older ones are seldom read again."""


@lru_cache(KEPT)
def _engine(url: str, timeout_s: float | None) -> "Engine":
    waiting = {} if timeout_s is None else {"timeout": timeout_s}
    return create_engine(url, poolclass=NullPool, connect_args=waiting)


def _shared(
    url: str, *, poolclass: type[NullPool], connect_args: dict[str, float] | None = None
) -> "Engine":
    assert poolclass is NullPool, "what Dagster asks for: a connection is closed when it is left"
    return _engine(url, (connect_args or {}).get("timeout"))


def share_engines() -> None:
    """Let this process keep the engines that Dagster makes; connections are opened as before.

    An engine holds the statements that it has compiled. Without them a third of what Dagster costs
    is SQLAlchemy's compiler.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage

    for module in (sqlite_event_log, sqlite_run_storage):
        module.create_engine = _shared  # type: ignore[attr-defined]
