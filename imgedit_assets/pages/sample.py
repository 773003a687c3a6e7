"""One sample: its pictures, what judges say of it, where it came from and what stands beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.filters import Filters, neighbours
from imgedit_assets.pages.gallery import cards
from imgedit_assets.pages.pedigree import pedigree
from imgedit_assets.sample.descent import descent
from imgedit_assets.sample.lineage import Ancestor, lineage
from imgedit_assets.sample.links import partition_url, run_url, trace_url
from imgedit_assets.sample.lookup import node_named
from imgedit_assets.sample.wording import facts, mark_line, recipe_line
from models.judge.findings import BEST, WORST
from resources.schema import (
    AcceptedPair,
    EditPair,
    PairRow,
    RetriedPair,
    Review,
    ScoredPair,
    ScoredRow,
)
from resources.site.web import Request, Response, Route

if TYPE_CHECKING:
    import polars as pl

BESIDE = 12
"""Siblings that are shown of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody says of a pair."""

    who: str
    scores: Mapping[str, float]
    """By criterion, 1 to 5; by `score` their mean."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A version of a dialogue, and the turns that go on from it."""

    version: str
    pair: PairRow | None
    """The turn that made it; None for the image as it came."""
    next: tuple["Turn", ...]


def routes(desk: Desk) -> list[Route]:
    """`/sample/<row>`, the row by its id or a unique beginning of it."""

    def sample(request: Request) -> Response:
        row_id = _judged_id(desk, request.path_params["row"])
        row = desk.store.find(row_id)
        found = lineage(desk.store, row_id)
        pair = row if isinstance(row, PairRow) else None
        filters = Filters.of(request.query_params)
        return desk.page(
            request,
            "sample.html",
            row=found,
            pair=pair,
            filters=filters,
            marks=[mark_line(mark) for each in found.walk() for mark in each.marks],
            drawing=pedigree(found),
            descent=descent(desk.store, _painted_id(found)),
            facts=list(facts(found.node.columns)),
            recipe=recipe_line,
            links=_links(desk, found),
            seconds=sum(one.node.seconds for one in found.walk()),
            usd=sum(one.node.cost_usd for one in found.walk()),
            **(_of_pair(desk, found, pair, filters) if pair else {}),
        )

    return [Route("/sample/{row}", sample)]


def _of_pair(desk: Desk, found: Ancestor, pair: PairRow, filters: Filters) -> dict[str, Any]:
    """What a pair's page shows besides."""
    import polars as pl

    frame = desk.pairs.frame()
    own = frame.filter(pl.col("id") == pair.id)
    mask = desk.pairs.mask(filters, frame)
    before, after = neighbours(frame, mask, filters.sort or "worst", pair.id)
    painted = _painted_id(found)
    node = next(one.node for one in found.walk() if one.id == painted)
    return {
        "state": own["state"][0] if own.height else "",
        "opinions": list(_opinions(desk, pair, painted)),
        "tree": _tree(_dialogue(desk, pair)) if pair.turns > 1 else None,
        "siblings": {
            "Of the same instruction": _siblings(desk, frame, "instruction_id", pair),
            "Of the same source": _siblings(desk, frame, "root_version_id", pair),
        },
        "seed": getattr(desk.store.find(painted), "seed", None),
        "before": before,
        "after": after,
        "chosen": {
            "row": painted,
            "source": desk.pairs.names.get(pair.root_version_id, ""),
            "recipe": node.recipe_id,
            "run": node.run_id,
        },
    }


def _judged_id(desk: Desk, beginning: str) -> str:
    """The row that is shown for an id: of a painted or accepted pair, the judged one."""
    import polars as pl

    node = node_named(desk.store, beginning)
    if node.asset == AcceptedPair.TABLE:
        return node.parent_ids[0]
    if node.asset == EditPair.TABLE:
        frame = desk.pairs.frame()
        return next(iter(frame.filter(pl.col("painted_id") == node.id)["id"]), node.id)
    return node.id


def _painted_id(row: Ancestor) -> str:
    """What a quarantine of a row takes: another judge gives judged pairs other ids."""
    return row.parents[0].id if row.asset == ScoredPair.TABLE and row.parents else row.id


def _opinions(desk: Desk, pair: PairRow, painted: str) -> Iterator[Opinion]:
    """Those of its judge, of the oracle and of people."""
    if isinstance(pair, ScoredRow):
        names = ("score", "adherence", "quality", "preservation")
        scores = {name: getattr(pair, name) for name in names}
        said = pair.reason
        if pair.good_probability is not None:
            said = f"{said} (good with probability {pair.good_probability:.2f})"
        yield Opinion(who=pair.judge, scores=scores, reason=said)
        if (failure := pair.oracle_failure) is not None:
            deserved = {"score": BEST - (BEST - WORST) * failure}
            said = f"knows the perfect result; failed by {failure:.2f}"
            yield Opinion(who="the studio's oracle", scores=deserved, reason=said)
    for review in desk.store.select(Review, f"array_has(pair_ids, '{painted}')"):
        given = (review.adherence, review.quality, review.preservation)
        known = [score for score in given if score is not None]
        scores = dict(zip(("adherence", "quality", "preservation"), known, strict=False))
        mean = {"score": sum(known) / len(known)} if known else {}
        who = f"{review.who or 'review'}: {review.status}"
        yield Opinion(who=who, scores=mean | scores, reason=review.why or review.doubt)


def _dialogue(desk: Desk, pair: PairRow) -> list[PairRow]:
    """The turns of a pair's dialogue, in their order."""
    where = f"{pair.place.where_rows} AND instruction_id = '{pair.instruction_id}'"
    number = getattr(pair, "number", None)
    if isinstance(pair, RetriedPair):
        where += f" AND number = {number}"
    return sorted(desk.store.select(type(pair), where), key=lambda turn: turn.turn)


def _tree(turns: Sequence[PairRow]) -> Turn:
    """The versions of a dialogue, from the image as it came."""

    def grown(version: str, pair: PairRow | None, ahead: Sequence[PairRow]) -> Turn:
        # A turn that gives back an older version goes on from it, and from nothing of its own.
        later = [t for t in ahead if t.source_version_id == version]
        return Turn(
            version=version,
            pair=pair,
            next=tuple(
                grown(t.target_version_id, t, [o for o in ahead if o.turn > t.turn]) for t in later
            ),
        )

    return grown(turns[0].source_version_id, None, turns)


def _siblings(
    desk: Desk, frame: "pl.DataFrame", column: str, pair: PairRow
) -> list[dict[str, Any]]:
    """Pairs that share a column with one, those that were rejected as well."""
    import polars as pl

    alike = (pl.col(column) == getattr(pair, column)) & (pl.col("id") != pair.id)
    some = frame.filter(alike).sort("edit_type", "turn", "number", "id").head(BESIDE)
    return cards(desk, some["id"].to_list())


def _links(desk: Desk, row: Ancestor) -> dict[str, str]:
    """Pages of Dagster about a row, by title; none where nobody said where Dagster is."""
    if not desk.dagster:
        return {}
    node = row.node
    paths = {
        f"partition {node.partition}": partition_url(row.asset, node.partition),
        f"run {node.run_id[:8]}": run_url(node.run_id) if node.run_id else "",
        "trace it there": trace_url(row.id),
    }
    return {title: desk.dagster.rstrip("/") + path for title, path in paths.items() if path}
