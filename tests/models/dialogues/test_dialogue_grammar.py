import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.dialogues.dialogue import DialogueRequest, WrittenDialogue
from models.dialogues.grammar import GrammarDialogueWriter
from models.dialogues.validate import check
from models.edit_types.spec import Vocabulary
from models.faults import Fault, Reason
from models.geometry import Box
from models.studio.catalogue import names
from models.vocabulary import APPEARANCES, Target
from resources.roles import DialogueWriter

Ask = Callable[..., DialogueRequest]

WRITER = GrammarDialogueWriter()
MEMORY, UNDERSTANDING, BACKTRACKING = KINDS = (
    "content_memory",
    "content_understanding",
    "version_backtracking",
)
# Names as annotations of photographs have them, and as nobody would wish them.
FOREIGN = (
    *("person", "people", "children", "scissors", "bread", "golden retriever", "orange"),
    *("main subject", "old wooden table", "police car", "car", "bowl of cherries", "TV"),
    "{size} [a|b]",
)

every_kind = pytest.mark.parametrize("kind", KINDS)


def write(request: DialogueRequest) -> WrittenDialogue:
    (answer,) = WRITER.write_dialogues([request])
    assert isinstance(answer, WrittenDialogue), answer
    return answer


def boxes() -> st.SearchStrategy[Box]:
    corner, side = st.integers(0, 900), st.integers(20, 380)
    return st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), corner, corner, side, side)


def test_the_writer_plays_its_role() -> None:
    assert isinstance(WRITER, DialogueWriter)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    pair=st.lists(st.sampled_from([*names(), *FOREIGN]), min_size=2, max_size=2, unique=True),
    places=st.tuples(boxes(), boxes()),
    seed=st.integers(0, 2**63),
    captioned=st.booleans(),
)
def test_every_dialogue_is_sound_and_tidy_english(
    ask: Ask, kind: str, pair: list[str], places: tuple[Box, ...], seed: int, *, captioned: bool
) -> None:
    caption = f"a red {pair[0]} beside two {pair[1]}s" if captioned else ""
    request = ask(kind, *pair, seed=seed, boxes=places, caption=caption)
    dialogue = write(request)
    assert check(dialogue, request) is None, dialogue
    for turn in dialogue.turns:
        text = turn.instruction
        assert len(text.split()) <= 30
        assert text[0].isupper() or text.startswith(tuple("{["))
        assert text.endswith((".", "?"))
        if not any("{" in name for name in pair):
            assert not re.search(r"[{}\[\]|]", text), text
        assert not re.search(r"a/an|  |\s[,.;:?]|\bthe (a|an|some|the)\b", text), text


@every_kind
@given(seed=st.integers(0, 2**63))
def test_a_seed_decides_and_a_batch_changes_nothing(ask: Ask, kind: str, seed: int) -> None:
    asked = ask(kind, seed=seed)
    assert WRITER.write_dialogues([ask(MEMORY), asked])[1] == write(asked)


@every_kind
def test_dialogues_vary_in_words_and_length(ask: Ask, kind: str) -> None:
    written = [write(ask(kind, seed=seed)) for seed in range(300)]
    lengths = Counter(len(dialogue.turns) for dialogue in written)
    assert set(lengths) == {2, 3}
    assert min(lengths.values()) > 60
    for place in (0, 1, -1):
        assert len({dialogue.turns[place].instruction for dialogue in written}) > 120


def test_a_premise_is_said_once_and_seen_in_every_result(ask: Ask) -> None:
    kinds: set[tuple[str, ...]] = set()
    for seed in range(200):
        dialogue = write(ask(MEMORY, seed=seed))
        look = APPEARANCES[dialogue.premise]
        said = [
            bool(re.search(rf"\b({look.key}|{look.adjective})\b", turn.instruction))
            for turn in dialogue.turns
        ]
        assert said == [True] + [False] * (len(said) - 1)
        for (operation,) in (turn.operations for turn in dialogue.turns):
            target = operation.target
            assert look.adjective in target.phrase
            if operation.edit_type == "alter":
                assert (target.key, target.look) == (look.key, "")
            else:
                assert target.look == look.key
        kinds.add(tuple(turn.operations[0].edit_type for turn in dialogue.turns))
    # A third turn puts something new in the place of what was altered.
    assert {k for k in kinds if len(k) == 2} >= {("alter", "replace"), ("replace", "alter")}
    assert all(k[2] == "replace" and "alter" in k[:2] for k in kinds if len(k) == 3)


def test_people_are_given_no_colour_by_a_premise(ask: Ask) -> None:
    premises = {write(ask(MEMORY, "woman", "bus", seed=seed)).premise for seed in range(80)}
    assert {APPEARANCES[key].kind for key in premises} == {"material"}


