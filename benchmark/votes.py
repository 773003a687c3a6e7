"""Tables that people fill in, as CSV from any table program; and votes on pairs of outputs."""

import csv
import io
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import get_args

from benchmark.judging.pair import Winner
from benchmark.statistics.bradley_terry import Vote
from models.faults import FaultError, ImgEditError
from resources.reading import read_regular


def read_table(path: Path, columns: AbstractSet[str]) -> "csv.DictReader[str]":
    """The rows of a table.

    Columns may stand in any order, and others beside them; a semicolon may part them, as table
    programs of many countries have it.

    Raises:
        ImgEditError: It cannot be read, or lacks a column.
    """
    try:
        text = read_regular(path).decode("utf-8-sig")
    except (FaultError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as a table ({error}); save it as CSV in UTF-8"
        raise ImgEditError(message) from None
    first = text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    if lacking := columns - {*(table.fieldnames or ())}:
        message = f"{path}: it lacks {', '.join(sorted(lacking))}: add what is lacking as a column"
        raise ImgEditError(message)
    return table


def counts(row: Mapping[str, str | None]) -> bool:
    """Whether a row is a vote: a campaign's repeats and attention checks say "no" in `counts`."""
    return (row.get("counts") or "").strip().lower() != "no"


def read_votes(path: Path) -> list[Vote]:
    """Votes on pairs: `first` and `second` name editors in the order in which they were shown.

    `winner` is "first", "second" or "tie", `source` the picture that both were made of.

    Raises:
        ImgEditError: It cannot be read, lacks a column, or a winner is none of the three.
    """
    table = read_table(path, {"first", "second", "winner", "source"})
    known: dict[str, Winner] = {winner: winner for winner in get_args(Winner)}
    votes = []
    for row in filter(counts, table):
        told = {name: (value or "").strip() for name, value in row.items() if name}
        if (winner := known.get(told["winner"])) is None:
            message = (
                f"{path}, line {table.line_num}: winner is {told['winner']!r}; it is first, "
                "second or tie"
            )
            raise ImgEditError(message)
        votes.append(
            Vote(first=told["first"], second=told["second"], winner=winner, cluster=told["source"])
        )
    return votes


def write_votes(path: Path, votes: Iterable[Vote]) -> None:
    """The same table, as `read_votes` reads it."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("first", "second", "winner", "source"))
    table.writerows((vote.first, vote.second, vote.winner, vote.cluster) for vote in votes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(out.getvalue(), encoding="utf-8")
