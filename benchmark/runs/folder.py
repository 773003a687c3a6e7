"""The folder of a run: what lies where, and the lines of its files.

    run_spec.json       what was run: editor, suite, seeds, versions, arguments
    images/<id>/        `<epoch>.png`, or `<epoch>_<turn>.png` for cases of several turns
    sources/            small copies of the sources that a report shows
    outputs.jsonl       a line for each output that was made, or was not
    paid/               pictures of a service that the run has not kept yet; gone once it has
    judge/<name>.jsonl  a line for each answer, as the judge gave it
    samples.jsonl       a line for each case, epoch, turn and judge: how it ended, and scores
    results.json        the figures; both by the strict protocol, and by another in files of their
                        own, such as samples.official.jsonl and results.official.json
    measures.jsonl      what was measured of each output
    reference.jsonl     how each output compares with that of another run
    fake.jsonl          what a detector of edits said of each output and source; fake.json: shares
    stats.json          seconds and USD of the editor, of each judge and of its trial
    trial/              the pictures and answers of the trials, as of a run

`outputs.jsonl` and `judge/*.jsonl` only grow: a line is synced to the disk before the next is
asked for, so that nothing is made or paid twice. The others are computed from them.
"""

import json
import os
from collections.abc import Iterable, Iterator
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
    digest: str = ""
    """Of the image's file: 16 hex digits of its SHA-256."""
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
    parts: int = 1
    """How many questions the protocol asks about the output."""
    text: str = ""
    reason: str = ""
    """Of `models.faults.Reason`, where there is no answer."""
    detail: str = ""
    seconds: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLine:
    """How one output ended with one judge."""

    id: str
    suite: str = ""
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
    quirks: tuple[str, ...] = ()
    """Which of the protocol's quirks bore on the score."""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureLine:
    """What was measured of one output."""

    id: str
    epoch: int
    turn: int
    of: str
    """A hash of the pictures that it was measured on."""
    values: dict[str, float] = field(default_factory=dict)
    """By key of `benchmark.measures.lines.MEASURES`; without those that are not defined for it."""
    fault: str = ""
    """Why nothing was measured."""

    @property
    def key(self) -> tuple[str, int, int]:
        """Case, epoch and turn."""
        return self.id, self.epoch, self.turn


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeLine:
    """What a detector of edits said of one output, or of one source picture."""

    id: str
    """The case; of a source that several share, the first."""
    epoch: int
    """0 for a source, as `turn`."""
    turn: int
    task: str
    """Empty for a source."""
    cluster: str
    """The source picture."""
    of: str
    """A hash of the picture and the detector, which is not asked about it again."""
    probability: float | None = None
    fault: str = ""
    """Why there is none."""


Line = OutputLine | AnswerLine | SampleLine | MeasureLine | FakeLine
"""What the files of lines hold."""


class _File:
    """A file of a run's folder; `{}` stands for the protocol, where it is not the strict one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, folder: "RunFolder", _: type) -> Path:
        infix = f".{folder.protocol}" if folder.protocol else ""
        return folder.path / self._name.format(infix)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run of one editor on one or more suites."""

    path: Path
    protocol: str = ""
    """By which its figures are; empty for the strict one."""

    spec = _File("run_spec.json")
    outputs = _File("outputs.jsonl")
    samples = _File("samples{}.jsonl")
    results = _File("results{}.json")
    stats = _File("stats.json")
    measures = _File("measures.jsonl")
    references = _File("reference.jsonl")
    fakes = _File("fake.jsonl")
    fake = _File("fake.json")

    ledger = _File("judge/ledger")

    @property
    def trial(self) -> "RunFolder":
        """Where its judges are tried (`benchmark.runs.trial`)."""
        return RunFolder(self.path / "trial")

    def answers(self, judge: str) -> Path:
        """The answers of a judge."""
        return self.path / "judge" / f"{safe_name(judge)}.jsonl"

    def image(self, case_id: str, epoch: int, turn: int | None = None) -> Path:
        """Where an output belongs; `turn` for cases of several."""
        name = f"{epoch}.png" if turn is None else f"{epoch}_{turn}.png"
        return self.path / "images" / safe_name(case_id) / name

    def source(self, case_id: str) -> Path:
        """Where a small copy of a case's source is kept, for those that a report shows."""
        return self.path / "sources" / f"{safe_name(case_id)}.jpg"


def append(path: Path, *added: Line) -> None:
    """Add lines, and wait until the disk has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in added)
    with path.open("ab") as file:
        file.write(text.encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())


def drop_torn_line(path: Path) -> None:
    """Take away a last line without its end, which a killed run was writing."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        data = file.read()
        file.truncate(data.rfind(b"\n") + 1)


def write_lines(path: Path, all_lines: Iterable[Line]) -> None:
    """Write a file of lines whole or not at all."""
    text = "".join(json.dumps(asdict(line), ensure_ascii=False) + "\n" for line in all_lines)
    _replace(path, text)


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
    """Write a file of JSON whole or not at all."""
    _replace(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8", errors="replace")
    aside.replace(path)
