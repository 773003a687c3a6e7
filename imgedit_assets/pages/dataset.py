"""The data set: the statistics report with its plots, as it was last written."""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from imgedit_assets.pages.desk import Desk
from models.faults import FaultError
from resources.reading import read_regular
from resources.schema import Collection
from resources.site.web import HTTPException, Request, Response, Route

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

SHELF = "reports/dataset_statistics"
"""Under the home."""

MAX_BYTES = 4_000_000
"""Of a report, or a plot."""

_PLOT = re.compile(r"[a-z_]+\.png")


def routes(desk: Desk) -> list[Route]:
    """`/dataset`, and its plots."""
    shelf = desk.factory.home.folder / SHELF

    def shown(request: Request) -> Response:
        releases = sorted(
            desk.store.select(Collection, "kind = 'release'"), key=lambda r: r.made_at, reverse=True
        )
        text = _read(shelf / "report.md")
        return desk.page(
            request,
            "dataset.html",
            report=as_html(text.decode("utf-8", "replace")),
            releases=releases,
        )

    def plot(request: Request) -> Response:
        name = request.path_params["plot"]
        data = _read(shelf / name) if _PLOT.fullmatch(name) else b""
        if not data:
            raise HTTPException(404, "there is no such plot")
        return Response(data, media_type="image/png")

    return [Route("/dataset", shown), Route("/dataset/{plot}", plot)]


def as_html(markdown: str) -> str:
    """A report as HTML: tags in it are text, and its plots are those of the data set."""
    text = markdown.partition("\n")[2] if markdown.startswith("# ") else markdown
    made = _parser().render(text).replace('<img src="', '<img loading="lazy" src="/dataset/')
    # The pages allow no style in a tag.
    return re.sub(r'style="text-align:(\w+)"', r'class="\1"', made)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _read(file: Path) -> bytes:
    """A file; empty where there is none."""
    try:
        return read_regular(file, max_bytes=MAX_BYTES)
    except FaultError:
        return b""
