"""The gallery: pairs as an address filters and orders them, a page at a time."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.filters import SORTS, Filters, page_of, ranked
from imgedit_assets.pages.whatif import Wish, what_if
from imgedit_assets.searching import Pool, SearchError
from imgedit_assets.stages.agreement import thresholds
from resources.schema import Collection
from resources.site.web import Request, Response, Route
from resources.store import Selection, Store

if TYPE_CHECKING:
    import polars as pl

CARD = (
    *("id", "source_version_id", "target_version_id", "instruction"),
    *("edit_type", "score", "turn", "turns", "state"),
)
NEAREST = 200
"""Images that words find."""


def routes(desk: Desk) -> list[Route]:
    """`/gallery`, and `/what-if` for its bar."""

    @cache
    def pool() -> Pool:
        return Pool.open(desk.factory)

    def gallery(request: Request) -> Response:
        filters = Filters.of(request.query_params)
        frame, note = desk.pairs.frame(), ""
        mask = desk.pairs.mask(filters, frame)
        page = page_of(frame, mask, filters.sort or "worst", request.query_params)
        total = int(mask.sum())
        if filters.shows:
            near, note = _shown_by(frame.filter(mask), pool, filters.shows)
            every = near["id"].is_not_null()
            page = page_of(near, every, filters.sort or "nearest", request.query_params)
            total = near.height
        least = thresholds(desk.factory.profile.accept)
        return desk.page(
            request,
            "gallery.html",
            filters=filters,
            sorts=list(SORTS),
            total=total,
            of=frame.height,
            note=note,
            page=page,
            cards=cards(desk, page.ids),
            types=desk.pairs.counts(filters, "type", frame),
            states=desk.pairs.counts(filters, "state", frame),
            releases=_releases(desk.store),
            source=desk.pairs.names.get(filters.source, filters.source),
            least={name.removeprefix("min_"): value for name, value in least.items()},
        )

    def wished(request: Request) -> Response:
        filters, frame = Filters.of(request.query_params), desk.pairs.frame()
        now = Wish.of(thresholds(desk.factory.profile.accept))
        wish = Wish.asked(request.query_params, now)
        lines = what_if(frame.filter(desk.pairs.mask(filters, frame)), now, wish)
        return desk.page(request, "whatif.html", lines=lines, now=now, wish=wish)

    return [Route("/gallery", gallery), Route("/what-if", wished)]


def cards(desk: Desk, ids: list[str]) -> list[dict[str, Any]]:
    """What is shown of some pairs, in their order."""
    import polars as pl

    frame = desk.pairs.frame()
    # The frame is in the order of its ids.
    places = frame["id"].search_sorted(pl.Series(sorted(ids), dtype=pl.String))
    known = frame.select(CARD)[places.clip(0, max(0, frame.height - 1))] if ids else frame.clear()
    told = {row["id"]: row for row in known.iter_rows(named=True)}
    # What a run has just taken away is left out.
    return [told[i] for i in ids if i in told]


def _shown_by(
    frame: "pl.DataFrame",
    pool: Callable[[], Pool],
    words: str,
) -> "tuple[pl.DataFrame, str]":
    """The pairs of images that words find, ranked; and what there is to say of it."""
    import polars as pl

    try:
        opened = pool()
        found = opened.by_words(words, limit=NEAREST)
        note = opened.caution
    except SearchError as error:
        found, note = [], str(error)
    near = pl.DataFrame(
        {
            "root_version_id": pl.Series([s.image.version_id for s in found], dtype=pl.String),
            "nearest": pl.Series(range(len(found)), dtype=pl.Int64),
        }
    )
    roots = frame.with_columns(pl.col("root_version_id").cast(pl.String))
    both = roots.join(near.unique("root_version_id"), on="root_version_id")
    return ranked(both, [*SORTS, "nearest"]), note


def _releases(store: Store) -> list[str]:
    """Names of the releases, the newest first."""
    asked = Selection(record=Collection, columns=["name", "made_at"], where="kind = 'release'")
    return list(store.frames([asked])[0].sort("made_at", descending=True)["name"])
