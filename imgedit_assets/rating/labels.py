"""What judges learn of campaigns: the grades that careful raters gave edit pairs."""

from collections.abc import Iterator

from benchmark.ratings import Rating as Label
from imgedit_assets.rating.answers import Mode
from imgedit_assets.rating.campaigns import Opened, campaigns, opened
from imgedit_assets.rating.standing import standing
from resources.schema import Rating
from resources.store import Store


def campaign_labels(store: Store) -> tuple[list[Label], list[str]]:
    """The ratings of all campaigns that grade edit pairs, and a line for each rater left out.

    Of one rater and pair the last word holds, in whichever campaign it was said. Repeats and
    attention checks measure raters, and are no labels.
    """
    kept: dict[tuple[str, str], Label] = {}
    notes: list[str] = []
    for campaign in reversed(campaigns(store)):
        if campaign.mode == Mode.SCORES:
            now = opened(store, campaign)
            careless = {pace.rater.id for pace in standing(now).paces if not pace.is_careful}
            notes += [
                f"{rater.name} fails attention checks of campaign {campaign.name}: left out"
                for rater in now.raters
                if rater.id in careless
            ]
            said = (label for rater, label in labels_of(now) if rater not in careless)
            kept |= {(label.pair, label.rater): label for label in said}
    return list(kept.values()), notes


def labels_of(now: Opened) -> Iterator[tuple[str, Label]]:
    """The grades of edit pairs in one campaign, each with its rater's id, the earliest first."""
    items = {item.id: item for item in now.items if item.pair_ids and not item.expected}
    names = {rater.id: rater.name for rater in now.raters}
    for rating in sorted(now.ratings, key=lambda rating: rating.at):
        if rating.item_id in items and rating.answers and not rating.showing:
            adherence, quality, preservation = map(float, rating.answers)
            yield (
                rating.rater_id,
                Label(
                    pair=items[rating.item_id].pair_ids[0],
                    rater=names[rating.rater_id],
                    scores=(adherence, quality, preservation),
                    reason=rating.note,
                    where=f"campaign {now.campaign.name}",
                ),
            )


def labels_state(store: Store) -> list[str]:
    """Changes with every rating; empty where there is none."""
    frame = store.table_frame(Rating, ["id", "at", "answers"])
    return sorted(f"{i} {at} {'/'.join(said)}" for i, at, said in frame.iter_rows())
