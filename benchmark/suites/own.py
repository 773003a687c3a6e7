"""A suite of the user's own: a table of cases, and their pictures in it or beside it.

`cases.jsonl`, `cases.csv` or `cases.parquet`, with the columns

    id            unique
    source        the picture: a path from the table's folder, or in Parquet its bytes
    instruction   what is asked for; or `turns`, a list of instructions, one after the other
    mask, reference   pictures, where there are any
    task          the set that it is reported with; its rubric, where it is one of ImgEdit's tasks
"""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmark.cases import BenchCase, CaseTurn, Picture
from benchmark.suites.listing import ListedSuite, cases_hash, demand_none, found_in, tasks_of
from benchmark.suites.pictures import Pictures
from benchmark.suites.rows import SUFFIXES, Row, table
from models.faults import ImgEditError

_COLUMNS = frozenset({"id", "source", "instruction", "turns", "mask", "reference", "task"})


def load(data: Path, pictures: Pictures) -> ListedSuite:
    """The suite.

    Raises:
        ImgEditError: There is no such table, or a row is no case; the text lists what is wrong.
    """
    file = _table(data)
    problems: list[str] = []
    cases: dict[str, BenchCase] = {}
    for where, row in table(file):
        case = _case(file.parent, where, row, pictures, problems)
        if case and case.id in cases:
            problems.append(f"{where}: the id {case.id!r} is there twice")
        if case:
            cases[case.id] = case
    if not cases and not problems:
        problems.append("it has no rows")
    demand_none(
        problems + pictures.problems,
        file,
        "A case is id, source and instruction (or turns), perhaps mask, reference and task; paths "
        "start at the table's folder and stay in it.",
    )
    listed = tuple(cases.values())
    return ListedSuite(
        name="own",
        revision=f"{len(listed)} cases ({cases_hash(listed)})",
        tasks=tasks_of(listed),
        listed=listed,
        folder=file.parent,
    )


def _table(data: Path) -> Path:
    if data.is_file():
        return data
    names = [f"cases{suffix}" for suffix in SUFFIXES]
    found = [data / name for name in names if (data / name).is_file()]
    if len(found) != 1:
        has = f"it has {' and '.join(p.name for p in found)}" if found else found_in(data)
        message = f"own: {data} needs one of {', '.join(names)}; {has}"
        raise ImgEditError(message)
    return found[0]


def _case(
    folder: Path, where: str, row: Row, pictures: Pictures, problems: list[str]
) -> BenchCase | None:
    name, turns = str(row.get("id") or "").strip(), _turns(row)
    if unknown := sorted(str(column) for column in row.keys() - _COLUMNS):
        problems.append(f"{where}: unknown column(s) {', '.join(unknown)}")
    elif not name:
        problems.append(f"{where}: no id")
    elif not turns or not all(isinstance(said, str) and said.strip() for said in turns):
        problems.append(f"{where}: neither an instruction nor a list of them in turns")
    else:
        source, cluster = pictures.of(row.get("source"), folder, where)

        def beside(column: str) -> Picture | None:
            cell = row.get(column)
            return pictures.of(cell, folder, f"{where}, {column}")[0] if cell else None

        return BenchCase(
            id=name,
            suite="own",
            task=str(row.get("task") or "edit"),
            source=source,
            turns=tuple(
                CaseTurn(instruction=str(said), starts_from=number)
                for number, said in enumerate(turns)
            ),
            cluster=cluster,
            reference=beside("reference"),
            mask=beside("mask"),
        )
    return None


def _turns(row: Row) -> Sequence[object]:
    turns = row.get("turns")
    if isinstance(turns, str) and turns.strip():
        try:
            turns = json.loads(turns)  # In CSV a list is JSON.
        except ValueError:
            return ()
    if not turns:
        return (row.get("instruction"),)
    return turns if isinstance(turns, list) else ()
