"""What the server was asked and what it delivered: the other side of a client's ledger."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, kw_only=True)
class Journal:
    """Counts of everything since the server started."""

    requests: int = 0
    behaviours: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    """How often each request came, by digest."""
    billed_at: dict[str, list[float]] = field(default_factory=dict)
    """Unix times at which a complete 200 reply to a request was delivered."""
    in_flight: int = 0
    most_in_flight: int = 0

    def bill(self, request: str) -> None:
        """Note that a complete reply was delivered."""
        self.billed_at.setdefault(request, []).append(time.time())

    def as_json(self, *, full: bool) -> dict[str, Any]:
        """The journal for a reader.

        Args:
            full: With the times of every reply.
        """
        told: dict[str, Any] = {
            "requests": self.requests,
            "distinct": len(self.asked),
            "billed": sum(map(len, self.billed_at.values())),
            "billed_more_than_once": sorted(k for k, at in self.billed_at.items() if len(at) > 1),
            "behaviours": dict(sorted(self.behaviours.items())),
            "most_in_flight": self.most_in_flight,
        }
        return told | {"billed_at": self.billed_at} if full else told
