"""A suite of twelve small cases, and runs on it from the command line."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from benchmark.cli import app
from benchmark.runs.folder import OutputLine, lines
from models.faults import ImgEditError
from tests.benchmark.suites.official import picture, write

SIZE = (24, 16)
NUMBER = 12


def write_suite(folder: Path) -> Path:
    """Twelve cases, of which the last is a dialogue of two turns."""
    rows: list[dict[str, Any]] = []
    for number in range(1, NUMBER + 1):
        write(folder / f"cat{number}.png", picture(number))
        row = {"id": str(number), "source": f"cat{number}.png", "instruction": "Add a hat."}
        rows.append(row)
    rows[-1] = {"id": str(NUMBER), "source": "cat1.png", "turns": ["Add a hat.", "Make it red."]}
    write(folder / "cases.jsonl", "\n".join(map(json.dumps, rows)))
    return folder


def bench(*args: object) -> tuple[str, str]:
    """What a command says, and the error that it ends with."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    if result.exception and not isinstance(result.exception, ImgEditError):
        raise result.exception
    return result.output, str(result.exception or "")


def predict(folder: Path, data: Path, editor: str, args: str, *more: object) -> str:
    """Make outputs; the error that it ends with."""
    where = ("--tasks", "own", "--data", data, "--output-path", folder, "--predict-only")
    return bench("run", *where, "--editor", editor, "--editor-args", args, *more)[1]


def made(folder: Path, data: Path, editor: str, args: str, *more: object) -> dict[str, OutputLine]:
    """The lines of a run's outputs by `<id>/<turn>`; of several the last."""
    error = predict(folder, data, editor, args, *more)
    assert not error
    return {f"{o.id}/{o.turn}": o for o in lines(folder / "outputs.jsonl", OutputLine)}
