"""Who sees what, in which order and on which side: decided by the campaign's seed alone."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from resources.recipes import digest
from resources.schema import Campaign, CampaignItem

APART = 10
"""A repeat comes so many tasks after its first showing, or later; less where there are few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing that a rater is shown."""

    item: CampaignItem
    showing: int
    """0, or 1 where it is shown again."""
    flipped: bool
    """Whether the second result stands on the left; a repeat turns the sides round."""


def plan(campaign: Campaign, items: Sequence[CampaignItem], seat: int) -> tuple[Task, ...]:
    """What a rater sees, in order: their share, every attention check, and some once more.

    Args:
        campaign: Its seed, and how many raters see each item.
        items: All of the campaign.
        seat: The rater's. One beyond the seats sees what an earlier one sees, in another order.
    """
    shares = shared_out(campaign, [item for item in items if not item.expected])
    own = shares[seat % campaign.seats]
    rng = random.Random(digest("order", str(campaign.seed), campaign.id, str(seat)))
    shown = [*own, *(item for item in items if item.expected)]
    rng.shuffle(shown)
    tasks = [Task(item=item, showing=0, flipped=rng.random() < 0.5) for item in shown]
    return tuple(_with_repeats(tasks, round(campaign.repeat_frac * len(own)), rng))


def shared_out(campaign: Campaign, items: Sequence[CampaignItem]) -> list[list[CampaignItem]]:
    """The items of each seat: each item on `overlap` of them, no seat more than one ahead.

    Which raters meet over an item is drawn, so that everybody is compared with everybody.
    """
    shares: list[list[CampaignItem]] = [[] for _ in range(campaign.seats)]
    for item in items:

        def load(seat: int, item: CampaignItem = item) -> tuple[int, str]:
            drawn = digest("seat", str(campaign.seed), item.id, str(seat))
            return len(shares[seat]), drawn

        for seat in sorted(range(campaign.seats), key=load)[: campaign.overlap]:
            shares[seat].append(item)
    return shares


def _with_repeats(tasks: list[Task], n: int, rng: random.Random) -> list[Task]:
    """Some of the earlier tasks a second time, far enough behind, with the sides turned."""
    really_asked = [task for task in tasks if not task.item.expected]
    early = really_asked[: max(n, (len(really_asked) + 1) // 2)]
    order = list(tasks)
    for task in rng.sample(early, n):
        again = Task(item=task.item, showing=1, flipped=not task.flipped)
        earliest = min(order.index(task) + APART, len(order))
        order.insert(rng.randint(earliest, len(order)), again)
    return order
