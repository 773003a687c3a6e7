"""What a piece of work cost: the models that are called inside it say so."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Meter:
    """USD of the calls that one thread made inside a `metering` block."""

    paid_usd: float = 0.0
    """Billed now."""
    worth_usd: float = 0.0
    """Billed now or earlier: what all answers that were used have cost."""


_current: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metering() -> Iterator[Meter]:
    """Collect what is charged in this thread; a block inside another one counts for both."""
    meter, outer = Meter(), _current.get()
    token = _current.set(meter)
    try:
        yield meter
    finally:
        _current.reset(token)
        if outer is not None:
            outer.paid_usd += meter.paid_usd
            outer.worth_usd += meter.worth_usd


def charge(*, paid_usd: float, worth_usd: float) -> None:
    """Add to the meter of this thread, if there is one."""
    if meter := _current.get():
        meter.paid_usd += paid_usd
        meter.worth_usd += worth_usd
