"""The gallery."""

from imgedit_assets.pages.desk import Desk
from resources.site.web import Request, Response, Route


def routes(desk: Desk) -> list[Route]:
    """`/gallery`."""

    def gallery(request: Request) -> Response:
        return desk.page(request, "gallery.html")

    return [Route("/gallery", gallery)]
