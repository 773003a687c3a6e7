"""GEdit-Bench v1: a Parquet file, a folder of them, or a folder with a CSV or JSON lines.

Columns: `task_type, key, instruction, instruction_language, input_image_raw` or `input_image`, and
`Intersection_exist`. Pictures stand in cells, or are paths from the table's folder.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmark.cases import BenchCase, CaseTurn
from benchmark.suites.listing import ListedSuite, cases_hash, demand_none, found_in, tasks_of
from benchmark.suites.pictures import Pictures
from benchmark.suites.rows import SUFFIXES, Row, table
from models.faults import ImgEditError

TASKS = (
    *("background_change", "color_alter", "material_alter", "motion_change", "ps_human"),
    *("style_change", "subject-add", "subject-remove", "subject-replace"),
    *("text_change", "tone_transfer"),
)
"""The eleven groups, in the order of the publishers' script."""
INTERSECTION = "intersection"
"""The group of the cases on which every model of the publication gave an output; `en/` it, too."""

_COLUMNS = ("task_type", "key", "instruction", "instruction_language")
_PICTURES = ("input_image_raw", "input_image")


def load(data: Path, pictures: Pictures) -> ListedSuite:
    """The suite; both languages are groups of its cases.

    Raises:
        ImgEditError: The tables are not as published; the text lists what is wrong.
    """
    problems: list[str] = []
    cases: dict[str, BenchCase] = {}
    for file in _tables(data):
        for where, row in table(file):
            for case in _cases(file, where, row, pictures, problems):
                if case.id in cases:
                    problems.append(f"{where}: {case.id} is there twice")
                cases[case.id] = case
    demand_none(problems + pictures.problems, data, "Give --data the tables as they are published.")
    listed = tuple(cases.values())
    languages = sorted({case.groups[0] for case in listed})
    counts = ", ".join(f"{sum(c.groups[0] == name for c in listed)} {name}" for name in languages)
    return ListedSuite(
        name="gedit",
        revision=f"v1, {counts} ({cases_hash(listed)})",
        tasks=tasks_of(listed, TASKS),
        listed=listed,
        folder=data if data.is_dir() else data.parent,
    )


def _tables(data: Path) -> list[Path]:
    if data.is_file():
        return [data]
    for files in (data.rglob("*.parquet"), (data / f"cases{suffix}" for suffix in SUFFIXES)):
        if found := sorted(file for file in files if file.is_file()):
            return found
    message = (
        f"gedit: no *.parquet below {data}, no cases.csv and no cases.jsonl in it; "
        f"{found_in(data)}. Give --data the published folder, or a table of {', '.join(_COLUMNS)}"
    )
    raise ImgEditError(message)


def _cases(
    file: Path, where: str, row: Row, pictures: Pictures, problems: list[str]
) -> Iterator[BenchCase]:
    if lacking := [name for name in _COLUMNS if not str(row.get(name) or "").strip()]:
        problems.append(f"{where}: no {', no '.join(lacking)}; it has {', '.join(map(str, row))}")
        return
    task, key, said, language = (str(row[name]) for name in _COLUMNS)
    cell = next((row[name] for name in _PICTURES if row.get(name)), None)
    source, cluster = pictures.of(cell, file.parent, where)
    shared = str(row.get("Intersection_exist")).lower() in {"true", "1"}
    yield BenchCase(
        id=f"{task}/{language}/{key}",
        suite="gedit",
        task=task,
        source=source,
        turns=(CaseTurn(instruction=said, starts_from=0),),
        cluster=cluster,
        groups=(language, *([INTERSECTION, f"{language}/{INTERSECTION}"] if shared else [])),
    )
