"""What a campaign asks about: rows of an asset, pairs of results, dialogues."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from imgedit_assets.rating.answers import Mode, RatingError
from resources.recipes import digest
from resources.schema import (
    AcceptedPair,
    BenchmarkOutput,
    CampaignItem,
    EditPair,
    OutputRow,
    PairRow,
    RetriedPair,
    ScoredPair,
)
from resources.store import Store

PAIRS: dict[str, type[PairRow]] = {
    record.TABLE: record for record in (EditPair, ScoredPair, AcceptedPair, RetriedPair)
}
RATABLE: dict[str, type[PairRow] | type[OutputRow]] = {
    **PAIRS,
    BenchmarkOutput.TABLE: BenchmarkOutput,
}
"""The assets whose rows are rated."""

_OF_PAIRS = ("id", "edit_type", "instruction_id", "turn", "turns")
_OF_OUTPUTS = ("id", "suite", "editor", "case_id", "epoch", "turn", "turns", "target_version_id")

RowIds = tuple[str, ...]
"""A result: its rows, turn by turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows are rated."""

    mode: Mode
    asset: str
    """Of `RATABLE`. Two results of one instruction are compared whatever it is, if it holds pairs:
    a first one, which was scored, with each further one."""
    ids: Sequence[str] = ()
    """Only these rows; else all."""
    only: Sequence[str] = ()
    """Only these edit types, or of outputs these suites; else all."""
    editors: Sequence[str] = ()
    """Only these editors' outputs; else those of all."""
    limit: int = 100
    """The most to rate, drawn by the seed."""
    seed: int = 0


def chosen(store: Store, wanted: Wanted) -> list[tuple[RowIds, ...]]:
    """What is rated, in an order that the seed draws: one result each, or two to compare.

    Raises:
        RatingError: There is no such asset.
    """
    if wanted.asset not in RATABLE:
        msg = f"{wanted.asset!r} cannot be rated; these can: {', '.join(RATABLE)}"
        raise RatingError(msg)
    rows = list(_rows(store, wanted))
    if wanted.mode is Mode.SCORES:
        found: list[tuple[RowIds, ...]] = [((row["id"],),) for row in rows]
    elif wanted.mode is Mode.TURNS:
        found = [(result,) for result in _dialogues(rows)]
    else:
        found = list(_matches(rows))
    found.sort()
    random.Random(digest("items", str(wanted.seed))).shuffle(found)
    return found


def _rows(store: Store, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The rows to choose from, each with what `result` and `case` it belongs to."""
    if wanted.asset == BenchmarkOutput.TABLE:
        for row in store.frame(wanted.asset, _OF_OUTPUTS).iter_rows(named=True):
            who = (row["editor"],)
            if row["target_version_id"] and _is_wanted(wanted, row, row["suite"], row["editor"]):
                case = (row["suite"], row["case_id"], row["epoch"])
                yield {**row, "result": who, "case": case}
        return
    compared = wanted.mode is Mode.PAIRS
    for asset in (ScoredPair.TABLE, RetriedPair.TABLE) if compared else (wanted.asset,):
        further = ("number",) if asset == RetriedPair.TABLE else ()
        for row in store.frame(asset, (*_OF_PAIRS, *further)).iter_rows(named=True):
            if _is_wanted(wanted, row, row["edit_type"]):
                yield {**row, "result": (row.get("number", 0),), "case": (row["instruction_id"],)}


def _is_wanted(wanted: Wanted, row: Mapping[str, Any], of: str, editor: str = "") -> bool:
    return (
        (not wanted.ids or row["id"] in wanted.ids)
        and (not wanted.only or of in wanted.only)
        and (not wanted.editors or not editor or editor in wanted.editors)
    )


def _dialogues(rows: Sequence[Mapping[str, Any]]) -> Iterator[RowIds]:
    """The whole dialogues of several turns."""
    by_result = defaultdict[tuple[object, ...], dict[int, str]](dict)
    turns = {}
    for row in rows:
        key = (*row["case"], *row["result"])
        by_result[key][row["turn"]], turns[key] = row["id"], row["turns"]
    for key, ids in by_result.items():
        if turns[key] > 1 and len(ids) == turns[key]:
            yield tuple(ids[turn] for turn in sorted(ids))


def _matches(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[RowIds, RowIds]]:
    """Each two results of one case; of dialogues the first turns, said of the same picture."""
    by_case = defaultdict[tuple[object, ...], list[str]](list)
    for row in sorted(rows, key=lambda row: (row["result"], row["id"])):
        if row["turn"] == 1:
            by_case[row["case"]].append(row["id"])
    for ids in by_case.values():
        for one, two in combinations(ids, 2):
            yield (one,), (two,)


def drafted(
    store: Store, campaign_id: str, some: Sequence[tuple[RowIds, ...]]
) -> list[CampaignItem]:
    """Items of what was chosen; what has left the store meanwhile is left out."""
    ids = [row_id for results in some for result in results for row_id in result]
    rows: dict[str, PairRow | OutputRow] = {}
    for record in RATABLE.values():
        if missing := [row_id for row_id in ids if row_id not in rows]:
            rows |= store.by_ids(record, missing)
    painted = _edit_pairs(store, [row for row in rows.values() if isinstance(row, PairRow)])
    made: list[CampaignItem] = []
    for results in some:
        if all(row_id in rows for result in results for row_id in result):
            shown = [[rows[row_id] for row_id in result] for result in results]
            made.append(_item(campaign_id, len(made), shown, painted))
    return made


def _item(
    campaign_id: str,
    number: int,
    results: Sequence[Sequence[PairRow | OutputRow]],
    painted: Mapping[str, EditPair],
) -> CampaignItem:
    first, second = results[0], results[1] if len(results) > 1 else ()
    rows = [*first, *second]
    one = first[0]
    return CampaignItem(
        id=digest("item", campaign_id, str(number)),
        campaign_id=campaign_id,
        number=number,
        instructions=tuple(row.instruction for row in first),
        sources=tuple(row.source_version_id for row in first),
        firsts=tuple(row.target_version_id for row in first),
        seconds=tuple(row.target_version_id for row in second),
        references=tuple(
            row.reference_version_id
            for row in first
            if isinstance(row, PairRow) and row.reference_version_id
        ),
        row_ids=tuple(row.id for row in rows),
        pair_ids=tuple(painted[row.id].id for row in rows if row.id in painted),
        names=tuple(_name(result[0], painted) for result in results),
        cluster=one.root_version_id if isinstance(one, PairRow) else one.cluster,
        case=one.instruction_id if isinstance(one, PairRow) else one.case_id,
        expected=(),
    )


def _name(row: PairRow | OutputRow, painted: Mapping[str, EditPair]) -> str:
    """Who made a result."""
    if isinstance(row, OutputRow):
        return row.editor
    if isinstance(row, RetriedPair):
        return f"{row.painter}, {row.way} {row.number}"
    return painted[row.id].painter if row.id in painted else ""


def _edit_pairs(store: Store, rows: Sequence[PairRow]) -> dict[str, EditPair]:
    """The edit pair behind each row of pairs; none behind a further result."""
    up = {row.id: row.parent_ids[0] for row in rows if not isinstance(row, EditPair | RetriedPair)}
    scored = store.by_ids(ScoredPair, list(up.values()))
    found = {row.id: row.id if isinstance(row, EditPair) else up.get(row.id, "") for row in rows}
    found = {i: scored[of].parent_ids[0] if of in scored else of for i, of in found.items()}
    pairs = store.by_ids(EditPair, [of for of in found.values() if of])
    return {i: pairs[of] for i, of in found.items() if of in pairs}
