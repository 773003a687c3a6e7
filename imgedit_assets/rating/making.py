"""A campaign made of rows: what is rated, its attention checks, its guideline."""

from dataclasses import dataclass, replace
from importlib.resources import files

from benchmark.multiturn.raters import guideline as guideline_of_turns
from imgedit_assets.rating.answers import Mode, RatingError
from imgedit_assets.rating.attention import checks
from imgedit_assets.rating.campaigns import begin, campaigns, now
from imgedit_assets.rating.items import Wanted, chosen, drafted
from resources.factory import Factory
from resources.recipes import digest
from resources.schema import Campaign, CampaignItem, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is decided about a campaign besides its rows."""

    name: str
    who: str
    seats: int = 1
    """Among how many raters the items are shared."""
    overlap: int = 2
    """How many raters see each item; of fewer seats, all do."""
    repeat_frac: float = 0.1
    check_frac: float = 0.1
    """Attention checks for each item that a rater sees."""
    guideline: str = ""
    """Empty for the one that comes with the mode."""


def make_campaign(
    factory: Factory, wanted: Wanted, settings: Settings
) -> tuple[Campaign, list[CampaignItem]]:
    """Choose what is rated, draw the attention checks, and write the campaign down.

    Raises:
        RatingError: Another has the name, or nothing is there to rate.
    """
    if any(settings.name in (one.name, one.id) for one in campaigns(factory.store)):
        msg = f"there is a campaign called {settings.name!r} already: give this one another name"
        raise RatingError(msg)
    at = now()
    campaign = Campaign(
        id=digest("campaign", settings.name, at),
        name=settings.name,
        mode=wanted.mode,
        guideline=settings.guideline or guideline(wanted.mode),
        seed=wanted.seed,
        overlap=min(settings.overlap, settings.seats),
        seats=settings.seats,
        repeat_frac=settings.repeat_frac,
        who=settings.who,
        at=at,
    )
    items, versions = _items(factory, wanted, settings, campaign)
    factory.store.insert(Version, versions)
    begin(factory.store, campaign, items)
    return campaign, items


def _items(
    factory: Factory, wanted: Wanted, settings: Settings, campaign: Campaign
) -> tuple[list[CampaignItem], list[Version]]:
    some = chosen(factory.store, wanted)
    n = min(len(some), wanted.limit)
    seen = n * campaign.overlap / settings.seats
    n_checks = min(len(some), round(seen * settings.check_frac + 0.5) if settings.check_frac else 0)
    # Checks are of rows that are not asked about, as far as there are such.
    pool = drafted(factory.store, campaign.id, [*some[:n], *some[n : n + 2 * n_checks]])
    made, versions = checks(factory, wanted.mode, pool[::-1], n_checks)
    numbered = [replace(check, number=n + place) for place, check in enumerate(made)]
    return [*pool[:n], *numbered], versions


def guideline(mode: Mode) -> str:
    """What raters are told where a campaign has no guideline of its own, as Markdown."""
    if mode is Mode.TURNS:
        return guideline_of_turns()
    return files("imgedit_assets.rating").joinpath(f"guidelines/{mode}.md").read_text("utf-8")
