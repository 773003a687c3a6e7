"""A dialogue writer that is a language model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from pydantic import BaseModel, ConfigDict

from models.chat.chat_model import ChatRequest, Message
from models.chat.prompts import ChatRole, answers, prompt_file
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.dialogues.parse import DialogueReply, parse_reply
from models.dialogues.validate import check
from models.edit_types.spec import DialogueRule, EditType
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.vocabulary import APPEARANCES
from models.write.phrasing import MAX_WORDS

PROMPT = ("models.dialogues", "prompt.toml")
EXAMPLES = ("models.dialogues", "examples.toml")
PROMPTS = (PROMPT, EXAMPLES)


class Object(BaseModel):
    """An object that may be edited."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    box: tuple[int, int, int, int]


class Example(DialogueReply):
    """A request with the answer that it should get."""

    caption: str
    width: int
    height: int
    objects: tuple[Object, ...]


@cache
def examples() -> dict[str, tuple[Example, ...]]:
    """The examples of each ability, by its name."""
    return {
        ability: tuple(map(Example.model_validate, group))
        for ability, group in prompt_file(*EXAMPLES).items()
    }


def messages(request: DialogueRequest) -> tuple[Message, ...]:
    """The rules, the examples whose operations the type has, and the request as JSON.

    Raises:
        ImgEditError: The request's type has no dialogues.
    """
    rule = _rule(request.edit_type)
    shown = [
        message
        for example in examples()[rule.ability]
        if _operations(example) <= set(request.edit_type.operations)
        for message in _as_messages(example)
    ]
    objects = [
        Object(name=s.name, box=(s.box.x0, s.box.y0, s.box.x1, s.box.y1)) for s in request.subjects
    ]
    asked = _asked(request.caption, request.width, request.height, objects)
    system = Message(role="system", parts=(_system(request, rule),))
    return (system, *shown, Message(role="user", parts=(asked,)))


def _rule(edit_type: EditType) -> DialogueRule:
    if edit_type.dialogue is None:
        msg = f"edit type {edit_type.name!r} has no dialogues; give it a DialogueRule"
        raise ImgEditError(msg)
    return edit_type.dialogue


def _system(request: DialogueRequest, rule: DialogueRule) -> str:
    template: str = prompt_file(*PROMPT)["system"]
    operations = [
        f"{name} ({request.edit_types[name].title.lower()})"
        for name in request.edit_type.operations
    ]
    few, many = rule.min_turns, rule.max_turns
    return template.format(
        task=request.edit_type.brief.task,
        turns=f"{few} to {many}" if few < many else few,
        words=MAX_WORDS,
        operations="; ".join(operations),
        looks=", ".join(APPEARANCES),
    ).strip()


def _operations(example: Example) -> set[str]:
    return {each.operation for turn in example.turns for each in turn.operations}


def _as_messages(example: Example) -> tuple[Message, Message]:
    asked = _asked(example.caption, example.width, example.height, example.objects)
    answer = DialogueReply(dialogue=example.dialogue, premise=example.premise, turns=example.turns)
    return (
        Message(role="user", parts=(asked,)),
        Message(role="assistant", parts=(answer.model_dump_json(),)),
    )


def _asked(caption: str, width: int, height: int, objects: Sequence[Object]) -> str:
    described = [each.model_dump() for each in objects]
    content = {"caption": caption, "width": width, "height": height, "objects": described}
    return json.dumps(content, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDialogueWriter(ChatRole):
    """Writes each dialogue in one go from a few examples, as docs/paper.md says under "Classes".

    A dialogue with a fault is sent back once with what is wrong; so what comes out has been checked
    as `models.dialogues.validate` does.
    """

    prompts = PROMPTS
    form = DialogueReply

    temperature: float = 0.7
    """Above 0, for dialogues that vary; the request's seed is sent along."""
    max_tokens: int = 1024
    batch_size: int = 64

    def write_dialogues(self, requests: Sequence[DialogueRequest]) -> list[WrittenDialogue | Fault]:
        """One dialogue for each request."""
        return answers(self.chat, requests, self._asked, _read)

    def _asked(self, request: DialogueRequest) -> ChatRequest:
        if not all(subject.name.strip() for subject in request.subjects):
            raise FaultError(Reason.NOTHING_TO_SAY, "an object of the request has no name")
        return self.question(
            messages(request),
            check=partial(_check, request),
            seed=request.seed,
        )


def _check(request: DialogueRequest, reply: DialogueReply) -> None:
    dialogue = parse_reply(reply.model_dump_json(), request)
    fault = dialogue if isinstance(dialogue, Fault) else check(dialogue, request)
    if fault:
        raise ValueError(fault.detail)


def _read(request: DialogueRequest, reply: DialogueReply) -> WrittenDialogue:
    dialogue = parse_reply(reply.model_dump_json(), request)
    if isinstance(dialogue, Fault):
        raise FaultError(dialogue.reason, dialogue.detail)
    return dialogue
