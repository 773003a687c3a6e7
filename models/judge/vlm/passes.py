"""A pair that is judged several times, each from a seed of its own, and the mean of it."""

from collections.abc import Callable, Sequence
from typing import Any

from models.chat.chat_model import ChatModel, ChatRequest
from models.chat.prompts import answers
from models.faults import Fault
from models.judge.judgement import Judgement, JudgeRequest


def judged(
    chat: ChatModel,
    requests: Sequence[JudgeRequest],
    ask: Callable[[JudgeRequest, int], ChatRequest],
    read: Callable[[JudgeRequest, Any], Judgement],
    *,
    passes: int,
) -> list[Judgement | Fault]:
    """The mean verdict on each pair over the passes that can be read; a fault where none can.

    Args:
        chat: Answers all passes of all pairs at once.
        requests: The pairs.
        ask: The question about a pair in a pass, counted from 0; may raise a FaultError.
        read: The verdict that an answer gives; may raise a FaultError.
        passes: How often each is asked.
    """
    asked = [(request, turn) for request in requests for turn in range(passes)]
    given = answers(chat, asked, lambda each: ask(*each), lambda each, said: read(each[0], said))
    return [_mean(given[at : at + passes]) for at in range(0, len(given), passes)]


def _mean(verdicts: Sequence[Judgement | Fault]) -> Judgement | Fault:
    read = [verdict for verdict in verdicts if isinstance(verdict, Judgement)]
    if not read:
        return verdicts[0]
    if len(verdicts) == 1:
        return read[0]
    return Judgement(
        adherence=sum(verdict.adherence for verdict in read) / len(read),
        quality=sum(verdict.quality for verdict in read) / len(read),
        preservation=sum(verdict.preservation for verdict in read) / len(read),
        reason=f"Mean of {len(read)} of {len(verdicts)} passes; one says: {read[0].reason}",
    )
