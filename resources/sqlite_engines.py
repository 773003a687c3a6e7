"""One SQLAlchemy engine, and one open connection, for each of Dagster's SQLite files."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEPT = 64
"""Engines: each run has a file of its own, and older ones are seldom read again."""


@lru_cache(KEPT)
def _engine(url: str, timeout_s: float | None) -> "Engine":
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        # One thread after the other uses it; never two at a time.
        connect_args={
            "check_same_thread": False,
            **({} if timeout_s is None else {"timeout": timeout_s}),
        },
    )
    path = engine.url.database or ""

    @event.listens_for(engine, "connect")
    def opened(connection: Any, record: Any) -> None:  # noqa: ANN401 - of sqlite3 and the pool
        # Safe from a kill in Dagster's write-ahead log; a power cut may lose the last events.
        connection.execute("PRAGMA synchronous = NORMAL")
        record.info["file"] = _file(path)

    @event.listens_for(engine, "checkout")
    def taken(connection: Any, record: Any, _: Any) -> None:  # noqa: ANN401 - as above
        if record.info["file"] != _file(path):
            msg = f"another file stands at {path} than the one that is open"
            raise DisconnectionError(msg)

    # Dagster disposes of an engine after each statement of some of its stores.
    engine.dispose = lambda close=True: None  # type: ignore[method-assign]
    return engine


def _file(path: str) -> tuple[int, int] | None:
    """Device and number of a file; None where there is none."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _shared(
    url: str, *, poolclass: type[NullPool], connect_args: dict[str, float] | None = None
) -> "Engine":
    assert poolclass is NullPool, "what Dagster asks for: a connection is closed when it is left"
    return _engine(url, (connect_args or {}).get("timeout"))


def share_engines() -> None:
    """Let this process keep the engines that Dagster makes, and a connection of each.

    An engine holds the statements that it has compiled: without them a third of what Dagster costs
    is SQLAlchemy's compiler. And SQLite empties its write-ahead log when the last connection is
    closed, which is three waits for the disk for each event that is stored.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage

    for module in (sqlite_event_log, sqlite_run_storage):
        module.create_engine = _shared  # type: ignore[attr-defined]
