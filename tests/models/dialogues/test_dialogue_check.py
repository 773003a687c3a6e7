"""What the check lets through and what it stops, by hand and by spoiling written dialogues."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.dialogues.dialogue import DialogueRequest, Reference, Turn, WrittenDialogue
from models.dialogues.grammar import GrammarDialogueWriter
from models.dialogues.validate import check
from models.edit_types.spec import Operation
from models.faults import Reason
from models.geometry import Box
from models.studio.catalogue import names
from models.vocabulary import Target

Ask = Callable[..., DialogueRequest]

MEMORY, UNDERSTANDING, BACKTRACKING = (
    "content_memory",
    "content_understanding",
    "version_backtracking",
)
WRITER = GrammarDialogueWriter()
CHAIR, DOG = 0, 1


def alter(subject: int, name: str, look: str) -> Operation:
    target = Target(key=look, phrase=f"a {look} {name}")
    return Operation(edit_type="alter", subject=subject, name=name, target=target)


def swap(subject: int, name: str, new: str, look: str = "") -> Operation:
    target = Target(key=new, phrase=f"a {new}", look=look)
    return Operation(edit_type="replace", subject=subject, name=name, target=target)


def add(subject: int, name: str) -> Operation:
    target = Target(key=name, phrase=f"a {name}")
    return Operation(edit_type="add", subject=subject, name=name, target=target)


def remove(subject: int, name: str) -> Operation:
    target = Target(key="", phrase="")
    return Operation(edit_type="remove", subject=subject, name=name, target=target)


def turn(text: str, start: int, reference: Reference, *operations: Operation) -> Turn:
    return Turn(instruction=text, starts_from=start, reference=reference, operations=operations)


def dialogue(*turns: Turn, premise: str = "") -> WrittenDialogue:
    return WrittenDialogue(turns=turns, premise=premise)


PREMISE = turn(
    "From now on all is to be wooden. Start with the dog.", 0, "name", alter(DOG, "dog", "wood")
)
BICYCLE = turn("Swap the chair for a bicycle.", 1, "name", swap(CHAIR, "chair", "bicycle", "wood"))
RED = turn("Make the chair red.", 0, "name", alter(CHAIR, "chair", "red"))
BLUE = turn("Now make it blue.", 1, "pronoun", alter(CHAIR, "chair", "blue"))
CAT = turn("Replace the dog with a cat.", 1, "name", swap(DOG, "dog", "cat"))
WOMAN = turn("Replace the chair with a woman.", 0, "name", swap(CHAIR, "chair", "woman"))

SOUND: dict[str, tuple[str, WrittenDialogue]] = {
    "memory": (MEMORY, dialogue(PREMISE, BICYCLE, premise="wood")),
    "pronoun": (UNDERSTANDING, dialogue(RED, BLUE)),
    "ellipsis": (
        UNDERSTANDING,
        dialogue(
            RED,
            turn("Or rather in blue.", 1, "ellipsis", alter(CHAIR, "chair", "blue")),
            turn("Better none at all.", 2, "ellipsis", remove(CHAIR, "chair")),
        ),
    ),
    "position": (
        UNDERSTANDING,
        dialogue(
            RED,
            turn(
                "Swap the one at the bottom left for a sofa.",
                1,
                "position",
                *[swap(CHAIR, "chair", "sofa")],
            ),
        ),
    ),
    "new noun": (
        UNDERSTANDING,
        dialogue(
            WOMAN, turn("She should be of gold.", 1, "pronoun", alter(CHAIR, "woman", "gold"))
        ),
    ),
    "shared noun": (
        BACKTRACKING,
        dialogue(
            turn("Replace the dog with an old chair.", 0, "name", swap(DOG, "dog", "old chair")),
            turn("Make the old chair red.", 1, "name", alter(DOG, "old chair", "red")),
            turn("Undo that and make the chair blue.", 1, "name", alter(CHAIR, "chair", "blue")),
        ),
    ),
    "back": (
        BACKTRACKING,
        dialogue(
            RED,
            CAT,
            turn(
                "Go back to the original and make the dog teal.",
                0,
                "version",
                *[alter(DOG, "dog", "teal")],
            ),
        ),
    ),
    "added": (
        BACKTRACKING,
        dialogue(
            turn("Add a dog.", 0, "name", add(DOG, "dog")),
            turn("Make the dog red.", 1, "name", alter(DOG, "dog", "red")),
            turn(
                "Undo the last edit, then make the dog blue.",
                1,
                "version",
                *[alter(DOG, "dog", "blue")],
            ),
        ),
    ),
}


@pytest.mark.parametrize("case", SOUND)
def test_sound_dialogues_pass(ask: Ask, case: str) -> None:
    kind, sound = SOUND[case]
    assert check(sound, ask(kind)) is None


FAULTY: dict[str, tuple[str, WrittenDialogue, Reason, str]] = {
    "one turn": (UNDERSTANDING, dialogue(RED), Reason.NOTHING_TO_SAY, "1 turns"),
    "no edit": (
        UNDERSTANDING,
        dialogue(RED, turn("Thanks.", 1, "ellipsis")),
        Reason.NOTHING_TO_SAY,
        "turn 2: asks for no edit",
    ),
    "too long": (
        UNDERSTANDING,
        dialogue(RED, replace(BLUE, instruction="Now make it " + "very " * 27 + "blue.")),
        Reason.NOTHING_TO_SAY,
        "31 words",
    ),
    "foreign operation": (
        MEMORY,
        dialogue(PREMISE, turn("Add a chair.", 1, "name", add(CHAIR, "chair")), premise="wood"),
        Reason.NOTHING_TO_SAY,
        "'add' is none of replace, alter",
    ),
    "no such subject": (
        UNDERSTANDING,
        dialogue(RED, turn("Make it blue.", 1, "pronoun", alter(7, "chair", "blue"))),
        Reason.ABSENT_SUBJECT,
        "subject 7 of 1",
    ),
    "negative subject": (
        UNDERSTANDING,
        dialogue(RED, turn("Make it blue.", 1, "pronoun", alter(-1, "chair", "blue"))),
        Reason.ABSENT_SUBJECT,
        "subject -1 of 1",
    ),
    "unknown look": (
        UNDERSTANDING,
        dialogue(RED, turn("Make it shiny.", 1, "pronoun", alter(CHAIR, "chair", "shiny"))),
        Reason.UNPAINTABLE,
        "no appearance is called 'shiny'",
    ),
    "later version": (
        BACKTRACKING,
        dialogue(RED, replace(CAT, starts_from=2)),
        Reason.UNKNOWN_VERSION,
        "starts from version 2, where 0 to 1 exist",
    ),
    "unsaid version": (
        BACKTRACKING,
        dialogue(RED, replace(CAT, starts_from=0)),
        Reason.UNKNOWN_VERSION,
        "its words name none",
    ),
    "another version than said": (
        BACKTRACKING,
        dialogue(
            RED,
            CAT,
            turn(
                "Return to the original picture and make the dog teal.",
                1,
                "version",
                *[alter(DOG, "dog", "teal")],
            ),
        ),
        Reason.UNKNOWN_VERSION,
        "its words name 0",
    ),
    "undoing an older edit alone": (
        BACKTRACKING,
        dialogue(
            RED,
            CAT,
            turn(
                "Undo the first change and make the cat teal.",
                0,
                "version",
                *[alter(DOG, "cat", "teal")],
            ),
        ),
        Reason.UNKNOWN_VERSION,
        "one that is not there",
    ),
    "never going back": (
        BACKTRACKING,
        dialogue(RED, CAT),
        Reason.UNKNOWN_VERSION,
        "no turn goes back",
    ),
    "going back where none may": (
        UNDERSTANDING,
        dialogue(RED, replace(BLUE, starts_from=0)),
        Reason.UNKNOWN_VERSION,
        "never goes back",
    ),
    "undone object": (
        BACKTRACKING,
        dialogue(
            replace(CAT, starts_from=0),
            turn("Undo that and make the cat red.", 0, "version", alter(DOG, "cat", "red")),
        ),
        Reason.ABSENT_SUBJECT,
        "no 'cat' in version 0, but 'dog'",
    ),
    "before it is added": (
        BACKTRACKING,
        dialogue(
            turn("Add a dog.", 0, "name", add(DOG, "dog")),
            turn("Undo that and make the dog red.", 0, "version", alter(DOG, "dog", "red")),
        ),
        Reason.ABSENT_SUBJECT,
        "there is no dog in version 0",
    ),
    "edited, then added": (
        BACKTRACKING,
        dialogue(
            RED,
            turn("Undo that and add a chair.", 0, "version", add(CHAIR, "chair")),
        ),
        Reason.ABSENT_SUBJECT,
        "there is no chair in version 0",
    ),
    "removed": (
        UNDERSTANDING,
        dialogue(
            turn("Remove the chair.", 0, "name", remove(CHAIR, "chair")),
            turn("Make it blue.", 1, "pronoun", alter(CHAIR, "chair", "blue")),
        ),
        Reason.ABSENT_SUBJECT,
        "there is no chair in version 1",
    ),
    "added twice": (
        BACKTRACKING,
        dialogue(
            turn("Add a dog.", 0, "name", add(DOG, "dog")),
            turn("Undo that and add a dog on the right.", 0, "version", add(DOG, "dog")),
        ),
        Reason.UNCHANGED,
        "adds the dog again",
    ),
    "same look": (
        UNDERSTANDING,
        dialogue(RED, turn("Make it red.", 1, "pronoun", alter(CHAIR, "chair", "red"))),
        Reason.UNCHANGED,
        "turn 2: the chair is red",
    ),
    "same thing": (
        UNDERSTANDING,
        dialogue(RED, turn("Swap it for a chair.", 1, "pronoun", swap(CHAIR, "chair", "chair"))),
        Reason.UNCHANGED,
        "a chair already",
    ),
    "one object twice": (
        UNDERSTANDING,
        dialogue(
            turn(
                "Make the chair red, no, blue.",
                0,
                "name",
                *[
                    alter(CHAIR, "chair", "red"),
                    alter(CHAIR, "chair", "blue"),
                ],
            ),
            replace(BLUE, instruction="Now make it teal."),
        ),
        Reason.UNCHANGED,
        "edits one object twice",
    ),
    "undone and done again": (
        BACKTRACKING,
        dialogue(
            RED, turn("Undo that and make the chair red.", 0, "version", alter(0, "chair", "red"))
        ),
        Reason.UNCHANGED,
        "once more for what was undone",
    ),
    "pronoun at first": (
        UNDERSTANDING,
        dialogue(turn("Make it red.", 0, "pronoun", alter(CHAIR, "chair", "red")), BLUE),
        Reason.DANGLING_REFERENCE,
        "turn 1: the first turn refers by pronoun",
    ),
    "nothing at first": (
        UNDERSTANDING,
        dialogue(turn("In red, please.", 0, "ellipsis", alter(CHAIR, "chair", "red")), BLUE),
        Reason.DANGLING_REFERENCE,
        "turn 1: the first turn refers by ellipsis",
    ),
    "pronoun of the old noun": (
        UNDERSTANDING,
        dialogue(WOMAN, turn("Make it golden.", 1, "pronoun", alter(CHAIR, "woman", "gold"))),
        Reason.DANGLING_REFERENCE,
        "no pronoun agrees with the woman: she would",
    ),
    "wrong number": (
        UNDERSTANDING,
        dialogue(RED, replace(BLUE, instruction="Now make them blue.")),
        Reason.DANGLING_REFERENCE,
        "no pronoun agrees with the chair: it would",
    ),
    "two could be meant": (
        BACKTRACKING,
        dialogue(
            turn(
                "Make the chair and the dog red.",
                0,
                "name",
                *[
                    alter(CHAIR, "chair", "red"),
                    alter(DOG, "dog", "red"),
                ],
            ),
            turn("Make it blue.", 1, "pronoun", alter(DOG, "dog", "blue")),
            turn("Undo that and make the dog teal.", 1, "version", alter(DOG, "dog", "teal")),
        ),
        Reason.DANGLING_REFERENCE,
        "the chair or the dog could be meant",
    ),
    "pronoun for what was not spoken of": (
        MEMORY,
        dialogue(
            PREMISE,
            turn(
                "Swap it for a bicycle.", 1, "pronoun", *[swap(CHAIR, "chair", "bicycle", "wood")]
            ),
            premise="wood",
        ),
        Reason.DANGLING_REFERENCE,
        "the turn before was not about the chair",
    ),
    "ellipsis for what was not spoken of": (
        MEMORY,
        dialogue(
            PREMISE,
            turn("And a bicycle there.", 1, "ellipsis", swap(CHAIR, "chair", "bicycle", "wood")),
            premise="wood",
        ),
        Reason.DANGLING_REFERENCE,
        "the turn before was not about the chair",
    ),
    "name without the noun": (
        MEMORY,
        dialogue(PREMISE, replace(BICYCLE, instruction="Now a bicycle there."), premise="wood"),
        Reason.DANGLING_REFERENCE,
        "the words do not name the chair",
    ),
    "noun of two": (
        BACKTRACKING,
        dialogue(
            turn("Replace the dog with an old chair.", 0, "name", swap(DOG, "dog", "old chair")),
            turn("Make the chair red.", 1, "name", alter(DOG, "old chair", "red")),
            turn("Undo that; make the chair blue.", 1, "version", alter(CHAIR, "chair", "blue")),
        ),
        Reason.DANGLING_REFERENCE,
        "the chair could also be the chair",
    ),
    "position elsewhere": (
        UNDERSTANDING,
        dialogue(
            RED,
            turn(
                "Paint the one at the top right blue.",
                1,
                "position",
                *[alter(CHAIR, "chair", "blue")],
            ),
        ),
        Reason.DANGLING_REFERENCE,
        "do not say 'lower left corner'",
    ),
    "named again": (
        UNDERSTANDING,
        dialogue(RED, turn("Make the chair blue.", 1, "name", alter(CHAIR, "chair", "blue"))),
        Reason.NOTHING_TO_SAY,
        "nothing to understand",
    ),
    "named under the label of a pronoun": (
        UNDERSTANDING,
        dialogue(RED, replace(BLUE, instruction="Make the chair blue, all of it.")),
        Reason.DANGLING_REFERENCE,
        "the words name the chair",
    ),
    "no premise to refer to": (
        BACKTRACKING,
        dialogue(RED, turn("The dog too: undo that.", 0, "premise", alter(DOG, "dog", "red"))),
        Reason.DANGLING_REFERENCE,
        "no premise to refer to",
    ),
    "unknown premise": (
        MEMORY,
        dialogue(PREMISE, BICYCLE, premise="shiny"),
        Reason.UNCHECKABLE_PREMISE,
        "'shiny' is none of red",
    ),
    "no premise": (MEMORY, dialogue(PREMISE, BICYCLE), Reason.UNCHECKABLE_PREMISE, "'' is none"),
    "unsaid premise": (
        MEMORY,
        dialogue(replace(PREMISE, instruction="Start with the dog."), BICYCLE, premise="wood"),
        Reason.UNCHECKABLE_PREMISE,
        "turn 1: does not state",
    ),
    "premise twice": (
        MEMORY,
        dialogue(
            PREMISE,
            replace(BICYCLE, instruction="Swap the chair for a wooden bicycle."),
            premise="wood",
        ),
        Reason.UNCHECKABLE_PREMISE,
        "turn 2: states once more",
    ),
    "forgotten premise": (
        MEMORY,
        dialogue(
            PREMISE,
            turn("Swap the chair for a bicycle.", 1, "name", swap(CHAIR, "chair", "bicycle")),
            premise="wood",
        ),
        Reason.UNCHECKABLE_PREMISE,
        "turn 2: no wood object",
    ),
    "premise of nothing": (
        UNDERSTANDING,
        dialogue(RED, BLUE, premise="blue"),
        Reason.UNCHECKABLE_PREMISE,
        "nothing is to be remembered",
    ),
    "another colour than said": (
        UNDERSTANDING,
        dialogue(RED, replace(BLUE, instruction="Now make it green.")),
        Reason.NOTHING_TO_SAY,
        "turn 2: the words do not say 'blue'",
    ),
    "another thing than said": (
        UNDERSTANDING,
        dialogue(RED, turn("Swap it for a bed.", 1, "pronoun", swap(CHAIR, "chair", "sofa"))),
        Reason.NOTHING_TO_SAY,
        "do not say 'sofa'",
    ),
}


@pytest.mark.parametrize("case", FAULTY)
def test_faulty_dialogues_are_stopped_with_their_reason(ask: Ask, case: str) -> None:
    kind, faulty, reason, said = FAULTY[case]
    fault = check(faulty, ask(kind))
    assert fault is not None
    assert (fault.reason, said in fault.detail) == (reason, True), fault


def test_one_of_two_objects_at_a_place_cannot_be_meant_by_it(ask: Ask) -> None:
    request = ask(BACKTRACKING, boxes=(Box(0, 900, 90, 990), Box(10, 1000, 99, 1099)))
    position = turn(
        "Paint the one in the lower left corner blue.", 1, "position", alter(DOG, "dog", "blue")
    )
    back = turn("Undo that and make the dog teal.", 1, "version", alter(DOG, "dog", "teal"))
    fault = check(dialogue(RED, position, back), request)
    assert fault is not None
    assert fault.detail == "turn 2: the chair is at that place too"


def test_an_object_without_a_name_is_a_fault(ask: Ask) -> None:
    fault = check(SOUND["memory"][1], ask(MEMORY, "chair", " "))
    assert fault is not None
    assert fault.reason is Reason.NOTHING_TO_SAY


PAIRS = st.lists(st.sampled_from(names()), min_size=2, max_size=2, unique=True)
SEEDS = st.integers(0, 2**63)


def written(
    ask: Ask, kind: str, pair: list[str], seed: int
) -> tuple[DialogueRequest, WrittenDialogue]:
    request = ask(kind, *pair[: 1 + (kind != UNDERSTANDING)], seed=seed)
    (answer,) = WRITER.write_dialogues([request])
    assert isinstance(answer, WrittenDialogue)
    return request, answer


def reason_of(turns: list[Turn], was: WrittenDialogue, request: DialogueRequest) -> Reason | None:
    fault = check(replace(was, turns=tuple(turns)), request)
    return fault.reason if fault else None


@settings(deadline=None)
@given(pair=PAIRS, seed=SEEDS, start=st.integers(-2, 5))
@pytest.mark.parametrize("kind", [MEMORY, UNDERSTANDING, BACKTRACKING])
def test_a_wrong_version_is_caught(
    ask: Ask, kind: str, pair: list[str], seed: int, start: int
) -> None:
    request, was = written(ask, kind, pair, seed)
    *before, last = was.turns
    assume(start != last.starts_from)
    wrong = [*before, replace(last, starts_from=start)]
    assert reason_of(wrong, was, request) is Reason.UNKNOWN_VERSION


@settings(deadline=None)
@given(pair=PAIRS, seed=SEEDS)
def test_a_subject_that_was_removed_is_caught(ask: Ask, pair: list[str], seed: int) -> None:
    request, was = written(ask, UNDERSTANDING, pair, seed)
    first, *later = was.turns
    gone = replace(first, operations=(remove(0, request.subjects[0].name),))
    assert reason_of([gone, *later], was, request) is Reason.ABSENT_SUBJECT


@settings(deadline=None)
@given(pair=PAIRS, seed=SEEDS)
def test_a_foreign_pronoun_is_caught(ask: Ask, pair: list[str], seed: int) -> None:
    request, was = written(ask, UNDERSTANDING, pair, seed)
    foreign = {"it": "her", "her": "him", "him": "it", "them": "it"}
    foreign |= {"she": "it", "he": "she", "they": "it"}
    number = next((i for i, t in enumerate(was.turns) if t.reference == "pronoun"), None)
    assume(number is not None)
    assert number is not None
    turns = list(was.turns)
    text = re.sub(
        rf"\b({'|'.join(foreign)})\b",
        lambda m: foreign[m[0].lower()],
        turns[number].instruction,
        flags=re.IGNORECASE,
    )
    turns[number] = replace(turns[number], instruction=text)
    assert reason_of(turns, was, request) is Reason.DANGLING_REFERENCE


@settings(deadline=None)
@given(pair=PAIRS, seed=SEEDS)
def test_a_missing_premise_is_caught(ask: Ask, pair: list[str], seed: int) -> None:
    request, was = written(ask, MEMORY, pair, seed)
    first, *later = was.turns
    silent = replace(first, instruction=f"Begin with the {first.operations[0].name}.")
    assert reason_of([silent, *later], was, request) is Reason.UNCHECKABLE_PREMISE
    fault = check(replace(was, premise=""), request)
    assert fault is not None
    assert fault.reason is Reason.UNCHECKABLE_PREMISE
