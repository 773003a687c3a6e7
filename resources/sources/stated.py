"""What a table says of an image: enough to leave it unread, never to take it."""

import math
from dataclasses import dataclass

from models.faults import Fault, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """Numbers that can be true; None where the table says nothing, or nothing that can be."""

    width: float | None = None
    """Pixels, above 0."""
    height: float | None = None
    """Pixels, above 0."""
    aesthetic: float | None = None
    """1 to 10, LAION's scale."""

    def fault(self, *, min_short_side_px: int, min_aesthetic: float) -> Fault | None:
        """Why the image need not be read, if what is said of it is true."""
        sides = [side for side in (self.width, self.height) if side is not None]
        if sides and min(sides) < min_short_side_px:
            size = " x ".join("?" if s is None else f"{s:.0f}" for s in (self.width, self.height))
            detail = f"{size} as the table states, short side below {min_short_side_px} px"
            return Fault(reason=Reason.TOO_SMALL, detail=detail)
        if self.aesthetic is not None and self.aesthetic < min_aesthetic:
            detail = f"{self.aesthetic:.2f} as the table states, below {min_aesthetic}"
            return Fault(reason=Reason.LOW_AESTHETIC, detail=detail)
        return None


def stated(*, width: object, height: object, aesthetic: object) -> Stated | None:
    """The cells of a row as numbers; None where none of them can be true."""
    found = Stated(
        width=_number(width, least=1, most=1e9),
        height=_number(height, least=1, most=1e9),
        aesthetic=_number(aesthetic, least=1, most=10),
    )
    return found if found != Stated() else None


def _number(cell: object, *, least: float, most: float) -> float | None:
    if isinstance(cell, bool):
        return None
    try:
        value = float(cell)  # type: ignore[arg-type]  # any cell: what has no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and least <= value <= most else None
