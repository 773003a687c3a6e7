"""Campaigns as the store keeps them: made, joined by raters, and answered."""

import secrets
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from imgedit_assets.rating.answers import Mode, RatingError, checked
from imgedit_assets.rating.plan import Task, plan
from resources.filters import quoted
from resources.recipes import digest
from resources.schema import Campaign, CampaignItem, Rater, Rating
from resources.store import Store

TOKEN_BYTES = 24

COMPACT_EVERY = 64
"""Each answer is a commit of its own, and so a fragment of its table."""

_WRITING = threading.Lock()
"""Of one process: commits to one table one after the other cost less than ones that collide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A campaign with all that was said in it so far."""

    campaign: Campaign
    items: tuple[CampaignItem, ...]
    raters: tuple[Rater, ...]
    ratings: tuple[Rating, ...]

    @property
    def mode(self) -> Mode:
        """How it rates."""
        return Mode(self.campaign.mode)

    def tasks(self, rater: Rater) -> tuple[Task, ...]:
        """What a rater is shown, in order."""
        return plan(self.campaign, self.items, rater.seat)

    @property
    def by_rater(self) -> Mapping[str, tuple[Rating, ...]]:
        """The ratings of each rater, by id; none for who said nothing."""
        found = defaultdict[str, list[Rating]](list)
        for rating in self.ratings:
            found[rating.rater_id].append(rating)
        return {rater.id: tuple(found[rater.id]) for rater in self.raters}


def begin(store: Store, campaign: Campaign, items: Sequence[CampaignItem]) -> None:
    """Write a campaign down, its items first, so that one which is listed is whole.

    Raises:
        RatingError: Nothing is to be rated, or its numbers do not fit each other.
    """
    if not any(not item.expected for item in items):
        msg = "nothing is there to rate: choose other rows, or fewer conditions"
        raise RatingError(msg)
    if not 1 <= campaign.overlap <= campaign.seats:
        msg = (
            f"{campaign.overlap} raters are to see each item, of {campaign.seats}: name more "
            "raters, or a smaller --overlap"
        )
        raise RatingError(msg)
    store.insert(CampaignItem, items)
    store.insert(Campaign, [campaign])


def campaigns(store: Store) -> list[Campaign]:
    """All campaigns, the newest first."""
    return sorted(store.select(Campaign), key=lambda one: one.at, reverse=True)


def campaign_named(store: Store, name: str) -> Campaign:
    """The campaign of a name, of an id, or of the unique beginning of an id.

    Raises:
        RatingError: There is none, or there are several.
    """
    known = campaigns(store)
    found = [one for one in known if name in (one.name, one.id)] or [
        one for one in known if name and one.id.startswith(name)
    ]
    if len(found) != 1:
        names = ", ".join(one.name for one in known) or "none"
        msg = f"{len(found)} campaigns are called {name!r}; there are: {names}"
        raise RatingError(msg)
    return found[0]


def items_of(store: Store, campaign: Campaign) -> tuple[CampaignItem, ...]:
    """Its items, in order."""
    found = store.select(CampaignItem, _of(campaign))
    return tuple(sorted(found, key=lambda item: item.number))


def opened(store: Store, campaign: Campaign) -> Opened:
    """A campaign as it stands now."""
    return Opened(
        campaign=campaign,
        items=items_of(store, campaign),
        raters=tuple(sorted(store.select(Rater, _of(campaign)), key=lambda one: one.seat)),
        ratings=tuple(store.select(Rating, _of(campaign))),
    )


def join(store: Store, campaign: Campaign, name: str, *, linked: bool = True) -> tuple[Rater, str]:
    """Let somebody rate; who is in already gets a new token, and the old one leads nowhere.

    Args:
        store: Where the campaign is.
        campaign: Which.
        name: The rater's; a campaign has each but once.
        linked: Whether they get a token; not those whose ratings come from a file.

    Returns:
        The rater and the token, which is kept nowhere.

    Raises:
        RatingError: The name is none.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES) if linked else ""
    with _WRITING:
        known = store.select(Rater, _of(campaign))
        comer = newcomer(campaign, name, len(known))
        rater = next((one for one in known if one.id == comer.id), comer)
        if linked:
            rater = replace(rater, token_sha256=hashed(token))
        store.upsert(Rater, [rater])
    return rater, token


def newcomer(campaign: Campaign, name: str, seat: int = 0) -> Rater:
    """A rater as they come in; the same name is the same rater.

    Raises:
        RatingError: The name is none.
    """
    if not (name := " ".join(name.split())):
        msg = "give the rater a name"
        raise RatingError(msg)
    return Rater(
        id=digest("rater", campaign.id, name),
        campaign_id=campaign.id,
        name=name,
        seat=seat,
        token_sha256="",
        at=now(),
    )


def seats_of(store: Store, campaign: Campaign) -> dict[str, Rater]:
    """The raters of a campaign, by name."""
    return {rater.name: rater for rater in store.select(Rater, _of(campaign))}


def ratings_by(store: Store, rater: Rater) -> dict[tuple[str, int], Rating]:
    """What a rater said so far, by item and showing."""
    found = store.select(Rating, f"rater_id = {quoted(rater.id)}")
    return {(rating.item_id, rating.showing): rating for rating in found}


def rater_with(store: Store, token: str) -> Rater | None:
    """Whose token it is; looked up by its hash, so that no comparison tells how much is right."""
    found = store.select(Rater, f"token_sha256 = {quoted(hashed(token))}") if token else []
    return found[0] if found else None


def answered(
    mode: Mode, rater: Rater, task: Task, answers: Sequence[object], *, ms: int = 0, note: str = ""
) -> Rating:
    """A rating as it is kept.

    Raises:
        RatingError: The answers are none.
    """
    return Rating(
        id=digest("rating", rater.id, task.item.id, str(task.showing)),
        campaign_id=rater.campaign_id,
        rater_id=rater.id,
        item_id=task.item.id,
        showing=task.showing,
        flipped=int(task.flipped),
        answers=checked(mode, task.item, answers),
        note=" ".join(note.split()),
        ms=max(ms, 0),
        at=now(),
    )


def keep(store: Store, ratings: Sequence[Rating]) -> None:
    """Put ratings into the store; once this returns, no crash takes them away."""
    with _WRITING:
        store.upsert(Rating, ratings)
        if store.count(Rating) % COMPACT_EVERY == 0:
            store.compact([Rating])


def hashed(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode()).hexdigest()


def now() -> str:
    """The time, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _of(campaign: Campaign) -> str:
    return f"campaign_id = {quoted(campaign.id)}"
