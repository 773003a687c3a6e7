"""Which results are looked at: undecided by their judge, the worst accepted, the quarantined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imgedit_assets.pages.desk import Desk
from imgedit_assets.sample.quarantine import active, hits
from imgedit_assets.sample.reviews import decided, opened, painted_ids, review_id
from models.faults import ImgEditError
from resources.schema import Quarantine, RetriedPair, Review, ScoredPair, ScoredRow

UNDECIDED, WORST, QUARANTINED = QUEUES = ("undecided", "worst", "quarantined")

STATES = {UNDECIDED: "undecided", WORST: "accepted", QUARANTINED: "quarantined"}
"""Of `PairIndex.frame`."""

MOST = 500
"""Of a queue: nobody looks at more in a day, and tomorrow it is another."""


MOST_TURNS = 4
"""Of a dialogue, and one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One result that waits for a decision."""

    review: Review
    pairs: tuple[ScoredRow, ...]
    """Its turns."""
    mark: Quarantine | None
    """What takes it out."""


def queue(desk: Desk, of: str) -> dict[str, list[str]]:
    """The judged pairs of each result of a queue, by the id that its review has or would have.

    The undecided come with those nearest to a half first, the others with the lowest score. What a
    person has decided already is in none.

    Raises:
        ImgEditError: There is no such queue.
    """
    import polars as pl

    if of not in QUEUES:
        msg = f"no queue is called {of!r}; there are {', '.join(QUEUES)}"
        raise ImgEditError(msg)
    known, result = decided(desk.store), ("instruction_id", "number")
    likely = pl.col("good_probability").fill_null(0.5)
    rows = (
        desk.pairs.frame()
        .filter(pl.col("state") == STATES[of])
        .with_columns(doubt=(likely - 0.5).abs() if of == UNDECIDED else pl.col("score"))
    )
    # Of a million pairs, few are grouped: the first ones, and the other turns of theirs.
    first = rows.bottom_k(MOST_TURNS * (MOST + len(known)), by=("doubt", "painted_id"))
    results = (
        rows.join(first.select(result).unique(), on=result, how="semi")
        .sort("turn")
        .group_by(result, maintain_order=True)
        .agg("id", "painted_id", pl.col("doubt").min())
        .sort("doubt", pl.col("painted_id").list.first())
    )
    named = ((review_id(of), ids) for ids, of in results.select("id", "painted_id").iter_rows())
    return dict([(review, ids) for review, ids in named if review not in known][:MOST])


def shown(desk: Desk, review: str, waiting: Mapping[str, Sequence[str]]) -> Shown:
    """What a review is about; one that nobody opened yet is as it would be.

    Args:
        desk: The home.
        review: Its id.
        waiting: What `queue` gives: the pairs of reviews that are not written down.

    Raises:
        ImgEditError: Its result is there no more.
    """
    import polars as pl

    known = desk.store.by_ids(Review, [review])
    ids = waiting.get(review, ())
    if review in known:
        found = desk.pairs.frame().filter(pl.col("painted_id").is_in(known[review].pair_ids))
        ids = found.sort("turn")["id"].to_list()
    rows = {**desk.store.by_ids(ScoredPair, ids), **desk.store.by_ids(RetriedPair, ids)}
    pairs = tuple(rows[i] for i in ids if i in rows)
    if not pairs:
        msg = f"the result of review {review} is there no more: go on with the next one"
        raise ImgEditError(msg)
    mark = _mark(desk, pairs)
    made = known.get(review) or opened(pairs, mark.why if mark else pairs[0].reason)
    return Shown(review=made, pairs=pairs, mark=mark)


def _mark(desk: Desk, pairs: Sequence[ScoredRow]) -> Quarantine | None:
    """The quarantine that takes a result out: one of itself before one of more."""
    marks = active(desk.store)
    own = [mark for mark in marks if mark.kind == "row" and mark.value in painted_ids(pairs)]
    if own:
        return own[0]
    return next(iter(hits(desk.store, pairs, marks).values()), None)
