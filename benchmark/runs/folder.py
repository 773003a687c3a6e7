"""The folder of a run: what lies where, and the lines of its files.

    run_spec.json       what was run: editor, suite, seeds, versions, arguments
    images/<id>/        `<epoch>.png`, or `<epoch>_<turn>.png` for cases of several turns
    outputs.jsonl       a line for each output that was made, or was not
    judge/<name>.jsonl  a line for each answer, as the judge gave it
    samples.jsonl       a line for each case, epoch, turn and judge: how it ended, and scores
    results.json        the figures
    stats.json          tokens, USD, seconds

`outputs.jsonl` and `judge/*.jsonl` only grow: a line is synced to the disk before the next is
asked for, so that nothing is made or paid twice. The others are computed from them.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from benchmark.layouts import safe_name
from models.faults import FaultError, ImgEditError
from resources.reading import read_regular

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    """One output of an editor: where it lies, or why there is none."""

    id: str
    epoch: int
    turn: int
    seed: int
    image: str = ""
    """Its path in the folder; empty where there is none."""
    reason: str = ""
    """Of `models.faults.Reason`, where there is none."""
    detail: str = ""
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    """Its share of the time that its batch took."""
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """One answer of a judge, or why there is none."""

    key: str
    """`benchmark.judging.judge.ask_key`."""
    asked: str
    """A hash of the prompt and the pictures: an answer to another question is not reused."""
    text: str = ""
    reason: str = ""
    """Of `models.faults.Reason`, where there is no answer."""
    detail: str = ""
    seconds: float = 0.0
    usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLine:
    """How one output ended with one judge."""

    id: str
    epoch: int
    turn: int
    task: str
    cluster: str
    groups: tuple[str, ...] = ()
    instruction: str
    judge: str
    status: str
    """Of `benchmark.protocols.protocol.Status`."""
    score: float | None = None
    criteria: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    image: str = ""
    measures: dict[str, float] = field(default_factory=dict)
    """What `benchmark.measures` found, without a judge."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run of one editor on one or more suites."""

    path: Path

    @property
    def spec(self) -> Path:
        """`run_spec.json`."""
        return self.path / "run_spec.json"

    @property
    def outputs(self) -> Path:
        """`outputs.jsonl`."""
        return self.path / "outputs.jsonl"

    @property
    def samples(self) -> Path:
        """`samples.jsonl`."""
        return self.path / "samples.jsonl"

    @property
    def results(self) -> Path:
        """`results.json`."""
        return self.path / "results.json"

    @property
    def stats(self) -> Path:
        """`stats.json`."""
        return self.path / "stats.json"

    def answers(self, judge: str) -> Path:
        """The answers of a judge."""
        return self.path / "judge" / f"{safe_name(judge)}.jsonl"

    def image(self, case_id: str, epoch: int, turn: int | None = None) -> Path:
        """Where an output belongs; `turn` for cases of several."""
        name = f"{epoch}.png" if turn is None else f"{epoch}_{turn}.png"
        return self.path / "images" / safe_name(case_id) / name


def append(path: Path, line: object) -> None:
    """Add a line, and wait until the disk has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(line), ensure_ascii=False) + "\n"  # type: ignore[call-overload]
    with path.open("ab") as file:
        file.write(text.encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())


def lines(path: Path, kind: type[T]) -> Iterator[T]:
    """The lines of a file; none where there is no file.

    A last line without its end is one that a killed run was writing: it is left out.

    Raises:
        ImgEditError: A whole line is not what the run wrote.
    """
    if not path.exists():
        return
    adapter = TypeAdapter(kind)
    try:
        data = read_regular(path)
    except FaultError as error:
        raise ImgEditError(str(error)) from error
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            yield adapter.validate_json(line)
        except ValidationError as error:
            message = (
                f"{path}, line {number}, is not what a run writes "
                f"({error.errors()[0]['msg']}): delete the line, and what it told is done again"
            )
            raise ImgEditError(message) from None


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - JSON
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)
