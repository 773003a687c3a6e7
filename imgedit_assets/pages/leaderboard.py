"""The leaderboard: editors by suite with intervals, and two of them case by case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.report.charts import bars
from benchmark.statistics.bootstrap import Estimate
from benchmark.statistics.paired import compare
from imgedit_assets.leaderboard import Standing, judged_by, standings, unmarked
from imgedit_assets.pages.desk import Desk
from imgedit_assets.stages.contest import PROTOCOL
from imgedit_assets.stages.verdicts import sample_lines
from models.faults import ImgEditError
from resources.schema import BenchmarkScore
from resources.site.web import HTTPException, Request, Response, Route

if TYPE_CHECKING:
    import polars as pl

CASES = 60
"""On a page of a comparison."""

_COLUMNS = (
    *("id", "editor", "suite", "case_id", "epoch", "turn", "task", "cluster", "instruction"),
    *("status", "score", "adherence", "quality", "preservation", "reason", "judge"),
    *("source_version_id", "target_version_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The editors of one suite."""

    suite: str
    standings: tuple[Standing, ...]
    tasks: tuple[str, ...]
    judged_by: str

    @property
    def means(self) -> dict[str, Mapping[str, Estimate]]:
        """The tasks of each editor."""
        return {one.editor: one.tasks for one in self.standings}


def routes(desk: Desk) -> list[Route]:
    """`/leaderboard`, `/leaderboard/compare`, and the chart of each suite."""

    def shown(request: Request) -> Response:
        return desk.page(request, "leaderboard.html", boards=_boards(desk), scale=PROTOCOL.scale)

    def chart(request: Request) -> Response:
        suite = request.path_params["suite"]
        board = next((b for b in _boards(desk) if b.suite == suite), None)
        if board is None:
            raise HTTPException(404, "no editor was judged on that suite")
        drawn = bars(f"{suite}: tasks, with 95 % intervals", board.means, PROTOCOL.scale)
        return Response(drawn, media_type="image/svg+xml")

    def compared(request: Request) -> Response:
        query = request.query_params
        suite, first, second = (query.get(name, "") for name in ("suite", "a", "b"))
        cases = _cases(_rows(desk), suite, first, second)
        start = max(0, int(query["from"])) if query.get("from", "").isdecimal() else 0
        return desk.page(
            request,
            "compare.html",
            suite=suite,
            a=first,
            b=second,
            start=start,
            n=len(cases),
            cases=cases[start : start + CASES],
            more=start + CASES if start + CASES < len(cases) else 0,
            gain=_gain(_rows(desk), suite, first, second),
            boards=_boards(desk),
        )

    return [
        Route("/leaderboard", shown),
        Route("/leaderboard/compare", compared),
        Route("/leaderboard/{suite}.svg", chart),
    ]


def _boards(desk: Desk) -> list[Board]:
    found = standings(desk.store, desk.factory.profile.benchmark)
    boards = []
    for suite in dict.fromkeys(standing.suite for standing in found):
        here = tuple(standing for standing in found if standing.suite == suite)
        tasks = tuple(dict.fromkeys(task for one in here for task in one.tasks))
        said = judged_by(here)
        boards.append(Board(suite=suite, standings=here, tasks=tasks, judged_by=said))
    return boards


def _rows(desk: Desk) -> "pl.DataFrame":
    return unmarked(desk.store, desk.store.frame(BenchmarkScore.TABLE, _COLUMNS))


def _cases(frame: "pl.DataFrame", suite: str, first: str, second: str) -> list[dict[str, Any]]:
    """What both were given, with either's output and verdict; where they differ most, first."""
    import polars as pl

    key = ["case_id", "epoch", "turn"]
    of_suite = frame.filter(pl.col("suite") == suite)
    a, b = (of_suite.filter(pl.col("editor") == editor) for editor in (first, second))
    both = a.join(b.select(*key, "id", "score", "reason", "status", "target_version_id"), on=key)
    gap = pl.col("score") - pl.col("score_right")
    ordered = both.with_columns(gap=gap).sort(gap.abs(), *key, descending=[True, *[False] * 3])
    return list(ordered.iter_rows(named=True))


def _gain(frame: "pl.DataFrame", suite: str, first: str, second: str) -> dict[str, Any] | None:
    """How much the first scores more, by the paired test of the report; None without cases."""
    lines: Sequence[Any]
    here = frame.filter(frame["suite"] == suite)
    lines = [sample_lines(here.filter(here["editor"] == editor)) for editor in (first, second)]
    try:
        found: dict[str, Any] = compare(*lines)["overall"]
    except ImgEditError:
        return None
    return found
