"""Rating campaigns: what people are shown, who they are, and what they answered."""

from dataclasses import dataclass
from typing import ClassVar

from resources.schema.rows import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Record):
    """Some pictures that people rate in one way. It never changes once it is made."""

    TABLE: ClassVar[str] = "campaigns"

    name: str
    mode: str
    """`scores`, `pairs` or `turns` (`imgedit_assets.rating.answers.Mode`)."""
    guideline: str
    """What raters are told, as Markdown."""
    seed: int
    """Decides who sees what, in which order and on which side."""
    overlap: int
    """How many raters see each item."""
    seats: int
    """Among how many raters the items are shared; whoever comes after sees what another does."""
    repeat_frac: float
    """Share of a rater's items that are shown a second time, unsaid."""
    who: str
    at: str
    """By whom and when it was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignItem(Record):
    """One thing to rate. The lists of versions and words have an entry for each turn shown."""

    TABLE: ClassVar[str] = "campaign_items"

    campaign_id: str
    number: int
    """Its place in the campaign, from 0."""
    instructions: tuple[str, ...]
    sources: tuple[str, ...]
    """Versions that the turns are said of."""
    firsts: tuple[str, ...]
    """Versions of the results."""
    seconds: tuple[str, ...]
    """Of pairs, those of the other results; else empty."""
    references: tuple[str, ...]
    """Versions that the words speak of beside the source; empty where there is none."""
    row_ids: tuple[str, ...]
    """The rows that it is about: of a pair of results both, of a dialogue every turn."""
    pair_ids: tuple[str, ...]
    """The rows of `edit_pairs` behind them; empty for anything else, such as an editor's output."""
    names: tuple[str, ...]
    """Who made the result, an editor or a painter; of a pair both. Raters never see it."""
    cluster: str
    """What items of one source picture share."""
    case: str
    """Of a benchmark's output its case, else the instruction's id."""
    expected: tuple[str, ...]
    """Of an attention check, what the first answer may be; empty for what is really asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rater(Record):
    """A person who rates in one campaign."""

    TABLE: ClassVar[str] = "raters"

    campaign_id: str
    name: str
    seat: int
    """From 0, in the order in which they came."""
    token_sha256: str
    """Of the token in their link; empty for one whose ratings were imported."""
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(Record):
    """What a rater says of an item; the last word holds."""

    TABLE: ClassVar[str] = "ratings"

    campaign_id: str
    rater_id: str
    item_id: str
    showing: int
    """0, or 1 where it is shown again."""
    flipped: int
    """1 where the second result stood on the left."""
    answers: tuple[str, ...]
    """As the item has them, whatever the side: grades of adherence, quality and preservation; one
    of `first`, `second`, `tie`, `neither`; or `yes` or `no` for each turn. Empty: skipped."""
    note: str
    ms: int
    """From the moment when the pictures were shown; 0 where that is not known."""
    at: str
