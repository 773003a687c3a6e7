"""Leases on an object store: one holder for each partition, wherever its process runs.

A lease is an object that is only ever written on the condition that nobody else has written it
since. Its holder renews it; one that nobody has renewed for `EXPIRES_S` is taken over. No clock of
another machine is trusted: whoever waits measures for itself how long nothing has changed. A
holder that was only slow is told once it wakes; what both have committed has the same ids.
"""

import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from resources.locks import SAY_AFTER_S, TIMEOUT_VARIABLE, LockError, patience_s
from resources.object_store import opened, told
from resources.retrying import said_if_slow, through_outage

log = logging.getLogger(__name__)

EXPIRES_S = 60.0
"""A partition whose holder has died waits so long."""

FREE = b"{}"


@dataclass(slots=True, kw_only=True)
class _Lease:
    store: Any
    path: str
    what: str
    expires_s: float
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    tag: str | None = None
    """Of the object as this process wrote it last."""
    lost: bool = False
    seen: tuple[str | None, float] = ("", 0.0)
    """The tag that another's lease had, and since when, by this machine's clock."""

    def take(self) -> str:
        """Take it if it is free or has expired.

        Returns:
            Who holds it, in words; "" once it is this process.
        """
        import obstore

        try:
            found = obstore.get(self.store, self.path)
            holder, tag = json.loads(bytes(found.bytes())), found.meta["e_tag"]
        except FileNotFoundError:
            holder, tag = {}, None
        except ValueError:  # no lease of ours: not to be overwritten
            return f"an object that is no lease ({self.path})"
        if holder.get("token") == self.token:
            self.tag = tag  # written by a try whose answer was lost
            return ""
        if tag != self.seen[0]:
            self.seen = (tag, time.monotonic())
        if not holder or time.monotonic() - self.seen[1] >= self.expires_s:
            return "" if self._put(tag) else "another process"
        return f"pid {holder.get('pid')} on {holder.get('host')}"

    def _put(self, tag: str | None, body: bytes | None = None) -> bool:
        """Write it, if it is still what it was."""
        import obstore

        holder = {"token": self.token, "pid": os.getpid(), "host": socket.gethostname()}
        # Another body each time: a store may name equal ones by equal tags.
        said = body or json.dumps(holder | {"at": time.time_ns()}).encode()
        mode: Any = {"e_tag": tag} if tag else "create"
        try:
            self.tag = obstore.put(self.store, self.path, said, mode=mode)["e_tag"]
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
            return False
        return True

    def renew_until(self, ended: threading.Event) -> None:
        """Renew it in time, for as long as it is held."""
        import obstore

        while not ended.wait(self.expires_s / 4):
            try:
                if not self._put(self.tag) and self.take():
                    self.lost = True
                    return
            except obstore.exceptions.BaseError as error:
                log.info("%s: the lease is renewed another time: %s", self.what, error)

    def free(self) -> None:
        """Let others have it at once."""
        import obstore

        try:
            self._put(self.tag, FREE)
        except obstore.exceptions.BaseError as error:
            log.info("%s: the lease is left to expire: %s", self.what, error)


@contextmanager
def leased(
    uri: str,
    name: str,
    what: str,
    *,
    tell: Callable[[str], None] = log.warning,
    expires_s: float = EXPIRES_S,
) -> Iterator[None]:
    """Hold a lease for the block; waits for whoever holds it.

    Args:
        uri: The home.
        name: The lease's name under `leases`.
        what: What it guards, for the words.
        tell: Gets a line if there is a wait.
        expires_s: How long a lease that is not renewed is respected.

    Raises:
        LockError: It was held for too long, or was lost to another while the block ran.
        ObjectStoreError: The store cannot be used.
    """
    lease = _Lease(store=opened(uri), path=f"leases/{name}", what=what, expires_s=expires_s)
    with told(uri):
        _wait(lease, uri, tell)
    ended = threading.Event()
    renewer = threading.Thread(target=lease.renew_until, args=(ended,), name="lease", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        ended.set()
        renewer.join()
        if not lease.lost:
            lease.free()
    if lease.lost:
        msg = (
            f"{what}: this process did not renew its lease for {expires_s:g} s, and another has "
            "taken it over; what was committed is kept: run again"
        )
        raise LockError(msg)


def _wait(lease: _Lease, uri: str, tell: Callable[[str], None]) -> None:
    import obstore

    def holder_now() -> str:
        with said_if_slow(uri):
            return tried(lease.take)

    limit_s, started, is_told = patience_s(), time.monotonic(), False
    # A conditional write is not tried again by the library, as it may have been done.
    tried = through_outage(obstore.exceptions.GenericError)
    while holder := holder_now():
        waited_s = time.monotonic() - started
        if waited_s >= limit_s:
            msg = (
                f"{lease.what}: held by {holder}, waited for {waited_s:.0f} s: let that process "
                f"finish or end it, then run again ({TIMEOUT_VARIABLE} sets how long to wait)"
            )
            raise LockError(msg)
        if not is_told and waited_s >= SAY_AFTER_S:
            tell(
                f"waiting for {lease.what}, held by {holder}; one that has died loses it within "
                f"{lease.expires_s:.0f} s"
            )
            is_told = True
        time.sleep(min(SAY_AFTER_S, lease.expires_s / 4))
