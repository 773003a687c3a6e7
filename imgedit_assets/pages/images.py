"""The pictures of pages, by the id of a version and by nothing else."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from imgedit_assets.pages.desk import Desk
from imgedit_assets.sample.pictures import OUTLINE, strips
from models.images import encode_jpeg, thumbnail
from models.masks import Rle
from resources.lance_tables import StoreError
from resources.schema import PairRow, Row
from resources.site.web import HTTPException, Request, Response, Route
from resources.store import Store

R = TypeVar("R", bound=Row)

THUMB_PX = (320, 160)
"""Long sides that are asked for: cards, and what stands small beside a sample."""

KEPT = 4096
"""Thumbnails in memory: some 80 MB."""

FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""An id names its pixels, so what a browser holds never grows old."""


def routes(desk: Desk) -> list[Route]:
    """Pictures of versions, and of rows that are about a part of one.

    `/image/<version>` whole and lossless, `/thumb/<px>/<version>` small, `/mask/<pair>` what is
    edited as a layer of its own, `/picture/<row>` small, with what the row is about outlined.
    """
    small = _thumbnails(desk.store)

    def image(request: Request) -> Response:
        data = _found(lambda: whole(desk.store, request.path_params["version"]))
        return Response(data, media_type="image/png", headers=FOREVER)

    def thumb(request: Request) -> Response:
        px = request.path_params["px"]
        if px not in THUMB_PX:
            raise HTTPException(404, "there are no thumbnails of that size")
        data = _found(lambda: small(request.path_params["version"], px))
        return Response(data, media_type="image/jpeg", headers=FOREVER)

    def mask(request: Request) -> Response:
        row = _row(desk.store, request, PairRow)
        return Response(_layer(row), media_type="image/png", headers=FOREVER)

    def picture(request: Request) -> Response:
        row = _row(desk.store, request, Row)
        panels = (panel for strip in strips(desk.store, row) for panel in strip.panels)
        image = next((panel.image for panel in panels), None)
        if image is None:
            raise HTTPException(404, "the row is about no picture, or it is there no more")
        return Response(encode_jpeg(image), media_type="image/jpeg", headers=FOREVER)

    return [
        Route("/image/{version}", image),
        Route("/thumb/{px:int}/{version}", thumb),
        Route("/mask/{row}", mask),
        Route("/picture/{row}", picture),
    ]


def whole(store: Store, version: str) -> bytes:
    """A version as a PNG, packed fast: it goes no farther than this machine."""
    import cv2

    pixels = cv2.cvtColor(store.render(version), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return bytes(data)


def _row(store: Store, request: Request, kind: type[R]) -> R:
    row = store.find(request.path_params["row"])
    if not isinstance(row, kind):
        raise HTTPException(404, "there is no such row")
    return row


def _layer(pair: PairRow) -> bytes:
    """The masks of a pair, drawn together on nothing, as a PNG."""
    import cv2
    import numpy as np

    drawn = np.zeros((pair.height, pair.width, 4), np.uint8)
    for counts in pair.masks:
        inside = Rle(counts=counts, height=pair.height, width=pair.width).decode()
        drawn[inside] = (*OUTLINE[::-1], 255)
    _, data = cv2.imencode(".png", drawn)
    return bytes(data)


def _thumbnails(store: Store) -> Callable[[str, int], bytes]:
    @lru_cache(maxsize=KEPT)
    def small(version: str, px: int) -> bytes:
        return encode_jpeg(thumbnail(store.render(version), px))

    return small


def _found(make: Callable[[], bytes]) -> bytes:
    try:
        return make()
    except StoreError as error:
        raise HTTPException(404, "there is no such picture") from error
