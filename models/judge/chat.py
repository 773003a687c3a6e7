"""A judge that is a language model: it reads the class's rubric, then looks at both images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import field_validator

from models.chat.chat_model import ChatRequest, Message
from models.chat.grammar import Decoded
from models.chat.prompts import ChatRole, answers, prompt_file
from models.chat.replies import StrictReply
from models.edit_types.spec import EditType, Operation
from models.faults import Fault
from models.geometry import Rgb
from models.judge.judgement import Judgement, JudgeRequest

_PROMPT = ("models.judge", "prompt.toml")


class Grade(StrictReply):
    """One criterion: why first, so that the grade follows from it."""

    reason: Annotated[str, Decoded(minLength=1, maxLength=200)]
    """One short sentence: what in the images decides."""
    score: Annotated[float, Decoded(minimum=1, maximum=5, multipleOf=0.5)]
    """1 to 5; halves are allowed."""

    @field_validator("reason")
    @classmethod
    def _is_said(cls, reason: str) -> str:
        if not (words := " ".join(reason.split())):
            msg = "give a reason"
            raise ValueError(msg)
        return words

    @field_validator("score")
    @classmethod
    def _is_on_the_scale(cls, score: float) -> float:
        if not 1 <= score <= 5 or score * 2 % 1:
            msg = f"{score:g} is no grade: whole or half ones from 1 to 5 are"
            raise ValueError(msg)
        return score


class JudgeReply(StrictReply):
    """The grades of one edit."""

    adherence: Grade
    quality: Grade
    preservation: Grade


class Measure(Grade):
    """One criterion of a judge that measures: any number is a grade."""

    @field_validator("score")
    @classmethod
    def _is_on_the_scale(cls, score: float) -> float:
        if not 1 <= score <= 5:
            msg = f"{score:g} is no grade: numbers from 1 to 5 are"
            raise ValueError(msg)
        return score


class MeasuredReply(StrictReply):
    """The grades of one edit, as a judge of the pipeline gives them and no language model does."""

    measured: Literal[True]
    adherence: Measure
    quality: Measure
    preservation: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatJudge(ChatRole):
    """Grades pairs by the rubric of their class, as docs/paper.md says ("Classes", "Scores").

    Scores are as the model gave them: `Judgement.capped` applies the cap of adherence.
    """

    prompts = (_PROMPT,)
    form = JudgeReply

    max_tokens: int = 768
    batch_size: int = 16
    """Requests that are put to the model together, each with both images at their full size."""

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair, before the cap is applied."""
        return answers(self.chat, requests, self._asked, lambda _, reply: verdict(reply))

    def _asked(self, request: JudgeRequest) -> ChatRequest:
        return self.question(
            messages(request),
        )


def messages(request: JudgeRequest) -> tuple[Message, ...]:
    """The class's rubric, then the instruction, then the images: source, target, reference."""
    words = prompt_file(*_PROMPT)
    parts: list[str | Rgb] = [
        instruction(request),
        words["source"],
        request.source,
        words["target"],
        request.target,
    ]
    if request.reference is not None:
        parts += [words["reference"], request.reference]
    rubric = Message(role="system", parts=(_rubric(request.edit_type),))
    return rubric, Message(role="user", parts=tuple(parts))


def instruction(request: JudgeRequest) -> str:
    """The instruction; what a turn refers to, which only its dialogue says, is said beside it."""
    words = prompt_file(*_PROMPT)
    told: str = words["instruction"].format(instruction=request.instruction)
    if request.edit_type.dialogue is None:
        return told
    meant = "; ".join(_meaning(operation, request) for operation in request.operations)
    return f"{told}\n{words['meaning'].format(meaning=meant)}"


def _meaning(operation: Operation, request: JudgeRequest) -> str:
    edit_type = request.edit_types.get(operation.edit_type)
    title = edit_type.title if edit_type else operation.edit_type
    said = f"{title.lower()}: {operation.name}"
    return f"{said}, so that there is {phrase}" if (phrase := operation.target.phrase) else said


def _rubric(edit_type: EditType) -> str:
    rubric, words = edit_type.rubric, prompt_file(*_PROMPT)
    return str(
        words["judge"]
        .format(
            title=edit_type.title.lower(),
            adherence=rubric.adherence,
            quality=rubric.quality,
            preservation=rubric.preservation,
        )
        .strip()
    )


def verdict(reply: JudgeReply | MeasuredReply) -> Judgement:
    """The grades as a row holds them, the three reasons in one text."""
    grades: dict[str, Grade] = {"Adherence": reply.adherence, "Quality": reply.quality}
    grades["Preservation"] = reply.preservation
    return Judgement(
        adherence=reply.adherence.score,
        quality=reply.quality.score,
        preservation=reply.preservation.score,
        reason=" ".join(f"{name}: {_closed(grade.reason)}" for name, grade in grades.items()),
    )


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
