"""`kris`: a grade for each metric of KRIS-Bench, shown on a scale of 100."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType
from typing import Annotated

from pydantic import field_validator

from benchmark.cases import BenchCase
from benchmark.protocols.parted import PartedProtocol, replies
from benchmark.protocols.protocol import CaseScore, Status
from benchmark.suites.kris import KNOWLEDGE_TASKS
from models.chat.grammar import Decoded
from models.chat.replies import StrictReply

_INSTRUCTION, _KNOWLEDGE = "instruction", "knowledge"
PARTS = ("consistency", _INSTRUCTION, "quality", _KNOWLEDGE)


class OneGrade(StrictReply):
    """The answer to each question."""

    reasoning: str
    """One or two sentences."""
    score: Annotated[int, Decoded(minimum=1, maximum=5)]
    """1 to 5."""

    @field_validator("score")
    @classmethod
    def _is_a_grade(cls, score: int) -> int:
        if not 1 <= score <= 5:
            msg = f"{score} is no grade of 1 to 5"
            raise ValueError(msg)
        return score


@dataclass(frozen=True, slots=True, kw_only=True)
class KrisProtocol(PartedProtocol):
    """Consistency, instruction and quality, and knowledge in the categories that are about it."""

    called = "kris/1"
    guess = "first_digit"
    quirks = MappingProxyType(
        {"first_digit": "of an answer that is no JSON the first digit of 1 to 5 counts"}
    )
    scale = (0.0, 100.0)
    form = OneGrade
    formula = "(s - 1) * 25 for each metric, a case their mean, then by category, then over them"
    left_out = (
        "the script takes the first digit of 1 to 5 of an answer that is no JSON, and asks for "
        "instruction and knowledge in one question"
    )

    def parts(self, case: BenchCase) -> tuple[str, ...]:
        """Three, and knowledge where the category has it."""
        return PARTS if case.task in KNOWLEDGE_TASKS else PARTS[:-1]

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The mean of the metrics, 0 to 100, or which answer is none."""
        del turn
        guessed = _guessed if self.has(self.guess) else None
        found = replies(answers, self.parts(case), OneGrade, guessed)
        if isinstance(found, CaseScore):
            return found
        shown = {part: (reply.score - 1) * 25.0 for part, reply in found.items()}
        return CaseScore(
            status=Status.SCORED,
            score=fmean(shown.values()),
            criteria=shown,
            reason=found[_INSTRUCTION].reasoning,
        )


def _guessed(text: str) -> OneGrade | None:
    digit = re.search("[1-5]", text)
    return OneGrade(reasoning=text, score=int(digit[0])) if digit else None
