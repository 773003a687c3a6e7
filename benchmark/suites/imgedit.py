"""The official ImgEdit-Bench, from a folder: basic, UGE (understand, ground, edit), multi-turn.

Both ways in which it is published are found, below a folder `Benchmark` or without it:

    Basic/basic_edit.json, UGE/UGE_edit.json, Multiturn/**.json[l]        the repository
    singleturn/singleturn.json, hard/*.json[l], multiturn/**.json[l]      the archive

The pictures may lie beside the case file, or in any folder of the data that has more of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.cases import BenchCase, CaseTurn
from benchmark.suites.listing import ListedSuite, cases_hash, demand_none, found_in, tasks_of
from benchmark.suites.pictures import Pictures
from benchmark.suites.rows import Row, json_records
from models.faults import ImgEditError

TASKS = (
    *("add", "adjust", "extract", "replace", "remove"),
    *("background", "style", "compose", "action"),
)
"""The basic tasks, in the order of the paper's table."""
ABILITIES = ("content_memory", "content_understanding", "version_backtracking")
"""The three kinds of dialogues; a file says which by its name or its folder's."""

_OLD_NAMES = {"alter": "adjust"}
_FILES: dict[str, tuple[str, ...]] = {
    "imgedit-basic": ("Basic/basic_edit.json", "singleturn/singleturn.json"),
    "imgedit-uge": ("UGE/UGE_edit.json", "hard/annotation.jsonl", "hard/annotation.json"),
}
_MULTITURN = ("Multiturn", "multiturn")
_ABILITY_WORDS = dict(zip(("memory", "understand", "version"), ABILITIES, strict=True))
_TURN = re.compile(r"turn([1-9]\d*)")
_REMEDY = (
    "Give the folder as it is published; what is missing can be taken from the publishers' archive "
    "Benchmark.tar."
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One record of a case file."""

    id: str
    task: str
    picture: str
    turns: tuple[str, ...]


def load(name: str, data: Path, pictures: Pictures) -> ListedSuite:
    """One of the three suites.

    Raises:
        ImgEditError: The folder or its files are not as published; the text lists what is wrong.
    """
    files = _multiturn_files(data) if name == "imgedit-multiturn" else [_case_file(name, data)]
    home = files[0].parent
    records = [(file, key, row) for file in files for key, row in json_records(file)]
    problems: list[str] = []
    entries = [
        entry for file, key, row in records if (entry := _entry(name, file, key, row, problems))
    ]
    demand_none(problems, home, "A case is {id, prompt, edit_type}, or {id, turn1, turn2}.")
    found = {root: _count(root, entries) for root in _roots(home, data)}
    root = max(found, key=lambda folder: found[folder])
    cases = tuple(_case(name, entry, root, pictures) for entry in entries)
    if pictures.problems:
        pictures.problems.insert(0, f"looked for pictures in {root}: {found_in(root)}")
    demand_none(pictures.problems, data, _REMEDY)
    return ListedSuite(
        name=name,
        revision=f"{_edition(name, [row for *_, row in records])} ({cases_hash(cases)})",
        tasks=tasks_of(cases, (*TASKS, *ABILITIES)),
        listed=cases,
        folder=home,
    )


def _bases(data: Path) -> tuple[Path, ...]:
    return (data, data / "Benchmark")


def _case_file(name: str, data: Path) -> Path:
    if data.is_file():
        return data
    places = [base / file for base in _bases(data) for file in _FILES[name]]
    # The folder itself may have been named, and not the one above it.
    places += [data / Path(file).name for file in _FILES[name]]
    for place in places:
        if place.is_file():
            return place
    message = (
        f"{name}: {data} has no {' and no '.join(_FILES[name])}; {found_in(data)}. "
        "Name the folders as they are published, or give --data the case file itself"
    )
    raise ImgEditError(message)


def _multiturn_files(data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    homes = [base / name for base in _bases(data) for name in _MULTITURN]
    for files in (*(home.rglob("*.json*") for home in homes), data.glob("*.json*")):
        kept = sorted(file for file in files if file.suffix in {".json", ".jsonl"})
        if found := [file for file in kept if any("turn1" in row for _, row in json_records(file))]:
            return found
    message = (
        f"imgedit-multiturn: no file of {{id, turn1, turn2}} in {data}/Multiturn or "
        f"{data}/multiturn; {found_in(data)}. Name the folder as it is published, or give --data "
        "the case file itself"
    )
    raise ImgEditError(message)


def _entry(name: str, file: Path, key: str, row: Row, problems: list[str]) -> _Entry | None:
    where = f"{file.name}, key {key}"
    picture = row.get("id")
    turns = _turns(row) if name == "imgedit-multiturn" else (row.get("prompt"),)
    task = _task(name, row, file)
    if not isinstance(picture, str) or not picture.strip():
        problems.append(f"{where}: no id that names its picture, but {picture!r}")
    elif not turns or not all(isinstance(said, str) and said.strip() for said in turns):
        problems.append(f"{where}: no instruction, but {turns!r}")
    elif name == "imgedit-basic" and task not in TASKS:
        problems.append(f"{where}: edit_type is {row.get('edit_type')!r}, none of the nine")
    else:
        unique = f"{task}-{key}" if name == "imgedit-multiturn" else key
        return _Entry(unique, task, picture, tuple(str(said) for said in turns))
    return None


def _turns(row: Row) -> tuple[object, ...]:
    numbers = sorted(int(match[1]) for key in row if (match := _TURN.fullmatch(key)))
    if numbers != list(range(1, len(numbers) + 1)):
        return (None,)
    return tuple(row[f"turn{number}"] for number in numbers)


def _task(name: str, row: Row, file: Path) -> str:
    if name == "imgedit-uge":
        return "uge"
    if name == "imgedit-basic":
        task = str(row.get("edit_type"))
        return _OLD_NAMES.get(task, task)
    named = f"{file.parent.name}/{file.name}".lower()
    return next((task for word, task in _ABILITY_WORDS.items() if word in named), "dialogue")


def _count(root: Path, entries: Sequence[_Entry]) -> int:
    return sum((root / picture).is_file() for picture in {entry.picture for entry in entries})


def _roots(home: Path, data: Path) -> list[Path]:
    """Where pictures may lie: beside the case file, in the data folder, or a folder of either."""
    above = [home, home.parent] + ([data, data / "Benchmark"] if data.is_dir() else [])
    below = [path for base in above if base.is_dir() for path in sorted(base.iterdir())]
    return list(dict.fromkeys([*above, *(path for path in below if path.is_dir())]))


def _case(name: str, entry: _Entry, root: Path, pictures: Pictures) -> BenchCase:
    source, cluster = pictures.of(entry.picture, root, f"case {entry.id}")
    return BenchCase(
        id=entry.id,
        suite=name,
        task=entry.task,
        source=source,
        turns=tuple(
            CaseTurn(instruction=said, starts_from=number)
            for number, said in enumerate(entry.turns)
        ),
        cluster=cluster,
    )


def _edition(name: str, rows: Sequence[Row]) -> str:
    """How many cases there are, and which edition of the basic ones that is."""
    older = any(row.get("edit_type") in _OLD_NAMES for row in rows)
    known = name != "imgedit-basic" or (len(rows), older) in {(737, False), (734, True)}
    words = f"{len(rows)} cases" + ", where adjust is called alter" * older
    return words if known else f"{words}, no published revision"
