"""Two outputs of one case before a judge: which of them is better."""

from typing import Literal

from benchmark.cases import BenchCase, sized
from benchmark.judging.judge import Ask
from models.chat.prompts import prompt_file, prompt_text
from models.chat.replies import StrictReply
from models.geometry import Rgb
from resources.recipes import digest

Winner = Literal["first", "second", "tie"]
"""Which of two outputs is better, by the order in which they were shown."""

_PROMPT = ("benchmark.judging", "pair.toml")


class PairReply(StrictReply):
    """The answer."""

    reason: str
    """One short sentence that names what decides."""
    winner: Winner
    """Whose edit is better."""


def pair_ask(case: BenchCase, *, epoch: int, source: Rgb, first: Rgb, second: Rgb) -> Ask:
    """The question about two outputs of a case's first turn, each at the source's size."""
    prompt = prompt_file(*_PROMPT)["question"].format(instruction=case.instruction)
    return Ask(
        case=case,
        turn=1,
        epoch=epoch,
        part="pair",
        prompt=prompt,
        images=(source, sized(first, source), sized(second, source)),
        form=PairReply,
    )


def wording() -> str:
    """A hash of how it is asked."""
    return digest(prompt_text(*_PROMPT))[:16]
