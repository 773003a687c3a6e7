import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.dialogues.dialogue import DialogueRequest, Turn, WrittenDialogue
from models.dialogues.grammar import GrammarDialogueWriter
from models.dialogues.parse import parse_reply, split_turns
from models.dialogues.validate import check
from models.edit_types.spec import Operation, Vocabulary
from models.faults import Fault, Reason
from models.studio.catalogue import names
from models.vocabulary import Target

Ask = Callable[..., DialogueRequest]
Json = dict[str, Any]

KINDS = ("content_memory", "content_understanding", "version_backtracking")
WRITER = GrammarDialogueWriter()


def op(operation: str, of: str, target: str = "", look: str = "") -> Json:
    return {"operation": operation, "object": of, "target": target, "look": look}


def answer(*turns: tuple[str, int, list[Json]], premise: str = "") -> Json:
    lines = [f"{number}. {text}" for number, (text, _, _) in enumerate(turns, 1)]
    return {
        "dialogue": "\n".join(lines),
        "premise": premise,
        "turns": [{"starts_from": start, "operations": meant} for _, start, meant in turns],
    }


RED = ("Make the chair red.", 0, [op("alter", "chair", look="red")])
BLUE = ("Now make it blue.", 1, [op("alter", "chair", look="blue")])
GOOD = answer(RED, BLUE)


def parsed(reply: Json, request: DialogueRequest) -> WrittenDialogue:
    dialogue = parse_reply(json.dumps(reply), request)
    assert isinstance(dialogue, WrittenDialogue), dialogue
    return dialogue


def as_reply(dialogue: WrittenDialogue) -> Json:
    """What a model would have answered to mean this dialogue."""

    def meant(operation: Operation) -> Json:
        target = operation.target
        match operation.edit_type:
            case "alter":
                return op("alter", operation.name, look=target.key)
            case "replace":
                return op("replace", operation.name, target.key, target.look)
            case _:
                return op(operation.edit_type, operation.name)

    return answer(
        *((t.instruction, t.starts_from, [meant(o) for o in t.operations]) for t in dialogue.turns),
        premise=dialogue.premise,
    )


def without_phrases(turns: tuple[Turn, ...]) -> list[Turn]:
    """The turns with the phrases of what is added left out: a grammar puts its size in them."""
    return [
        replace(
            turn,
            operations=tuple(
                replace(o, target=replace(o.target, phrase="")) if o.edit_type == "add" else o
                for o in turn.operations
            ),
        )
        for turn in turns
    ]


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    pair=st.lists(st.sampled_from(names()), min_size=2, max_size=2, unique=True),
    seed=st.integers(0, 2**63),
)
def test_the_meaning_of_a_dialogue_is_read_back_from_its_words_and_json(
    ask: Ask, kind: str, pair: list[str], seed: int
) -> None:
    request = ask(kind, *pair[: 1 + (kind != "content_understanding")], seed=seed)
    (written,) = WRITER.write_dialogues([request])
    assert isinstance(written, WrittenDialogue)
    read = parsed(as_reply(written), request)
    assert read.premise == written.premise
    assert without_phrases(read.turns) == without_phrases(written.turns)
    assert check(read, request) is None


def test_words_around_the_json_are_passed_over(ask: Ask) -> None:
    request = ask("content_understanding")
    text = f"Here you are:\n```json\n{json.dumps(GOOD)}\n```"
    assert parse_reply(text, request) == parsed(GOOD, request)


def test_articles_adjectives_and_capitals_are_understood(ask: Ask) -> None:
    request = ask("content_memory")
    reply = answer(
        ("From now on all is wooden. First the chair.", 0, [op("alter", "the Chair", look="")]),
        ("Swap the dog for a bicycle.", 1, [op("replace", "a dog", "A wooden bicycle", "Wooden")]),
        premise="Wooden",
    )
    dialogue = parsed(reply, request)
    assert dialogue.premise == "wood"
    first, second = (turn.operations[0].target for turn in dialogue.turns)
    assert first == Target(key="wood", phrase="a wooden chair")
    assert second == Target(key="bicycle", phrase="a wooden bicycle", look="wood")
    assert check(dialogue, request) is None


def test_an_altered_object_is_found_by_its_noun(ask: Ask) -> None:
    request = ask("content_understanding", "red chair")
    reply = answer(
        ("Paint the red chair teal.", 0, [op("alter", "red chair", look="teal")]),
        ("Now make it blue.", 1, [op("alter", "teal chair", look="blue")]),
    )
    dialogue = parsed(reply, request)
    assert [t.operations[0].name for t in dialogue.turns] == ["red chair", "chair"]
    assert check(dialogue, request) is None


def test_targets_of_a_type_from_outside_are_its_own(ask: Ask) -> None:
    asked = ask("content_understanding")
    alter = asked.edit_types["alter"]
    twice = Target(key="twice", phrase="twice as large")
    brief = replace(alter.brief, vocabulary=Vocabulary.OWN, targets=(twice,))
    types = {**asked.edit_types, "resize": replace(alter, name="resize", brief=brief)}
    mine = replace(asked.edit_type, operations=("resize", "alter"))
    request = replace(asked, edit_type=mine, edit_types=types)
    large = ("Make the chair twice as large.", 0, [op("resize", "chair", "twice")])
    dialogue = parsed(answer(large, BLUE), request)
    assert dialogue.turns[0].operations[0].target == twice
    huge = ("Make the chair huge.", 0, [op("resize", "chair", "huge")])
    fault = parse_reply(json.dumps(answer(huge, BLUE)), request)
    assert isinstance(fault, Fault)
    assert "'huge' is no target" in fault.detail


