"""EditScore (Luo et al. 2025): two questions about a pair, each answered with two scores to 25.

The first question shows source and edit: success, and how little else was changed. The second shows
the edit alone: naturalness, and freedom from artefacts. Its own score of 0 to 10 is the square root
of the product of the two smaller ones, each / 2.5 (editscore/__init__.py of the published
repository); it stands in the reason. What that cannot parse it guesses; here it is a fault. Answers
are free text, for the adapters know no schema.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from types import MappingProxyType

from pydantic import field_validator

from models.chat.chat_model import ChatRequest, Message
from models.chat.prompts import ChatRole, answers, prompt_file
from models.chat.replies import ReplyError, StrictReply, read_reply
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.trial import try_judge

_PROMPT = ("models.judge.vlm", "editscore.toml")
_SLOT = "<instruction>"
_MOST = 25.0


class EditScoreReply(StrictReply):
    """One answer of EditScore."""

    reasoning: str
    score: list[float]
    """Two scores, each from 0 to 25."""

    @field_validator("score")
    @classmethod
    def _are_two(cls, score: list[float]) -> list[float]:
        if len(score) != 2 or not all(0 <= each <= _MOST for each in score):
            msg = f"{score} are not two scores from 0 to {_MOST:g}"
            raise ValueError(msg)
        return score


@dataclass(frozen=True, slots=True, kw_only=True)
class EditScoreJudge(ChatRole):
    """EditScore: a Qwen-VL with its adapter, which the [chats] section names under `loras`."""

    prompts = (_PROMPT,)
    form = EditScoreReply
    unrecorded = MappingProxyType({"trial": "a judge that passes answers alike without it"})

    words: Mapping[str, str] = field(default_factory=dict)
    """The publishers' texts of "semantics", with the slot `<instruction>`, and "quality"."""
    passes: int = 1
    """How often each question is asked; the means count."""
    temperature: float = 0.7
    seed: int = 42
    """Of the first pass; those after it count on."""
    max_tokens: int = 512
    batch_size: int = 16
    trial: bool = True
    """Whether it must tell good edits from others before it is asked about any."""

    def setup(self) -> None:
        """Load the model, and see whether it can judge.

        Raises:
            ImgEditError: A text has no slot, or it cannot put known edits in order.
        """
        if self.words and _SLOT not in self.words.get("semantics", ""):
            msg = f"words: give semantics a text with the slot {_SLOT}, and quality one, or neither"
            raise ImgEditError(msg)
        if self.trial:
            try_judge(self.name, self.judge)

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        asked = [
            (message, self.seed + turn)
            for request in requests
            for turn in range(self.passes)
            for message in self._questions(request)
        ]
        replies = iter(answers(self.chat, asked, self._asked, lambda _, said: _read(said)))
        return [
            _verdict([(next(replies), next(replies)) for _ in range(self.passes)]) for _ in requests
        ]

    def _asked(self, question: tuple[Message, int]) -> ChatRequest:
        message, seed = question
        return ChatRequest(
            messages=(message,),
            reply=None,
            seed=seed,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
        )

    def _questions(self, request: JudgeRequest) -> tuple[Message, Message]:
        words = {**prompt_file(*_PROMPT), **self.words}
        semantics = words["semantics"].strip().replace(_SLOT, request.instruction)
        return (
            Message(role="user", parts=(request.source, request.target, semantics)),
            Message(role="user", parts=(request.target, words["quality"].strip())),
        )


_Reply = EditScoreReply | Fault


def _read(said: str) -> EditScoreReply:
    try:
        return read_reply(said, EditScoreReply)
    except ReplyError as error:
        raise FaultError(Reason.BAD_REPLY, str(error)) from error


def _verdict(passes: Sequence[tuple[_Reply, _Reply]]) -> Judgement | Fault:
    """The means over the passes of which both answers can be read; a fault where none has both."""
    read = [
        (semantics, quality)
        for semantics, quality in passes
        if isinstance(semantics, EditScoreReply) and isinstance(quality, EditScoreReply)
    ]
    if not read:
        return next(reply for pair in passes for reply in pair if isinstance(reply, Fault))
    overall = [sqrt(min(s.score) * min(q.score)) / 2.5 for s, q in read]
    said = read[0][0].reasoning, read[0][1].reasoning
    return Judgement(
        adherence=_grade([semantics.score[0] for semantics, _ in read]),
        quality=_grade([min(quality.score) for _, quality in read]),
        preservation=_grade([semantics.score[1] for semantics, _ in read]),
        reason=f"EditScore {sum(overall) / len(read):.2f} of 10, mean of {len(read)} of "
        f"{len(passes)} passes; one says: {' '.join(said)}",
    )


def _grade(scores: Sequence[float]) -> float:
    """0 to 25 on our scale of 1 to 5."""
    return 1 + 4 * sum(scores) / len(scores) / _MOST
