import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation, Vocabulary
from models.faults import Fault, Reason
from models.geometry import Box
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES, Target
from models.write.assigned import assigned
from models.write.chat import ChatWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction

Recorded = Callable[..., Any]
TYPES = load_edit_types()
DOG = Subject(name="dog", box=Box(60, 800, 360, 1160))
CAR = Subject(name="red car", box=Box(900, 60, 1200, 360))
FRAMES = tuple(np.full((8, 8, 3), level, np.uint8) for level in (10, 20))


def request(kind: str, *subjects: Subject, **changes: Any) -> WriteRequest:
    asked = WriteRequest(
        caption="a dog and a red car",
        edit_type=TYPES[kind],
        edit_types=TYPES,
        subjects=subjects or (DOG,),
        width=1280,
        height=1280,
        seed=1,
    )
    return replace(asked, **changes)


def answer(instruction: str, *edits: tuple[str, str, str]) -> dict[str, Any]:
    keys = ("object", "choice", "result")
    said = [dict(zip(keys, edit, strict=True)) for edit in edits]
    return {"edits": said, "instruction": instruction}


def target(recorded: Recorded, asked: WriteRequest, reply: dict[str, Any]) -> Target:
    (written,) = ChatWriter(chat=recorded(reply)).write([asked])
    assert isinstance(written, WrittenInstruction), written
    assert written.wording == "model"
    (operation,) = written.operations
    return operation.target


def fault(recorded: Recorded, asked: WriteRequest, reply: dict[str, Any], **settings: Any) -> str:
    """What the model is told, once it has been wrong twice."""
    (found,) = ChatWriter(chat=recorded(reply, reply), **settings).write([asked])
    assert isinstance(found, Fault), found
    assert found.reason is Reason.BAD_REPLY
    return found.detail


def test_requests_of_a_type_share_their_rules_and_are_told_box_and_place(
    recorded: Recorded,
) -> None:
    reply = answer("Remove the dog in the corner.", ("dog", "", ""))
    chat = recorded(reply, reply)
    ChatWriter(chat=chat).write([request("remove"), request("remove", seed=7, caption="a dog")])
    (system, user), (other, _) = (asked.messages for asked in chat.asked)
    assert system == other
    assert TYPES["remove"].brief.task in system.parts[0]
    told = json.loads(user.parts[0])
    assert told["caption"] == "a dog and a red car"
    assert (told["width"], told["height"]) == (1280, 1280)
    (edit,) = told["edits"]
    assert (edit["object"], edit["box"]) == ("dog", [60, 800, 360, 1160])
    assert edit["place"] == "lower left corner"
    assert chat.asked[0].seed == 1
    # A form of its own for each request would have its schema worked out again each time.
    assert chat.asked[0].reply is chat.asked[1].reply


def test_the_wording_that_is_asked_for_varies_with_the_seed(recorded: Recorded) -> None:
    reply = answer("Remove the dog in the corner.", ("dog", "", ""))
    chat = recorded(*[reply] * 30)
    ChatWriter(chat=chat).write([request("remove", seed=seed) for seed in range(30)])
    asked = Counter(json.loads(a.messages[1].parts[0])["wording"] for a in chat.asked)
    assert len(asked) == 3
    assert min(asked.values()) >= 4


@pytest.mark.parametrize(
    ("choice", "result", "expected"),
    [
        ("bicycle", "a bicycle", Target(key="bicycle", phrase="a bicycle")),
        ("Bicycle", "a red bicycle", Target(key="bicycle", phrase="a red bicycle", look="red")),
        (
            "a wooden bench",
            "a wooden bench",
            Target(key="bench", phrase="a wooden bench", look="wood"),
        ),
        ("red apple", "a red apple", Target(key="red apple", phrase="a red apple")),
        ("orange", "an orange", Target(key="orange", phrase="an orange")),
        ("sleeping lynx", "a sleeping lynx", Target(key="sleeping lynx", phrase="a sleeping lynx")),
    ],
)
def test_a_new_object_gets_the_catalogues_name_where_it_has_one(
    recorded: Recorded, choice: str, result: str, expected: Target
) -> None:
    reply = answer(f"Put {result} where the dog in the corner is.", ("dog", choice, result))
    assert target(recorded, request("replace"), reply) == expected


@pytest.mark.parametrize(
    ("choice", "result", "key"),
    [
        ("blue", "a blue dog", "blue"),
        ("Golden", "a golden dog", "gold"),
        ("wood", "a wooden dog", "wood"),
        ("dark teal", "a dark teal dog", "dark teal"),
        ("knitted wool", "a dog of knitted wool", "knitted wool"),
    ],
)
def test_a_new_look_gets_its_key_where_it_has_one(
    recorded: Recorded, choice: str, result: str, key: str
) -> None:
    reply = answer(f"Make the dog on the left {choice}.", ("dog", choice, result))
    assert target(recorded, request("alter"), reply) == Target(key=key, phrase=result)


