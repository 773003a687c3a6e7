"""A benchmark in the graph: cases by suite, and what each editor made of them."""

from dataclasses import dataclass
from typing import ClassVar

from resources.schema.rows import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkCase(Row):
    """One case of a suite: a picture with one instruction or a few turns."""

    TABLE: ClassVar[str] = "benchmark_cases"
    AXES: ClassVar[tuple[str, ...]] = ("suite",)

    suite: str
    case_id: str
    """Unique in its suite; the key of the suite's own file."""
    task: str
    instructions: tuple[str, ...]
    """One for each turn."""
    cluster: str
    """What cases of one source picture share."""
    revision: str
    """Which edition of the suite it is of."""
    version_id: str
    """The source's root version."""
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRow(Row):
    """What describes one output of an editor: one turn of one case, in one epoch."""

    AXES: ClassVar[tuple[str, ...]] = ("editor", "suite")

    editor: str
    suite: str
    case_id: str
    task: str
    cluster: str
    epoch: int
    """Counted from 1."""
    turn: int
    """1 for the first or only turn."""
    turns: int
    """How many turns the case has."""
    instruction: str
    source_version_id: str
    """What the turn is said of: the case's source, or the editor's own earlier output."""
    target_version_id: str
    """What the editor gave: the source itself where it changed no pixel. Empty where it gave
    nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOutput(OutputRow):
    """What an editor gave."""

    TABLE: ClassVar[str] = "benchmark_outputs"
    PARENTS: ClassVar[tuple[str, ...]] = ("benchmark_cases",)

    seed: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkScore(OutputRow):
    """The verdict on one output, or on its absence: its parent is then the case."""

    TABLE: ClassVar[str] = "benchmark_scores"
    PARENTS: ClassVar[tuple[str, ...]] = ("benchmark_cases", "benchmark_outputs")

    status: str
    """`scored` or `missing`."""
    score: float
    """On the protocol's scale."""
    adherence: float | None
    quality: float | None
    preservation: float | None
    reason: str
    judge: str
    """Its name and version."""
    judge_kind: str
    """In words: "metric, no model", "language model"."""
    protocol: str
    """Its name and hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeScore(OutputRow):
    """What a detector of edits said of one output, and of the case's untouched source."""

    TABLE: ClassVar[str] = "fake_scores"
    PARENTS: ClassVar[tuple[str, ...]] = ("benchmark_outputs",)

    probability: float
    """Of the output, in [0, 1], that it was edited."""
    source_probability: float
    """The same of the source, which nobody edited."""
    threshold: float
    """From which on a picture counts as edited."""
    detector: str
    """Its name and version."""
