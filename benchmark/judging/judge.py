"""What a judge is asked, and what each of them is.

A judge answers in text, whatever it is, and a protocol (`benchmark.protocols`) reads it: so answers
can be recorded, and scored anew without asking again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel

from benchmark.asked import Asked
from benchmark.cases import BenchCase
from models.faults import Fault
from models.geometry import Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question about one output."""

    case: BenchCase
    turn: int
    """Counted from 1."""
    epoch: int
    """Counted from 1."""
    part: str
    """Which of the protocol's questions about the output this is; "" where there is but one."""
    prompt: str
    """The rubric with the instruction in its slot."""
    images: tuple[Rgb, ...]
    """The pictures that the prompt speaks of, in its order, prepared as the protocol says."""
    form: type[BaseModel] | None = None
    """The form that the answer is to have, where the protocol names one; else free text."""

    @property
    def key(self) -> str:
        """What it is found by among recorded answers."""
        return ask_key(self.case.id, self.epoch, self.turn, self.part)


def ask_key(case_id: str, epoch: int, turn: int, part: str = "") -> str:
    """The key of a question: case, epoch, turn and part."""
    return "/".join((case_id, str(epoch), str(turn), *([part] if part else [])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a judge said."""

    text: str
    seconds: float = 0.0
    usd: float = 0.0


class BenchJudge(Asked, Protocol):
    """A judge."""

    @property
    def kind(self) -> str:
        """In words, for reports: "metric, no model", "language model"."""

    def check(self) -> None:
        """See, before an output is made and without loading anything, whether it can be asked.

        Raises:
            ImgEditError: It cannot; the text holds the remedy.
        """

    def answer(self, asks: Sequence[Ask]) -> list[Answer | Fault]:
        """An answer to each question, in order."""