def test_a_premise_is_not_what_the_image_shows_already(ask: Ask) -> None:
    caption = "a red bus and a wooden chair"
    written = [write(ask(MEMORY, "bus", "chair", seed=s, caption=caption)) for s in range(150)]
    assert {d.premise for d in written}.isdisjoint({"red", "wood"})
    assert len({d.premise for d in written}) >= 8


def test_later_turns_of_understanding_do_not_name_their_object(ask: Ask) -> None:
    references: Counter[str] = Counter()
    for seed in range(300):
        first, *later = write(ask(UNDERSTANDING, "woman", seed=seed)).turns
        assert first.reference == "name"
        assert first.operations[0].edit_type != "remove"
        for turn in later:
            references[turn.reference] += 1
            (operation,) = turn.operations
            assert operation.edit_type != "add"
            if turn.reference == "pronoun":
                pronoun = {"woman": r"she|her", "man": r"he|him"}.get(operation.name, r"they|them")
                assert re.search(rf"\b({pronoun})\b", turn.instruction, re.IGNORECASE), turn
            if operation.edit_type == "remove":
                assert turn is later[-1]
    assert set(references) == {"pronoun", "ellipsis", "position"}
    assert min(references.values()) > 60


def test_understanding_follows_the_object_under_its_new_name(ask: Ask) -> None:
    renamed = 0
    for seed in range(100):
        turns = write(ask(UNDERSTANDING, "dog", seed=seed)).turns
        name = "dog"
        for (operation,) in (turn.operations for turn in turns):
            assert operation.name == name
            if operation.edit_type == "replace":
                name = operation.target.key
                renamed += 1
    assert renamed > 40


def test_backtracking_goes_back_to_every_older_version_in_every_way(ask: Ask) -> None:
    seen: set[tuple[int, int]] = set()
    texts = []
    for seed in range(400):
        *before, last = write(ask(BACKTRACKING, seed=seed)).turns
        assert [turn.starts_from for turn in before] == list(range(len(before)))
        assert last.reference == "version"
        seen.add((len(before) + 1, last.starts_from))
        texts.append(last.instruction)
    assert seen == {(2, 0), (3, 0), (3, 1)}
    for words in ("original", "both", "last", "after the first"):
        assert any(words in text for text in texts), words


def test_backtracking_asks_for_something_else_than_it_undoes(ask: Ask) -> None:
    for seed in range(300):
        turns = write(ask(BACKTRACKING, seed=seed)).turns
        asked = [(o.edit_type, o.subject, o.target.key) for t in turns for o in t.operations]
        assert len(set(asked)) == len(asked)


@every_kind
def test_what_has_no_proper_name_is_never_added(ask: Ask, kind: str) -> None:
    for seed in range(60):
        turns = write(ask(kind, "main subject", "dog", seed=seed)).turns
        added = [o.name for t in turns for o in t.operations if o.edit_type == "add"]
        assert "main subject" not in added


@pytest.mark.parametrize(
    ("kind", "given_names"),
    [(MEMORY, ("dog",)), (BACKTRACKING, ("dog", "  ")), (UNDERSTANDING, ("",))],
)
def test_too_few_named_objects_are_a_fault(
    ask: Ask, kind: str, given_names: tuple[str, ...]
) -> None:
    (answer,) = WRITER.write_dialogues([ask(kind, *given_names)])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.NOTHING_TO_SAY
    assert "named objects are needed" in answer.detail


@every_kind
def test_overlong_names_are_a_fault(ask: Ask, kind: str) -> None:
    long = " ".join(["very"] * 40)
    (answer,) = WRITER.write_dialogues([ask(kind, f"{long} long dog", f"{long} old cat")])
    assert isinstance(answer, Fault)
    assert "30 words" in answer.detail


def test_a_type_of_single_edits_is_a_fault(ask: Ask) -> None:
    (answer,) = WRITER.write_dialogues([ask("remove")])
    assert isinstance(answer, Fault)


def test_an_operation_from_outside_can_open_a_dialogue(ask: Ask) -> None:
    asked = ask(UNDERSTANDING)
    alter = asked.edit_types["alter"]
    brief = replace(
        alter.brief,
        vocabulary=Vocabulary.OWN,
        targets=(Target(key="twice", phrase="twice as large"),),
        templates={w: ("Make the {thing} {target}.",) for w in ("terse", "plain", "detailed")},
    )
    types = {**asked.edit_types, "resize": replace(alter, name="resize", brief=brief)}
    mine = replace(asked.edit_type, operations=("resize", "alter"))
    first = set()
    for seed in range(30):
        request = replace(asked, edit_type=mine, edit_types=types, seed=seed)
        dialogue = write(request)
        assert check(dialogue, request) is None
        first.add(dialogue.turns[0].operations[0].target.key)
    assert "twice" in first
