"""One image, frame of a clip, or pair of a release that a source offers to be read later."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

from models.annotation import Annotation
from models.faults import Fault, Reason
from models.text import storable
from resources.sources.stated import Stated

ItemKind = Literal["image", "frame", "pair"]
_NOTHING_SAID = Annotation()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItem:
    """Where an image is and what its source says of it; holds no pixels."""

    uri: str
    """`studio://`, `package://`, `file://`, `video://`, `http://` or `https://`."""
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
    """What a table says of the image itself: enough to leave it unread, never to take it."""
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
