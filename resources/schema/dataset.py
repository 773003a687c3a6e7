"""What becomes of finished rows: reviewed, taken out again, released, encoded whole."""

from dataclasses import dataclass
from typing import ClassVar

from resources.schema.rows import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine(Record):
    """Somebody's word that some rows, and all that was made of them, are not to be used."""

    TABLE: ClassVar[str] = "quarantines"

    kind: str
    """`row`, `recipe`, `source` or `run`: what `value` is an id or a URI of."""
    value: str
    why: str
    who: str
    at: str
    undone_by: str
    """Empty while it holds."""
    undone_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Record):
    """A result that its judge was not sure of, and what a person decided; `id` is its own.

    It is about pictures, so another judge's verdict on them leaves it as it is.
    """

    TABLE: ClassVar[str] = "reviews"

    pair_ids: tuple[str, ...]
    """Rows of `edit_pairs` or of `retried_pairs`: of a dialogue every turn, else one."""
    edit_type: str
    shard: str
    instruction: str
    """Of a dialogue all turns."""
    doubt: str
    """Why the judge was not sure."""
    status: str
    """`open`, `accepted` or `rejected`."""
    who: str
    at: str
    why: str
    """By whom it was decided, when and why; empty while it is open."""
    adherence: float | None
    quality: float | None
    preservation: float | None
    """1 to 5, where the person gave them."""
    fixed: str
    """What the instruction should say, of a dialogue a line for each turn; empty where it is right.
    Accepted pairs say it in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection(Record):
    """Rows that left the graph together: in a release, a training corpus, a checkpoint."""

    TABLE: ClassVar[str] = "collections"

    kind: str
    """`release`, `corpus`, `preferences`, `connector` or `checkpoint`."""
    name: str
    path: str
    """Its folder's, or the URI of one on a store."""
    row_ids: tuple[str, ...]
    """Rows of `accepted_pairs` that it holds or learnt from; of pairs that were not accepted, of
    `scored_pairs` or `edit_pairs`."""
    parent_ids: tuple[str, ...]
    """Collections that it was made from."""
    run_id: str
    made_at: str
    seal: str
    """SHA-256 of its `SHA256SUMS`. While that stands at the path, its files are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition(Record):
    """A version as one whole encoded image, by the version's id: made once, exported often."""

    TABLE: ClassVar[str] = "renditions"

    format: str
    """`png`, `jpeg` or `webp`."""
    width: int
    height: int
    sha256: str
    """Of the payload."""
    payload: bytes
