"""Under which names and ports a webserver is to be found, and whose pages are its own."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from models.faults import ImgEditError
from resources.addresses import is_loopback

Place = tuple[str, int]
"""A host and a port, as a browser is told them."""

PORTS = {"http": 80, "https": 443}
PAGE_PORTS = frozenset(PORTS.values())

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9._-]*)(?::(\d{1,5}))?", re.ASCII)


class HostError(ImgEditError):
    """What stands for a host name is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a webserver is to be found."""

    own: frozenset[Place]
    given: frozenset[Place] = frozenset()
    """Those that the user named: a proxy, say."""
    literals_at: int | None = None
    """The port at which any address in figures is ours. A page can give its own name to this
    machine, but no address."""

    @classmethod
    def of(cls, host: str, port: int, allowed: Collection[str] = ()) -> "Places":
        """Those of a webserver that listens somewhere.

        Args:
            host: The address it listens on.
            port: Its port.
            allowed: More names that it goes by, as `name` (at its own port, 80 and 443) or
                `name:port`.

        Raises:
            HostError: One of them is no host name.
        """
        loopback = is_loopback(host)
        names = ("localhost", "127.0.0.1", "::1") if loopback else ("localhost",)
        own = {(name, port) for name in (_canonical(host), *names)}
        given = {place for name in allowed for place in _named(name, port)}
        literals_at = None if loopback else port
        return cls(own=frozenset(own), given=frozenset(given), literals_at=literals_at)

    def answer_to(self, host: str) -> bool:
        """Whether a request's Host is one of them."""
        # Behind a proxy that speaks TLS, a host without a port is at 443.
        return any(self._hold(_place(host, port)) for port in PAGE_PORTS)

    def are_of(self, source: str, host: str) -> bool:
        """Whether an origin, or a page's address, is of the host that was asked."""
        try:
            parts = urlsplit(source)
        except ValueError:
            return False
        port = PORTS.get(parts.scheme)
        if port is None or not (place := _place(parts.netloc, port)):
            return False
        # A proxy may ask under our own name for what a page of its name wants.
        return place == _place(host, port) or place in self.given

    def _hold(self, place: Place | None) -> bool:
        if place is None:
            return False
        host, port = place
        return place in self.own | self.given or (port == self.literals_at and _is_literal(host))


def _named(name: str, port: int) -> set[Place]:
    """The places that a user means by a name, with a port or without."""
    place, elsewhere = _place(name, port), _place(name, 0)
    if place is None or elsewhere is None:
        msg = f"'{name}' is no host name; give one such as imgedit.example or imgedit.example:8443"
        raise HostError(msg)
    return {place} if place == elsewhere else {(place[0], p) for p in (port, *PAGE_PORTS)}


def _place(authority: str, port: int) -> Place | None:
    """A host and its port, or the given port where none is said; none of what is no host."""
    found = _AUTHORITY.fullmatch(authority.lower())
    return (_canonical(found[1].strip("[]")), int(found[2] or port)) if found else None


def _canonical(host: str) -> str:
    """An address as it is spelt shortest; a name in lower case."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
