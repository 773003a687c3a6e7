"""Campaigns as their owner sees them: how they stand, live, and a link for each rater."""

from math import isnan

from imgedit_assets.pages.desk import Desk
from imgedit_assets.rating.answers import VALUES
from imgedit_assets.rating.campaigns import Opened, campaign_named, campaigns, join, opened
from imgedit_assets.rating.standing import standing
from imgedit_assets.rating.tables import as_table
from resources.schema import CampaignItem
from resources.site.web import Request, Response, Route, posted

APART = 12
"""Items that are shown because raters disagree most about them."""


def routes(desk: Desk) -> list[Route]:
    """`/campaigns` lists them, `/campaigns/<id>` shows one; its ratings as CSV; links by POST."""
    store = desk.store

    def listed(request: Request) -> Response:
        now = [opened(store, campaign) for campaign in campaigns(store)]
        rows = [(one, standing(one)) for one in now]
        return desk.page(request, "campaigns.html", rows=rows)

    def shown(request: Request, link: tuple[str, str] = ("", "")) -> Response:
        now = _opened(request)
        return desk.page(
            request,
            "campaign.html",
            now=now,
            at=standing(now),
            apart=most_apart(now)[:APART],
            link=link,
            isnan=isnan,
        )

    def _opened(request: Request) -> Opened:
        return opened(store, campaign_named(store, request.path_params["campaign"]))

    def table(request: Request) -> Response:
        now = _opened(request)
        said = f'attachment; filename="ratings-{now.campaign.id[:12]}.csv"'
        headers = {"Content-Disposition": said}
        return Response(as_table(now), media_type="text/csv; charset=utf-8", headers=headers)

    def invite(request: Request, said: dict[str, str]) -> Response:
        campaign = campaign_named(store, request.path_params["campaign"])
        rater, token = join(store, campaign, said.get("name", "")[:200])
        base = str(request.base_url).rstrip("/")
        return shown(request, (rater.name, f"{base}/rate/{campaign.id}?token={token}"))

    return [
        Route("/campaigns", listed),
        Route("/campaigns/{campaign}", shown),
        Route("/campaigns/{campaign}/ratings.csv", table),
        posted("/campaigns/{campaign}", invite),
    ]


def most_apart(now: Opened) -> list[tuple[CampaignItem, float, list[tuple[str, str]]]]:
    """Items that raters disagree about, the most first: how far apart, and who said what."""
    names = {rater.id: rater.name for rater in now.raters}
    found = []
    for item in now.items:
        said = [r for r in now.ratings if r.item_id == item.id and r.answers and not r.showing]
        numbers = [[VALUES[answer] for answer in rating.answers] for rating in said]
        spread = max((max(some) - min(some) for some in zip(*numbers, strict=True)), default=0.0)
        if spread and not item.expected:
            each = sorted((names[rating.rater_id], " ".join(rating.answers)) for rating in said)
            found.append((item, spread, each))
    return sorted(found, key=lambda one: -one[1])
