import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.dialogues.chat import ChatDialogueWriter, messages
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.faults import Fault, Reason
from models.geometry import Box
from models.write.instruction import Subject

Ask = Callable[..., DialogueRequest]
Recorded = Callable[..., Any]


def alter(look: str) -> list[dict[str, str]]:
    return [{"operation": "alter", "object": "chair", "target": "", "look": look}]


def reply(*turns: tuple[str, str]) -> dict[str, Any]:
    lines = [f"{number}. {text}" for number, (text, _) in enumerate(turns, 1)]
    meant = [{"starts_from": i, "operations": alter(look)} for i, (_, look) in enumerate(turns)]
    return {"dialogue": "\n".join(lines), "premise": "", "turns": meant}


FIRST = ("Make the chair at the lower left red.", "red")
GOOD = reply(FIRST, ("Now make it blue.", "blue"))
NAMED_AGAIN = reply(FIRST, ("Now make the chair blue.", "blue"))


def test_a_dialogue_is_asked_for_as_the_prompt_says(ask: Ask, recorded: Recorded) -> None:
    chat = recorded(GOOD)
    request = ask("content_understanding", "chair", seed=5)
    (written,) = ChatDialogueWriter(chat=chat).write_dialogues([request])
    assert isinstance(written, WrittenDialogue)
    assert [turn.reference for turn in written.turns] == ["name", "pronoun"]
    (asked,) = chat.asked
    assert asked.messages == messages(request)
    assert asked.seed == 5


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (NAMED_AGAIN, "names its object again"),
        (reply(FIRST), "1 turns"),
        (reply(FIRST, ("Now make it red.", "red")), "the chair is red"),
        (reply(FIRST, ("Now make it blue.", "plaid")), "no look is called 'plaid'"),
    ],
)
def test_a_dialogue_with_a_fault_is_sent_back_with_it(
    ask: Ask, recorded: Recorded, wrong: dict[str, Any], told: str
) -> None:
    chat = recorded(wrong, GOOD)
    request = ask("content_understanding", "chair")
    (written,) = ChatDialogueWriter(chat=chat).write_dialogues([request])
    assert isinstance(written, WrittenDialogue)
    answered, asked = chat.asked[1].messages[-2:]
    assert json.loads(answered.parts[0]) == wrong
    assert told in asked.parts[0]


def test_a_dialogue_that_stays_wrong_is_one_fault(ask: Ask, recorded: Recorded) -> None:
    request = ask("content_understanding", "chair")
    nameless = replace(request, subjects=(Subject(name=" ", box=Box(0, 0, 9, 9)),))
    chat = recorded(NAMED_AGAIN, NAMED_AGAIN, GOOD)
    found = ChatDialogueWriter(chat=chat).write_dialogues([request, nameless, request])
    assert [type(f) for f in found] == [Fault, Fault, WrittenDialogue]
    assert found[0].reason is Reason.BAD_REPLY
    assert "names its object again" in found[0].detail
    assert found[1].reason is Reason.NOTHING_TO_SAY
