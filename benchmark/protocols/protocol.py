"""What a protocol is: everything between an editor's outputs and the figures in a table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

from pydantic import BaseModel

from benchmark.cases import BenchCase
from models.geometry import Rgb
from resources.recipes import digest


class Status(StrEnum):
    """How a case ended. Every case ends in exactly one, and all are counted."""

    SCORED = "scored"
    UNPARSABLE = "unparsable"
    """The judge answered, but not as the protocol asks."""
    REFUSED = "refused"
    """The judge would not look, or not say."""
    FAILED = "failed"
    """The judge could not be asked, or broke."""
    MISSING = "missing"
    """There is no usable output of the editor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question about an output, before it is put to a judge."""

    part: str
    """"" where there is but one."""
    prompt: str
    images: tuple[Rgb, ...]
    form: type[BaseModel] | None = None
    """The form of the answer; None for free text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScore:
    """What a protocol makes of the answers about one output."""

    status: Status
    score: float | None = None
    """On the protocol's scale; None unless it is scored, or the protocol gives a number to what is
    not."""
    criteria: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    """The judge's own reason, or why there is no score."""
    quirks: tuple[str, ...] = ()
    """Which of the protocol's `quirks` bore on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """How the scores of cases become figures."""

    overall: Literal["macro", "micro"] = "macro"
    """The unweighted mean of the tasks, or the mean of all cases."""
    digits: int | None = None
    """To which each task's mean is rounded, and the macro mean is taken of those; None for not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCase:
    """A case with its score, as figures are computed from."""

    case: BenchCase
    epoch: int
    turn: int
    score: CaseScore


class Reading(Protocol):
    """How answers become scores and figures. Two that differ in anything have different hashes."""

    @property
    def name(self) -> str:
        """Such as "imgedit-bench/1"."""

    @property
    def scale(self) -> tuple[float, float]:
        """The least and the best score."""

    @property
    def aggregation(self) -> Aggregation:
        """How the scores of cases become figures."""

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs.

        Prompts (by hash), parsing, cap, preparation of pictures, what failures count as, quirks.
        """

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The score that the answers give; `answers` holds a text for each question's part."""

    def unscored(self, status: Status, reason: str) -> CaseScore:
        """What an output counts as that nobody has given a score."""


class LeastIfMissing:
    """Counts an output that is not there as the least of the scale: leaving cases out gains naught.

    What the judge failed at counts in no mean.
    """

    __slots__ = ()

    scale: ClassVar[tuple[float, float]]

    def unscored(self, status: Status, reason: str) -> CaseScore:
        """The least of the scale for an output that is not there; no score for what failed."""
        score = self.scale[0] if status is Status.MISSING else None
        return CaseScore(status=status, score=score, reason=reason)


class ScoringProtocol(Reading, Protocol):
    """A way of scoring, from the question to the figures."""

    def asking(self) -> Mapping[str, object]:
        """Of the parameters those that questions depend on.

        Answers to one of two protocols that agree in them are answers to the other.
        """

    def questions(
        self, case: BenchCase, turn: int, source: Rgb, edited: Rgb, reference: Rgb | None
    ) -> tuple[Question, ...]:
        """What a judge is asked about an output."""


def protocol_hash(protocol: Reading) -> str:
    """Twelve hex digits that stand beside every number."""
    return digest("protocol", protocol.name, json.dumps(protocol.params(), sort_keys=True))[:12]