@pytest.mark.parametrize(
    ("kind", "choice", "result", "key"),
    [
        ("style_transfer", "watercolour painting", "a watercolour painting", "watercolour"),
        ("style_transfer", "golden hour", "a scene at the golden hour", "golden_hour"),
        ("style_transfer", "Japanese woodcut", "a Japanese woodcut", "japanese woodcut"),
        ("background_change", "beach", "a beach at sunset", "sunset_beach"),
        ("background_change", "a library", "an old library", "library"),
    ],
)
def test_styles_and_sceneries_get_their_key_where_they_have_one(
    recorded: Recorded, kind: str, choice: str, result: str, key: str
) -> None:
    reply = answer(f"Turn this into {result}.", ("", choice, result))
    background = Subject(name="background", box=Box(0, 0, 1280, 1280))
    assert target(recorded, request(kind, background), reply) == Target(key=key, phrase=result)


def test_every_key_is_found_by_its_own_words(recorded: Recorded) -> None:
    tables = {"style_transfer": STYLES, "background_change": BACKDROPS}
    for kind, table in tables.items():
        for look in table.values():
            reply = answer(f"I want {look.phrase}.", ("", look.key, look.phrase))
            assert target(recorded, request(kind), reply).key == look.key
    for look in APPEARANCES.values():
        phrase = f"a {look.adjective} dog"
        reply = answer(f"Have {phrase} on the left.", ("dog", look.adjective, phrase))
        assert target(recorded, request("alter"), reply).key == look.key


@pytest.mark.parametrize(
    ("kind", "reply", "expected"),
    [
        (
            "add",
            answer("Add a small dog at the lower left.", ("dog", "", "a small dog")),
            Target(key="dog", phrase="a small dog"),
        ),
        (
            "add",
            answer("Add a dog at the lower left.", ("dog", "", "something furry")),
            Target(key="dog", phrase="a dog"),
        ),
        (
            "remove",
            answer("Remove the dog at the lower left.", ("dog", "none", "an empty lawn")),
            Target(key="", phrase=""),
        ),
        (
            "object_extraction",
            answer("Cut out the dog on the left.", ("dog", "", "")),
            Target(key="dog", phrase="the dog alone on a white background"),
        ),
    ],
)
def test_an_edit_without_a_choice_has_the_target_of_its_plan(
    recorded: Recorded, kind: str, reply: dict[str, Any], expected: Target
) -> None:
    assert target(recorded, request(kind), reply) == expected


@pytest.mark.parametrize(
    ("kind", "reply", "told"),
    [
        ("remove", answer("", ("dog", "", "")), "0 words"),
        ("remove", answer("dog left " * 16, ("dog", "", "")), "32 words"),
        ("remove", answer("Remove the cat on the left.", ("dog", "", "")), "does not name the dog"),
        ("remove", answer("Remove the dog.", ("dog", "", "")), "does not say where the dog is"),
        ("remove", answer("Remove the dog on the left."), "0 edits, 1 are wanted"),
        (
            "remove",
            answer("Remove the dog on the left.", ("cat", "", "")),
            "'cat' is not the object of this edit, 'dog' is",
        ),
        (
            "replace",
            answer("Change the dog on the left.", ("dog", "", "")),
            "give a choice",
        ),
        (
            "replace",
            answer("Swap the dog on the left for a big dog.", ("dog", "big dog", "a big dog")),
            "is no other object",
        ),
        (
            "replace",
            answer("Swap the dog on the left.", ("dog", "cat", "a cat")),
            "does not say 'a cat'",
        ),
        (
            "alter",
            answer("Make the dog on the left blue.", ("dog", "blue", "a blue cat")),
            "'a blue cat' is not the dog",
        ),
        (
            "alter",
            answer("Change the dog on the left.", ("dog", "blue", "a blue dog")),
            "does not say 'a blue dog'",
        ),
        (
            "style_transfer",
            answer("Make it nicer.", ("", "etching", "an etching")),
            "does not say 'an etching'",
        ),
    ],
)
def test_what_is_wrong_with_an_instruction_is_told(
    recorded: Recorded, kind: str, reply: dict[str, Any], told: str
) -> None:
    assert told in fault(recorded, request(kind), reply)


def test_a_look_that_the_object_has_is_no_change(recorded: Recorded) -> None:
    reply = answer("Paint the car at the top right red.", ("red car", "red", "a red car"))
    assert "the red car is red already" in fault(recorded, request("alter", CAR), reply)


def test_closed_choices_are_listed_and_kept(recorded: Recorded) -> None:
    lynx = answer("Put a lynx in place of the dog on the left.", ("dog", "lynx", "a lynx"))
    assert "'lynx' is none of the choices" in fault(recorded, request("replace"), lynx, closed=True)
    chat = recorded(lynx)
    ChatWriter(chat=chat).write([request("replace")])
    assert "traffic light" not in chat.asked[0].messages[0].parts[0]
    bus = answer("Put a bus in place of the dog on the left.", ("dog", "bus", "a bus"))
    chat = recorded(bus)
    (written,) = ChatWriter(chat=chat, closed=True).write([request("replace")])
    assert isinstance(written, WrittenInstruction)
    assert "traffic light" in chat.asked[0].messages[0].parts[0]