def changed(**fields: Any) -> Json:
    return {**GOOD, **fields}


@pytest.mark.parametrize(
    ("reply", "reason", "said"),
    [
        ("", Reason.NOTHING_TO_SAY, "Invalid JSON"),
        ("I cannot do that.", Reason.NOTHING_TO_SAY, "Invalid JSON"),
        ('{"dialogue": "1. ', Reason.NOTHING_TO_SAY, "Invalid JSON"),
        ("}{", Reason.NOTHING_TO_SAY, "Invalid JSON"),
        ("[" * 100_000 + "{}", Reason.NOTHING_TO_SAY, "validation error"),
        (changed(more=1), Reason.NOTHING_TO_SAY, "Extra inputs"),
        ({"dialogue": "1. Make it red."}, Reason.NOTHING_TO_SAY, "Field required"),
        (changed(turns=[]), Reason.NOTHING_TO_SAY, "2 turns in words, 0 in meaning"),
        (changed(dialogue=""), Reason.NOTHING_TO_SAY, "0 turns in words, 2 in meaning"),
        (changed(premise="shiny"), Reason.UNCHECKABLE_PREMISE, "no look is called 'shiny'"),
        (
            answer(RED, ("Hide it.", 1, [op("hide", "chair")])),
            Reason.NOTHING_TO_SAY,
            "'hide' is none of add, alter",
        ),
        (
            answer(RED, ("Make the cow red.", 1, [op("alter", "cow", look="red")])),
            Reason.NOTHING_TO_SAY,
            "'cow' is no object of the request",
        ),
        (
            answer(RED, ("Make it red.", 1, [op("alter", "", look="red")])),
            Reason.NOTHING_TO_SAY,
            "'' is no object",
        ),
        (
            answer(
                ("Swap the chair for a bed.", 0, [op("replace", "chair", "bed")]),
                ("Make the chair red.", 1, [op("alter", "chair", look="red")]),
            ),
            Reason.ABSENT_SUBJECT,
            "no 'chair' in the version that the turn starts from",
        ),
        (
            answer(RED, ("Make it glow.", 1, [op("alter", "chair", look="glowing")])),
            Reason.UNPAINTABLE,
            "no look is called 'glowing'",
        ),
        (
            answer(RED, ("Make it.", 1, [op("alter", "chair")])),
            Reason.NOTHING_TO_SAY,
            "no target",
        ),
        (
            answer(RED, ("Swap it.", 1, [op("replace", "chair", " the ")])),
            Reason.NOTHING_TO_SAY,
            "no target",
        ),
        (
            json.dumps(GOOD).replace('"starts_from": 1', '"starts_from": ' + "9" * 4000),
            Reason.UNKNOWN_VERSION,
            "turn 2 starts from a version",
        ),
        (
            answer(RED, ("Now blue.", -1, [op("alter", "chair", look="blue")])),
            Reason.UNKNOWN_VERSION,
            "not among 0 to 1",
        ),
    ],
)
def test_a_bad_answer_is_a_fault(ask: Ask, reply: Json | str, reason: Reason, said: str) -> None:
    text = reply if isinstance(reply, str) else json.dumps(reply)
    fault = parse_reply(text, ask("content_understanding"))
    assert isinstance(fault, Fault)
    assert (fault.reason, said in fault.detail) == (reason, True), fault
    assert len(fault.detail) < 300


def test_an_unnamed_object_is_a_fault(ask: Ask) -> None:
    fault = parse_reply(json.dumps(GOOD), ask("content_understanding", " "))
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.NOTHING_TO_SAY


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters())
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner),
    ).map(json.dumps)
)
def test_whatever_a_model_answers_nothing_is_raised(ask: Ask, text: str) -> None:
    assert isinstance(parse_reply(text, ask("content_understanding")), Fault)


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    operation=st.sampled_from(["add", "alter", "remove", "replace", "hide"]),
    of=st.sampled_from(["chair", "dog", "cat", ""]),
    target=st.sampled_from(["chair", "cat", "wooden", ""]),
    look=st.sampled_from(["wood", "red", "", "shiny"]),
    start=st.integers(-1, 3),
    text=st.sampled_from(["", "Undo the first.", "Make it red.", "The chair too.", "1. 2. 3."]),
)
def test_answers_of_the_right_form_can_always_be_checked(
    ask: Ask, kind: str, operation: str, of: str, target: str, look: str, start: int, text: str
) -> None:
    request = ask(kind)
    reply = answer(RED, (text, start, [op(operation, of, target, look)]), premise=look)
    dialogue = parse_reply(json.dumps(reply), request)
    if isinstance(dialogue, WrittenDialogue):
        fault = check(dialogue, request)
        assert fault is None or fault.detail


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("1. Add a dog.\n2. Undo that.", ["Add a dog.", "Undo that."]),
        ("1. Add a dog. 2. Undo that.", ["Add a dog.", "Undo that."]),
        ("Turn 1: Add a dog.\n\nTurn 2: Undo\nthat.", ["Add a dog.", "Undo that."]),
        ("1) Add 2 dogs.\n2) Undo that.", ["Add 2 dogs.", "Undo that."]),
        ("2. Undo that.", []),
        ("Add a dog.", []),
        ("", []),
        ("1. \n2. Undo that.", ["", "Undo that."]),
    ],
)
def test_a_text_is_split_at_its_numbers(text: str, turns: list[str]) -> None:
    assert split_turns(text) == turns
