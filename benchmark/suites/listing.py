"""What suites of files share: a list of cases, and the telling of all that is wrong at once."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cases import BenchCase
from models.faults import ImgEditError

_TOLD = 12
"""So many problems or names are listed; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSuite:
    """A suite whose cases were read from files."""

    name: str
    revision: str
    tasks: tuple[str, ...]
    listed: tuple[BenchCase, ...]
    folder: Path
    """Where its case file lies, and its publishers' rubrics with it."""

    def cases(self) -> tuple[BenchCase, ...]:
        """All its cases, in the order of the files."""
        return self.listed


def cases_hash(cases: Sequence[BenchCase]) -> str:
    """Twelve hex digits of the ids, tasks and instructions, in order; not of the pictures."""
    hasher = hashlib.sha256()
    for case in cases:
        hasher.update(
            json.dumps([case.id, case.task, *(t.instruction for t in case.turns)]).encode()
        )
    return hasher.hexdigest()[:12]


def tasks_of(cases: Sequence[BenchCase], known: Sequence[str] = ()) -> tuple[str, ...]:
    """The tasks that there are: known ones in their order, others as they come."""
    found = dict.fromkeys(case.task for case in cases)
    return tuple(dict.fromkeys([*(task for task in known if task in found), *found]))


def demand_none(problems: list[str], where: Path, remedy: str) -> None:
    """Raise what is wrong with a suite's files, each in a line.

    Raises:
        ImgEditError: There is any problem.
    """
    if problems:
        told = "".join(f"\n  {problem}" for problem in problems[:_TOLD])
        more = f"\n  and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        message = f"{where}: {len(problems)} problem(s):{told}{more}\n{remedy}"
        raise ImgEditError(message)


def found_in(folder: Path) -> str:
    """What a folder holds, in words, for a message about what it lacks."""
    if not folder.is_dir():
        return "it is not a folder"
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"it holds {', '.join(names[:_TOLD])}{more}" if names else "it is empty"