def test_targets_of_a_types_own_are_always_closed(recorded: Recorded) -> None:
    own = replace(
        TYPES["alter"].brief,
        vocabulary=Vocabulary.OWN,
        targets=(Target(key="lit", phrase="a glowing dog"),),
    )
    asked = request("alter", edit_type=replace(TYPES["alter"], brief=own))
    lit = answer("Let the dog on the left glow, lit from inside.", ("dog", "lit", "a glowing dog"))
    assert target(recorded, asked, lit) == Target(key="lit", phrase="a glowing dog")
    dim = answer("Dim the dog on the left.", ("dog", "dim", "a dim dog"))
    assert "'dim' is none of the choices: lit" in fault(recorded, asked, dim)


def test_a_hybrid_is_two_edits_that_were_drawn_beforehand(recorded: Recorded) -> None:
    pairs = Counter(
        tuple(edit.edit_type.name for edit in assigned(request("hybrid", DOG, CAR, seed=seed)))
        for seed in range(200)
    )
    assert len(pairs) == 12
    assert all(one != other for one, other in pairs)
    seed = next(
        seed
        for seed in range(200)
        if [e.edit_type.name for e in assigned(request("hybrid", DOG, CAR, seed=seed))]
        == ["remove", "alter"]
    )
    asked = request("hybrid", DOG, CAR, seed=seed)
    said = "Remove the dog at the lower left and paint the car at the top right blue."
    edits = (("dog", "", ""), ("red car", "blue", "a blue car"))
    chat = recorded(answer(said, *edits[::-1]), answer(said, *edits))
    (written,) = ChatWriter(chat=chat).write([asked])
    assert written == WrittenInstruction(
        text=said,
        operations=(
            Operation(edit_type="remove", subject=0, name="dog", target=Target(key="", phrase="")),
            Operation(
                edit_type="alter",
                subject=1,
                name="red car",
                target=Target(key="blue", phrase="a blue car"),
            ),
        ),
        wording="model",
    )
    system, user = chat.asked[0].messages
    assert all(TYPES[name].brief.task in system.parts[0] for name in ("remove", "alter", "hybrid"))
    assert [e["edit"] for e in json.loads(user.parts[0])["edits"]] == [
        TYPES["remove"].title,
        TYPES["alter"].title,
    ]


def test_a_clip_is_shown_and_its_person_named(recorded: Recorded) -> None:
    person = Subject(name="main subject", box=Box(10, 10, 90, 200))
    asked = request("motion_change", person, person, images=FRAMES, caption="")
    unnamed = answer("Let her run.", ("main subject", "running", "the main subject running"))
    named = answer("Let the woman run.", ("woman", "running", "the woman running"))
    chat = recorded(unnamed, named)
    (written,) = ChatWriter(chat=chat).write([asked])
    assert isinstance(written, WrittenInstruction)
    (operation,) = written.operations
    assert operation.name == "woman"
    assert operation.target == Target(key="running", phrase="the woman running")
    parts = chat.asked[0].messages[1].parts
    assert [part[0, 0, 0] for part in parts if not isinstance(part, str)] == [10, 20]
    assert "main subject" not in parts[0]
    assert "'main subject' does not say who" in chat.asked[1].messages[-1].parts[0]


def test_what_cannot_be_asked_is_a_fault_and_costs_nothing(recorded: Recorded) -> None:
    chat = recorded()
    unnamed = Subject(name="main subject", box=DOG.box)
    asked = [
        request("motion_change", DOG, DOG),
        request("add", unnamed),
        request("remove", Subject(name=" ", box=DOG.box)),
        request("hybrid", DOG),
    ]
    found = ChatWriter(chat=chat).write(asked)
    assert [type(f) for f in found] == [Fault] * 4
    assert {f.reason for f in found if isinstance(f, Fault)} == {Reason.NOTHING_TO_SAY}
    assert "0 of 2 images" in str(found[0])
    assert chat.asked == []


def test_the_image_is_shown_only_where_that_is_asked_for(recorded: Recorded) -> None:
    reply = answer("Remove the dog on the left.", ("dog", "", ""))
    chat = recorded(reply, reply)
    asked = request("remove", images=FRAMES[:1])
    ChatWriter(chat=chat).write([asked])
    ChatWriter(chat=chat, show_image=True).write([asked])
    blind, seeing = (a.messages[1].parts for a in chat.asked)
    assert len(blind) == 1
    assert seeing == (*blind, FRAMES[0])
    (found,) = ChatWriter(chat=chat, show_image=True).write([request("remove")])
    assert isinstance(found, Fault)


def test_what_changes_answers_changes_the_recipe(recorded: Recorded) -> None:
    plain = ChatWriter(chat=recorded()).params()
    for changed in ({"closed": True}, {"show_image": True}, {"temperature": 0.0}):
        assert ChatWriter(chat=recorded(), **changed).params() != plain
    assert ChatWriter(chat=recorded(), batch_size=1).params() == plain
    json.dumps(plain)
