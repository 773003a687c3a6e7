"""The review queue: results that a judge is not sure of, and what people decide of them.

A result stands in it by its painted pairs. `accepted_pairs` puts it there, `imgedit review` or a
page writes the decision, and the decision holds whichever judge comes after.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from models.faults import ImgEditError
from models.judge.judgement import Judgement
from resources.filters import quoted
from resources.recipes import digest
from resources.schema import Partition, RetriedPair, Review, ScoredRow
from resources.store import Store

OPEN, ACCEPTED, REJECTED = STATES = ("open", "accepted", "rejected")

LEAST_DIGITS = 4
"""Of the beginning of an id."""


class ReviewError(ImgEditError):
    """A decision about something that does not stand in the queue, or that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decides."""

    status: str
    """`accepted`, `rejected`, or `open` to take an earlier decision back."""
    who: str
    why: str
    scores: tuple[float, float, float] | None = None
    """Adherence, quality and preservation, 1 to 5, where they are given: a lesson for judges."""
    fixed: str = ""
    """What the instruction should say, of a dialogue a line for each turn; it is accepted so."""


def painted_ids(pairs: Sequence[ScoredRow]) -> tuple[str, ...]:
    """The painted pairs that some judged ones are about."""
    return tuple(pair.id if isinstance(pair, RetriedPair) else pair.parent_ids[0] for pair in pairs)


def review_id(pair_ids: Sequence[str]) -> str:
    """The id of the review of a result."""
    return digest("review", *pair_ids)


def opened(pairs: Sequence[ScoredRow], doubt: str) -> Review:
    """A result as it comes into the queue."""
    ids = painted_ids(pairs)
    return Review(
        id=review_id(ids),
        pair_ids=ids,
        edit_type=pairs[0].edit_type,
        shard=pairs[0].shard,
        instruction=" / ".join(pair.instruction for pair in pairs),
        doubt=doubt,
        status=OPEN,
        **_UNSAID,
    )


def enqueue(
    store: Store, place: Partition, known: Iterable[Review], doubtful: Iterable[Review]
) -> None:
    """Make the open reviews of a partition just the doubtful ones; what is decided stays."""
    wanted = {review.id: review for review in doubtful}
    held = {review.id: review for review in known}
    gone = [r.id for r in held.values() if r.status == OPEN and r.id not in wanted]
    store.forget_where(Review, f"{_at(place)} AND status = {quoted(OPEN)}", "id", gone)
    changed = [r for r in wanted.values() if held.get(r.id, r) == r or held[r.id].status == OPEN]
    store.upsert(Review, [review for review in changed if held.get(review.id) != review])


def reviews(store: Store, place: Partition) -> list[Review]:
    """Those of one partition, open and decided."""
    return store.select(Review, _at(place))


def decided(store: Store) -> dict[str, Review]:
    """What people have decided, by the review's id."""
    return {review.id: review for review in store.select(Review, f"status != {quoted(OPEN)}")}


def decide(store: Store, beginning: str, decision: Decision) -> Review:
    """Write down a decision.

    Args:
        store: Where the queue is.
        beginning: The review's id, or one of a pair that it is about, or a beginning of either.
        decision: What was decided.

    Raises:
        ReviewError: It names none or several, a score is off the scale, or no reason is given.
    """
    return decide_on(store, _named(store, beginning), decision)


def decide_on(store: Store, review: Review, decision: Decision) -> Review:
    """Write down a decision of a result, which need not have waited for one.

    Raises:
        ReviewError: A score is off the scale, no reason is given, or the instruction is fixed of a
            pair that is rejected, or of other turns than there are.
    """
    if decision.status != OPEN and not decision.why.strip():
        msg = "say why: the reason stands beside the pair"
        raise ReviewError(msg)
    if decision.scores and not all(1 <= score <= 5 for score in decision.scores):
        msg = f"scores go from 1 to 5, got {', '.join(f'{s:g}' for s in decision.scores)}"
        raise ReviewError(msg)
    turns = [" ".join(line.split()) for line in decision.fixed.splitlines()]
    if turns and (
        decision.status != ACCEPTED or len(turns) != len(review.pair_ids) or not all(turns)
    ):
        msg = f"an instruction is fixed where it is accepted, a line for each of its turns: {turns}"
        raise ReviewError(msg)
    if decision.status == OPEN:
        made = replace(review, status=OPEN, **_UNSAID)
    else:
        adherence, quality, preservation = decision.scores or (None, None, None)
        made = replace(
            review,
            status=decision.status,
            who=decision.who,
            why=decision.why,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            adherence=adherence,
            quality=quality,
            preservation=preservation,
            fixed="\n".join(turns),
        )
    store.upsert(Review, [made])
    return made


def taught(store: Store) -> Mapping[str, Judgement]:
    """The scores that people gave in their decisions, by painted pair; of single edits alone.

    Not where the instruction was fixed: a lesson shows the pair with its own.
    """
    found = {}
    for review in store.select(Review, "adherence IS NOT NULL AND fixed = ''"):
        adherence, quality, preservation = review.adherence, review.quality, review.preservation
        if adherence and quality and preservation and len(review.pair_ids) == 1:
            found[review.pair_ids[0]] = Judgement(
                adherence=adherence,
                quality=quality,
                preservation=preservation,
                reason=review.why,
            ).capped()
    return found


def _named(store: Store, beginning: str) -> Review:
    if len(beginning) < LEAST_DIGITS:
        msg = f"{beginning!r} is too short: give {LEAST_DIGITS} digits of an id, or more"
        raise ReviewError(msg)
    found = [
        review
        for review in store.select(Review)
        if any(known.startswith(beginning) for known in (review.id, *review.pair_ids))
    ]
    if len(found) != 1:
        what = f"{len(found)} reviews begin" if found else "no review begins"
        msg = f"{what} with {beginning!r}: copy an id from `imgedit review`"
        raise ReviewError(msg)
    return found[0]


def _at(place: Partition) -> str:
    return f"edit_type = {quoted(place.edit_type)} AND shard = {quoted(place.shard)}"


_UNSAID: Mapping[str, Any] = {
    **dict.fromkeys(("who", "at", "why", "fixed"), ""),
    **dict.fromkeys(("adherence", "quality", "preservation")),
}
