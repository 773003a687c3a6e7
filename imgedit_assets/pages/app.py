"""The pages as one application."""

from pathlib import Path

from imgedit_assets.pages import (
    dataset,
    gallery,
    images,
    leaderboard,
    quarantine,
    rating,
    rating_campaigns,
    review,
    sample,
)
from imgedit_assets.pages.desk import Desk
from imgedit_assets.sample.lookup import LineageError
from resources.site.access import Access
from resources.site.web import (
    HTTPException,
    RedirectResponse,
    Request,
    Response,
    Route,
    make_site,
)
from resources.webplaces import Places

MODULES = (
    *(images, gallery, sample, quarantine, review, rating, rating_campaigns),
    *(leaderboard, dataset),
)
"""Each exports `routes(desk)`."""

NAV = {
    "Gallery": "/gallery",
    "Review": "/review",
    "Campaigns": "/campaigns",
    "Quarantine": "/quarantines",
    "Leaderboard": "/leaderboard",
    "Data set": "/dataset",
}
"""The pages that every page links, by title."""


def make_app(desk: Desk, places: Places, *, token: str = "") -> Access:
    """The pages of a desk, for those who may see them.

    Args:
        desk: What they show.
        places: Under which names they are asked for.
        token: What the owner comes with; empty where whoever reaches them is the owner.
    """
    desk.nav = NAV

    def failed(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            status, why = error.status_code, error.detail
        else:
            status, why = 404 if isinstance(error, LineageError) else 409, str(error)
        return desk.page(request, "error.html", status=status, why=why)

    def first(request: Request) -> Response:
        del request
        return RedirectResponse(NAV["Gallery"])

    pages = [route for module in MODULES for route in module.routes(desk)]
    static = Path(__file__).parent / "static"
    app = make_site([Route("/", first), *pages], static, failed)
    raters = rating.raters(desk.store)
    return Access(app, places=places, owner=desk.who, token=token, raters=raters)
