"""The gallery: pairs as an address filters and orders them, a page at a time."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.filters import SORTS, Filters, page_of
from imgedit_assets.pages.whatif import Wish, what_if
from imgedit_assets.searching import Pool, SearchError
from imgedit_assets.stages.agreement import thresholds
from resources.filters import one_of, quoted
from resources.schema import Collection, RetriedPair, ScoredPair
from resources.site.web import Request, Response, Route
from resources.store import Selection, Store

if TYPE_CHECKING:
    import polars as pl

CARD = (
    *("id", "source_version_id", "target_version_id", "reference_version_id", "instruction"),
    *("edit_type", "score", "turn", "turns", "reason"),
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
        frame = desk.pairs.frame()
        found, sort, note = frame, filters.sort or "worst", ""
        if filters.shows:
            found, note = _shown_by(found, pool, filters.shows)
            sort = filters.sort or "rank"
        members = _members(desk.store, filters.release)
        shown = found.filter(filters.condition(members=members))
        page = page_of(shown, sort, request.query_params)
        least = thresholds(desk.factory.profile.accept)
        return desk.page(
            request,
            "gallery.html",
            filters=filters,
            sorts=list(SORTS),
            total=shown.height,
            of=frame.height,
            note=note,
            page=page,
            cards=cards(desk, page.ids),
            types=_counts(found, filters, "edit_type", "type", members),
            states=_counts(found, filters, "state", "state", members),
            releases=_releases(desk.store),
            source=desk.pairs.names.get(filters.source, filters.source),
            least={name.removeprefix("min_"): value for name, value in least.items()},
        )

    def wished(request: Request) -> Response:
        filters = Filters.of(request.query_params)
        members = _members(desk.store, filters.release)
        frame = desk.pairs.frame().filter(filters.condition(members=members))
        now = Wish.of(thresholds(desk.factory.profile.accept))
        wish = Wish.asked(request.query_params, now)
        lines = what_if(frame, now, wish)
        return desk.page(request, "whatif.html", lines=lines, now=now, wish=wish)

    return [Route("/gallery", gallery), Route("/what-if", wished)]


def cards(desk: Desk, ids: list[str]) -> list[dict[str, Any]]:
    """What is shown of some pairs, in their order."""
    import polars as pl

    if not ids:
        return []
    where = one_of("id", ids)
    asked = [
        Selection(record=record, columns=CARD, where=where) for record in (ScoredPair, RetriedPair)
    ]
    rows = {row["id"]: row for f in desk.store.frames(asked) for row in f.iter_rows(named=True)}
    known = desk.pairs.frame().filter(pl.col("id").is_in(ids))
    more = ("id", "state", "changed_frac", "disagreement")
    told = {row["id"]: row for row in known.select(more).iter_rows(named=True)}
    # What a run has just taken away is left out.
    return [{**rows[i], **told[i]} for i in ids if i in rows and i in told]


def _counts(
    frame: "pl.DataFrame",
    filters: Filters,
    column: str,
    name: str,
    members: "pl.Series | None",
) -> Mapping[str, int]:
    """How many pairs each value of a column would show, the other filters as they are."""
    some = frame.filter(filters.condition(besides=name, members=members))
    counted = some.group_by(column).len().sort(column)
    return {str(value): n for value, n in counted.iter_rows()}


def _shown_by(
    frame: "pl.DataFrame",
    pool: Callable[[], Pool],
    words: str,
) -> "tuple[pl.DataFrame, str]":
    """The pairs of images that words find, with their `rank`; and what there is to say of it."""
    import polars as pl

    try:
        opened = pool()
        found = opened.by_words(words, limit=NEAREST)
        note = opened.caution
    except SearchError as error:
        found, note = [], str(error)
    ranks = pl.DataFrame(
        {
            "root_version_id": pl.Series([s.image.version_id for s in found], dtype=pl.String),
            "rank": pl.Series(range(len(found)), dtype=pl.Int64),
        }
    )
    return frame.with_columns(pl.col("root_version_id").cast(pl.String)).join(
        ranks.unique("root_version_id"), on="root_version_id"
    ), note


def _releases(store: Store) -> list[str]:
    """Names of the releases, the newest first."""
    asked = Selection(record=Collection, columns=["name", "made_at"], where="kind = 'release'")
    return list(store.frames([asked])[0].sort("made_at", descending=True)["name"])


def _members(store: Store, release: str) -> "pl.Series | None":
    """The accepted pairs that a release holds; None where none is named."""
    if not release:
        return None
    where = f"kind = 'release' AND name = {quoted(release)}"
    asked = Selection(record=Collection, columns=["row_ids"], where=where)
    members: pl.Series = store.frames([asked])[0]["row_ids"].explode()
    return members
