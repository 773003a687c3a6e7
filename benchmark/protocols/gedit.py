"""`gedit`: two questions of two numbers, as GEdit-Bench v1 counts them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType
from typing import Annotated

from pydantic import field_validator

from benchmark.cases import BenchCase, sized
from benchmark.protocols.parted import QUALITY, PartedProtocol, replies
from benchmark.protocols.protocol import CaseScore, Status
from models.chat.grammar import Decoded
from models.chat.replies import StrictReply
from models.geometry import Rgb
from models.images import decode, encode_jpeg
from resources.recipes import digest

SEMANTIC = "semantic"
PARTS = (SEMANTIC, QUALITY)


Number = Annotated[float, Decoded(minimum=0, maximum=10)]


class TwoNumbers(StrictReply):
    """The answer to each question."""

    reasoning: str
    """One or two sentences."""
    first: Number
    """0 to 10."""
    second: Number
    """0 to 10."""

    @field_validator("first", "second")
    @classmethod
    def _is_on_the_scale(cls, number: float) -> float:
        if not 0 <= number <= 10:
            msg = f"{number:g} is no number of 0 to 10"
            raise ValueError(msg)
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class GEditProtocol(PartedProtocol):
    """Semantics and quality, each the lesser of two numbers; a case is the root of their product.

    The figure is the unweighted mean of the task groups; each language, and of it the intersection,
    is a group of the figures.
    """

    called = "gedit/1"
    guess = "guessed"
    quirks = MappingProxyType(
        {
            "guessed": "an answer that cannot be read gives two random numbers of 0 to 10, here "
            "drawn from its text",
            "source_size": "the edit is shown at the source's size",
            "jpeg": "the edit is shown as a JPEG of quality 75",
        }
    )
    scale = (0.0, 10.0)
    form = TwoNumbers
    formula = "SC and PQ are minima of two, a case sqrt(SC * PQ), then by task, then over tasks"
    left_out = (
        "the script guesses randint(0, 10) for an answer that it cannot read, and shows the edit "
        "at the source's size and as JPEG"
    )

    def prepared(self, edited: Rgb, source: Rgb) -> Rgb:
        """The edit as it is shown."""
        fitted = sized(edited, source) if self.has("source_size") else edited
        return decode(encode_jpeg(fitted, 75)) if self.has("jpeg") else fitted

    def read(self, case: BenchCase, turn: int, answers: Mapping[str, str]) -> CaseScore:
        """The root of the product, 0 to 10, or which answer is none."""
        del turn
        guessed = _guessed if self.has(self.guess) else None
        found = replies(answers, self.parts(case), TwoNumbers, guessed)
        if isinstance(found, CaseScore):
            return found
        least = {part: min(reply.first, reply.second) for part, reply in found.items()}
        return CaseScore(
            status=Status.SCORED,
            score=sqrt(least[SEMANTIC] * least[QUALITY]),
            criteria=least,
            reason=found[SEMANTIC].reasoning,
        )


def _guessed(text: str) -> TwoNumbers:
    first, second = (int(digest("guess", part, text)[:8], 16) % 11 for part in ("first", "second"))
    return TwoNumbers(reasoning="guessed", first=first, second=second)
