"""What the harness keeps of its work: items, versions, units, rejects and finished partitions."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from resources.schema.rows import Placed, Record

if TYPE_CHECKING:
    # It loads NumPy, which the definitions do without.
    from models.geometry import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceItemRow(Record):
    """A registered item: one image or frame that a shard holds. Shards are append-only."""

    TABLE: ClassVar[str] = "source_items"

    uri: str
    stamp: str
    """Changes when the bytes, or what is said of them, may have changed."""
    shard: str
    ordinal: int
    item: str
    """`resources.sources.item.SourceItem` as JSON."""
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Placed):
    """A root's bytes, or a patch on its parent."""

    TABLE: ClassVar[str] = "versions"

    parent_id: str
    """Empty for a root."""
    row_id: str
    """The row that made it."""
    codec: str
    x0: int
    y0: int
    x1: int
    y1: int
    payload: bytes
    sha256: str = ""
    """Of the payload as it was made; worked out where it is not given."""

    def __post_init__(self) -> None:
        if not self.sha256:
            object.__setattr__(self, "sha256", hashlib.sha256(self.payload).hexdigest())

    @property
    def box(self) -> "Box":
        """The patch's box; the canvas for a root."""
        from models.geometry import Box

        return Box(self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit(Placed):
    """A finished unit of work: parents by recipe. Written last, so its rows are complete."""

    TABLE: ClassVar[str] = "units"

    row_ids: tuple[str, ...]
    rejects: int
    seconds: float
    run_id: str
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Placed):
    """A row that failed, and why."""

    TABLE: ClassVar[str] = "rejects"

    unit_id: str
    parent_ids: tuple[str, ...]
    subject: str
    """What it was about, in words a person can act on: a file, an object."""
    reason: str
    detail: str
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head(Placed):
    """A partition as it was last finished. Readers take exactly these rows."""

    TABLE: ClassVar[str] = "heads"

    row_ids: tuple[str, ...]
    rejects: str
    """JSON: count by reason."""
    figures: str
    """JSON: the stage's headline figures of these rows."""
    samples: str = ""
    """Markdown: links to the worst and the best of them."""
    units: int
    recipe_id: str
    seconds: float
    run_id: str
    finished_at: str
    origin: str = ""
    """A hash of all that it was made from (`imgedit_assets.origins`); empty where none is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet(Record):
    """The contact sheet of a partition, by the id of its head."""

    TABLE: ClassVar[str] = "sheets"

    jpeg: bytes
    """Empty where there is nothing to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRow(Record):
    """A recipe in words."""

    TABLE: ClassVar[str] = "recipes"

    json: str
