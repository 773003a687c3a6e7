"""One image, frame of a clip, or pair of a release that a source offers to be read later."""

import json
import math
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

from models.annotation import Annotation
from models.faults import Fault, Reason
from models.text import storable

ItemKind = Literal["image", "frame", "pair"]
_NOTHING_SAID = Annotation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a table says of an image: enough to leave it unread, never to take it.

    Numbers that can be true; None where the table says nothing, or nothing that can be.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """Where an image is and what its source says of it; holds no pixels."""

    uri: str
    """`studio://`, `package://`, `file://`, `tar://`, `video://`, `http://` or `https://`."""
    kind: ItemKind = "image"
    clip: str = ""
    """Frames only: the clip's name, the same for all its frames."""
    t_s: float = 0.0
    """Frames only: seconds from the start of the clip."""
    annotation: Annotation = _NOTHING_SAID
    licence: str = ""
    attribution: str = ""
    continues: bool = False
    """Whether it belongs into the shard of the item before it."""
    stated: Stated | None = None
    pair: str = ""
    """Pairs only: `resources.releases.stored.PairRef` as JSON."""
    fault: Fault | None = None
    """Known bad before it is read: the item goes to `rejects` with this."""
    issues: tuple[Fault, ...] = ()
    """Parts of the annotation that were left out; the image itself is good."""

    def __post_init__(self) -> None:
        """Make its words ones that the store takes: they come from file names and tables."""
        for name in ("clip", "licence", "attribution"):
            object.__setattr__(self, name, storable(getattr(self, name)))

    def to_json(self) -> str:
        """Canonical JSON, so equal items have equal digests."""
        fields = asdict(replace(self, annotation=_NOTHING_SAID))
        if self.stated is None:
            del fields["stated"]
        fields["annotation"] = json.loads(self.annotation.to_json())
        return json.dumps(fields, sort_keys=True, ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read `to_json`."""
        fields = json.loads(text)
        fields["annotation"] = Annotation.model_validate(fields["annotation"])
        fields["fault"] = _fault(fields["fault"]) if fields["fault"] else None
        if stated := fields.get("stated"):
            fields["stated"] = Stated(**stated)
        fields["issues"] = tuple(_fault(f) for f in fields["issues"])
        return cls(**fields)


def _fault(fields: dict[str, str]) -> Fault:
    return Fault(reason=Reason(fields["reason"]), detail=fields["detail"])


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
