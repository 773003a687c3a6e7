import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from models.chat.chat_model import Message
from models.dialogues.chat import Example, examples, messages
from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.dialogues.parse import DialogueReply, parse_reply
from models.dialogues.validate import check
from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Ability
from models.faults import ImgEditError
from models.geometry import Box
from models.write.instruction import Subject

Ask = Callable[..., DialogueRequest]

TYPES = load_edit_types()
KINDS = {t.dialogue.ability: name for name, t in TYPES.items() if t.dialogue}
EXAMPLES = [(Ability(ability), e) for ability, group in examples().items() for e in group]


def said(message: Message) -> str:
    """A message that is one text."""
    (text,) = message.parts
    assert isinstance(text, str)
    return text


def asked(ability: Ability, example: Example) -> DialogueRequest:
    return DialogueRequest(
        edit_type=TYPES[KINDS[ability]],
        edit_types=TYPES,
        caption=example.caption,
        subjects=tuple(Subject(name=o.name, box=Box(*o.box)) for o in example.objects),
        width=example.width,
        height=example.height,
        seed=0,
    )


def test_each_ability_has_three_examples() -> None:
    assert {ability: len(group) for ability, group in examples().items()} == dict.fromkeys(
        map(str, Ability), 3
    )


@pytest.mark.parametrize(
    ("ability", "example"), EXAMPLES, ids=[e.dialogue.strip()[:40] for _, e in EXAMPLES]
)
def test_each_example_is_a_sound_answer_to_a_request_that_qualifies(
    ability: Ability, example: Example
) -> None:
    request = asked(ability, example)
    answer = example.model_dump_json(include=set(DialogueReply.model_fields))
    dialogue = parse_reply(answer, request)
    assert isinstance(dialogue, WrittenDialogue), dialogue
    assert check(dialogue, request) is None
    rule = request.edit_type.regions
    boxes = [subject.box for subject in request.subjects]
    assert len(boxes) == rule.count
    assert all(box == box.clipped(example.width, example.height) for box in boxes)
    canvas = example.width * example.height
    assert max(box.area_px for box in boxes) <= rule.max_area_frac * canvas
    if len(boxes) > 1:
        assert boxes[0].gap_px(boxes[1]) >= rule.min_gap_px


def test_the_examples_show_every_way_to_refer_and_to_go_back() -> None:
    references, starts = set(), set()
    for ability, example in EXAMPLES:
        dialogue = parse_reply(
            example.model_dump_json(include=set(DialogueReply.model_fields)),
            asked(ability, example),
        )
        assert isinstance(dialogue, WrittenDialogue)
        references |= {turn.reference for turn in dialogue.turns}
        if ability is Ability.BACKTRACKING:
            starts.add((len(dialogue.turns), dialogue.turns[-1].starts_from))
    assert references == {"name", "pronoun", "ellipsis", "position", "premise", "version"}
    assert starts == {(2, 0), (3, 0), (3, 1)}


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_model_is_told_the_task_the_examples_and_the_request(ask: Ask, kind: str) -> None:
    request = ask(kind, "chair", "dog", caption='a "chair" and a dog')
    system, *shown, last = messages(request)
    assert [m.role for m in shown] == ["user", "assistant"] * 3
    assert (system.role, last.role) == ("system", "user")
    for told in (request.edit_type.brief.task, "2 to 3 turns", "30 words", "marble", "premise"):
        assert told in said(system)
    assert all(f"{name} (" in said(system) for name in request.edit_type.operations)
    assert "{" not in said(system)
    for message in shown[1::2]:
        DialogueReply.model_validate_json(said(message))
    assert json.loads(said(last)) == {
        "caption": 'a "chair" and a dog',
        "width": 1280,
        "height": 1280,
        "objects": [
            {"name": "chair", "box": [60, 800, 360, 1160]},
            {"name": "dog", "box": [900, 60, 1200, 360]},
        ],
    }


def test_examples_with_operations_that_the_type_lacks_are_left_out(ask: Ask) -> None:
    request = ask("content_memory")
    mine = replace(request.edit_type, operations=("alter",))
    told = messages(replace(request, edit_type=mine))
    assert len(told) == 2 + 2 * 1
    assert not any('"replace"' in said(message) for message in told)


def test_a_type_without_dialogues_cannot_be_asked_for(ask: Ask) -> None:
    with pytest.raises(ImgEditError, match="'remove' has no dialogues; give it a DialogueRule"):
        messages(ask("remove"))


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects_in(value)


def test_the_schema_is_one_that_strict_decoding_takes() -> None:
    schema = DialogueReply.model_json_schema()
    found = list(objects_in(schema))
    assert len(found) == 3
    for each in found:
        assert each["additionalProperties"] is False
        assert set(each["required"]) == set(each["properties"])
    text = json.dumps(schema)
    assert not any(word in text for word in ('"default"', '"anyOf"', '"prefixItems"'))
