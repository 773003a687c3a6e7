"""The ledger: every reply that was paid for, so that nothing is paid twice.

A reply is committed before it is handed on. What remains is the time between the endpoint's sending
a reply and our commit: a millisecond, or some ten when hundreds arrive in a second. A process that
is killed loses the replies of that moment and pays them again (7 of 800 were seen, at 500 replies a
second), and an endpoint may also bill what it was still working on for it, at most `max_in_flight`
requests. So may one for a reply that we stopped waiting for. A power failure can take the last
commits with it, since they are not forced to the disk one by one; a killed process loses none.
Two processes that ask the same at the same moment both pay.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from resources.chat.completions import Reply
from resources.chat.settings import ChatError
from resources.private import keep_private, narrow

FILE = "replies.sqlite"
_BUSY_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, url TEXT, model TEXT, text TEXT, refusal TEXT, finish TEXT,
    tokens_in INTEGER, tokens_cached INTEGER, tokens_out INTEGER, usd REAL, created REAL,
    latency_s REAL, batch INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unpriced ON replies (url, model) WHERE usd IS NULL;
CREATE TABLE IF NOT EXISTS spending (
    url TEXT, model TEXT, requests INTEGER, tokens_in INTEGER, tokens_cached INTEGER,
    tokens_out INTEGER, usd REAL, saved_requests INTEGER, saved_usd REAL,
    PRIMARY KEY (url, model)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    tag TEXT PRIMARY KEY, url TEXT, model TEXT, batch_id TEXT, created REAL
);
CREATE TABLE IF NOT EXISTS batch_keys (tag TEXT, key TEXT, PRIMARY KEY (key, tag)) WITHOUT ROWID;
"""
_PAID = """
INSERT INTO spending VALUES (?, ?, 1, ?, ?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET
    requests = requests + 1, tokens_in = tokens_in + excluded.tokens_in,
    tokens_cached = tokens_cached + excluded.tokens_cached,
    tokens_out = tokens_out + excluded.tokens_out, usd = usd + excluded.usd
"""
_SPENDING = """
SELECT *, (
    SELECT COUNT(*) FROM replies
    WHERE url = spending.url AND model = spending.model AND replies.usd IS NULL
) FROM spending ORDER BY usd DESC, requests DESC
"""
_SAVED = """
INSERT INTO spending VALUES (?, ?, 0, 0, 0, 0, 0, ?, ?) ON CONFLICT DO UPDATE SET
    saved_requests = saved_requests + excluded.saved_requests,
    saved_usd = saved_usd + excluded.saved_usd
"""


class LedgerError(ChatError):
    """The ledger cannot be read or written; without it, nothing is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one model at one endpoint has cost, and what the ledger spared."""

    url: str
    model: str
    requests: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    usd: float
    saved_requests: int
    """Answers that were taken from the ledger."""
    saved_usd: float
    """What they cost when they were paid."""
    unpriced: int
    """Replies whose tokens the endpoint did not say, so that their price is in no sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingBatch:
    """A batch whose replies are not in the ledger yet."""

    tag: str
    """Our own name for it, which the endpoint keeps beside it."""
    batch_id: str
    """Empty when we were killed before we could write down the endpoint's name for it."""


class Ledger:
    """One SQLite file on a local disk; shared by threads, and by processes.

    Args:
        folder: Where it is kept; made if need be.

    Raises:
        LedgerError: It cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.RLock()
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            self._make_private()
            self._db = sqlite3.connect(
                self.path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)

    def _make_private(self) -> None:
        """It holds replies. SQLite gives the files that it makes beside it the same rights."""
        keep_private(self.path)
        for suffix in ("-wal", "-shm"):
            narrow(self.path.with_name(FILE + suffix))

    def get(self, key: str) -> Reply | None:
        """The reply that was paid for under a key."""
        with self._reading() as db:
            row = db.execute("SELECT * FROM replies WHERE key = ?", (key,)).fetchone()
        return Reply(**dict(zip(_COLUMNS, row, strict=True))) if row else None

    def put(self, *replies: Reply) -> None:
        """Keep replies, in one transaction; of two for one key the first stays, both are paid."""
        with self._writing() as db:
            _insert(db, replies)

    def count_saved(self, url: str, model: str, *, requests: int, usd: float) -> None:
        """Note answers that were taken from the ledger."""
        with self._writing() as db:
            db.execute(_SAVED, (url, model, requests, usd))

    def spent_usd(self, url: str, model: str) -> float:
        """What one model at one endpoint has cost so far, in this process and all others."""
        with self._reading() as db:
            found = "SELECT usd FROM spending WHERE url = ? AND model = ?"
            row = db.execute(found, (url, model)).fetchone()
        return float(row[0]) if row else 0.0

    def spending(self) -> list[Spending]:
        """All that was spent, dearest first."""
        with self._reading() as db:
            rows = db.execute(_SPENDING).fetchall()
        names = [f.name for f in fields(Spending)]
        return [Spending(**dict(zip(names, row, strict=True))) for row in rows]

    def begin_batch(self, tag: str, url: str, model: str, keys: Sequence[str], at: float) -> None:
        """Note that a batch is about to be submitted."""
        with self._writing() as db:
            db.execute("INSERT INTO batches VALUES (?, ?, ?, '', ?)", (tag, url, model, at))
            db.executemany("INSERT INTO batch_keys VALUES (?, ?)", [(tag, k) for k in keys])

    def name_batch(self, tag: str, batch_id: str) -> None:
        """Note what the endpoint calls a batch."""
        with self._writing() as db:
            db.execute("UPDATE batches SET batch_id = ? WHERE tag = ?", (batch_id, tag))

    def end_batch(self, tag: str, replies: Sequence[Reply]) -> None:
        """Keep a batch's replies and forget the batch; only the first who does so counts them."""
        with self._writing() as db:
            if db.execute("DELETE FROM batches WHERE tag = ?", (tag,)).rowcount:
                db.execute("DELETE FROM batch_keys WHERE tag = ?", (tag,))
                _insert(db, replies)

    def pending_batches(self, url: str, model: str) -> list[PendingBatch]:
        """The batches under way, oldest first."""
        with self._reading() as db:
            found = "SELECT tag, batch_id FROM batches WHERE url = ? AND model = ? ORDER BY created"
            rows = db.execute(found, (url, model)).fetchall()
        return [PendingBatch(tag=tag, batch_id=batch_id) for tag, batch_id in rows]

    def keys_of_batch(self, tag: str) -> set[str]:
        """The keys that a batch will answer."""
        with self._reading() as db:
            found = "SELECT key FROM batch_keys WHERE tag = ?"
            return {key for (key,) in db.execute(found, (tag,))}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which other processes wait for."""
        with self._lock, self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            msg = (
                f"the ledger {self.path} cannot be used: {error}; make room or give yourself "
                "permission. If it is damaged, move it away: its replies are then paid again"
            )
            raise LedgerError(msg) from error


_COLUMNS = [f.name for f in fields(Reply)]
_PLACES = ", ".join("?" * len(_COLUMNS))


def _insert(db: sqlite3.Connection, replies: Sequence[Reply]) -> None:
    db.executemany(f"INSERT OR IGNORE INTO replies VALUES ({_PLACES})", map(astuple, replies))
    for r in replies:
        known = (r.tokens_in or 0, r.tokens_cached, r.tokens_out or 0, r.usd or 0.0)
        db.execute(_PAID, (r.url, r.model, *known))
