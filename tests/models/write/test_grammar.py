import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation
from models.faults import Fault, Reason
from models.geometry import Box
from models.studio.catalogue import catalogue, names
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction
from resources.roles import InstructionWriter

TYPES = {name: t for name, t in load_edit_types().items() if not t.dialogue}
WRITER = GrammarWriter()
LOWER_LEFT = Box(40, 900, 240, 1100)
UPPER_RIGHT = Box(900, 60, 1200, 360)
KINDS = {thing.name: thing.category for thing in catalogue()}
GROUNDS = {thing.name: set(thing.where) for thing in catalogue()}
FLIERS = {name for name, where in GROUNDS.items() if where & {"sky", "night sky"}}

every_type = pytest.mark.parametrize("kind", TYPES)


def request(
    kind: str,
    *given_names: str,
    seed: int = 0,
    caption: str = "",
    drawn: bool = False,
    before: str = "",
    after: str = "",
) -> WriteRequest:
    boxes = (LOWER_LEFT, UPPER_RIGHT)
    chosen = given_names or ("red apple", "dog")
    return WriteRequest(
        caption=caption,
        edit_type=TYPES[kind],
        edit_types=TYPES,
        subjects=tuple(Subject(name=n, box=b) for n, b in zip(chosen, boxes, strict=False)),
        width=1280,
        height=1280,
        seed=seed,
        drawn=drawn,
        before=before,
        after=after,
    )


def write(asked: WriteRequest) -> WrittenInstruction:
    (answer,) = WRITER.write([asked])
    assert isinstance(answer, WrittenInstruction), answer
    return answer


def operations(
    kind: str, *given_names: str, caption: str = "", drawn: bool = False
) -> list[Operation]:
    """What is asked for over many seeds."""
    return [
        operation
        for seed in range(80)
        for operation in write(
            request(kind, *given_names, seed=seed, caption=caption, drawn=drawn)
        ).operations
    ]


def keys(kind: str, *given_names: str, caption: str = "", drawn: bool = False) -> set[str]:
    found = operations(kind, *given_names, caption=caption, drawn=drawn)
    return {operation.target.key for operation in found}


def test_the_writer_plays_its_role() -> None:
    assert isinstance(WRITER, InstructionWriter)


@every_type
def test_instructions_vary_in_words_length_and_wording(kind: str) -> None:
    written = [write(request(kind, seed=s, before="walking", after="running")) for s in range(500)]
    assert len({w.text for w in written}) >= 60
    assert {w.wording for w in written} == {"terse", "plain", "detailed"}
    lengths = [len(w.text.split()) for w in written]
    assert max(lengths) >= 1.8 * min(lengths)


GERUNDS = ("walking", "running", "riding a bike", "raising one hand", "")


@settings(max_examples=400, deadline=None)
@given(
    kind=st.sampled_from(list(TYPES)),
    first=st.sampled_from(names()),
    second=st.sampled_from(names()),
    seed=st.integers(0, 2**63),
    drawn=st.booleans(),
    before=st.sampled_from(GERUNDS),
    after=st.sampled_from(GERUNDS),
)
def test_every_instruction_is_one_tidy_english_sentence_of_at_most_30_words(
    kind: str, first: str, second: str, seed: int, *, drawn: bool, before: str, after: str
) -> None:
    text = write(
        request(kind, first, second, seed=seed, drawn=drawn, before=before, after=after)
    ).text
    assert len(text.split()) <= 30
    assert text[0].isupper()
    assert text.endswith((".", "?"))
    assert not re.search(r"[{}\[\]|]|a/an|  |\s[,.;:?]|\bthe (a|an|some|the)\b", text), text
    # None of the words of the vocabularies and the catalogue is sounded against its first letter.
    for article, letter in re.findall(r"\b(an?) (\w)", text, flags=re.IGNORECASE):
        assert (letter.lower() in "aeiou") == (article.lower() == "an"), text


@given(st.sampled_from(list(TYPES)), st.integers(0, 2**63))
def test_a_seed_decides_and_a_batch_changes_nothing(kind: str, seed: int) -> None:
    asked = request(kind, seed=seed, before="walking", after="running")
    assert WRITER.write([request("remove"), asked])[1] == write(asked)


@pytest.mark.parametrize("kind", ["add", "remove", "replace", "alter", "object_extraction"])
def test_place_and_size_are_in_the_words(kind: str) -> None:
    texts = [write(request(kind, seed=s)).text for s in range(200)]
    placed = [t for t in texts if re.search(r"(lower|bottom) left corner", t)]
    sized = [t for t in texts if re.search(r"\b(small|little) (red )?apple", t)]
    assert len(placed) > 120
    assert len(sized) > 120
    assert not any(re.search(r"right|upper|large|huge", t.replace("bright", "")) for t in texts)


@pytest.mark.parametrize("kind", ["remove", "alter", "replace"])
@pytest.mark.parametrize("caption", ["two dogs and a cat", "a dog beside another dog"])
def test_one_of_several_is_told_apart_by_its_place(kind: str, caption: str) -> None:
    for seed in range(60):
        text = write(request(kind, "dog", seed=seed, caption=caption)).text
        assert re.search(r"left", text), text


def test_a_replacement_is_another_thing_that_could_stand_there() -> None:
    asked = operations("replace", "cow", caption="a cow and two sheep before a house")
    chosen = {operation.target.key for operation in asked}
    assert len(chosen) >= 4
    assert {KINDS[key] for key in chosen} == {"animal"}
    assert chosen.isdisjoint({"cow", "sheep"})
    assert all(re.match(r"an? \w", operation.target.phrase) for operation in asked)


@pytest.mark.parametrize(
    ("name", "category"),
    [("bird", "animal"), ("old truck", "transport"), ("teacher", "person"), ("pizza", "food")],
)
def test_names_that_the_catalogue_lacks_are_replaced_by_their_like(
    name: str, category: str
) -> None:
    assert {KINDS[key] for key in keys("replace", name)} == {category}


@pytest.mark.parametrize("name", ["rocket", "bat", "eagle", "kite", "airplane", "bird"])
def test_what_hangs_in_the_air_is_replaced_by_what_can(name: str) -> None:
    assert keys("replace", name) <= FLIERS


@pytest.mark.parametrize("name", ["flag", "dahlia", "mirror", "cactus", "cow", "statue"])
def test_what_stands_on_the_ground_is_not_replaced_by_what_flies(name: str) -> None:
    assert keys("replace", name).isdisjoint(FLIERS)


@pytest.mark.parametrize("name", ["tractor", "school", "cactus", "bucket", "mirror", "snowman"])
def test_a_known_thing_is_replaced_by_what_stands_on_its_ground(name: str) -> None:
    assert all(GROUNDS[key] & GROUNDS[name] for key in keys("replace", name))


def test_an_alteration_asks_for_what_the_object_is_not() -> None:
    asked = operations("alter", "red apple", caption="a red apple on a wooden table")
    found = {operation.target.key for operation in asked}
    assert found <= APPEARANCES.keys() - {"red", "wood"}
    assert len(found) >= 6
    assert "a blue apple" in {operation.target.phrase for operation in asked}


def test_a_lemon_is_not_asked_to_be_yellow_nor_a_person_to_be_purple() -> None:
    assert "yellow" not in keys("alter", "lemon")
    assert {APPEARANCES[key].kind for key in keys("alter", "woman")} == {"material"}


def test_an_altered_object_is_named_in_words_that_fit_the_appearance() -> None:
    for seed in range(200):
        written = write(request("alter", "dog", seed=seed))
        look = APPEARANCES[written.operations[0].target.key]
        assert re.search(rf"\b({look.key}|{look.adjective})\b", written.text), written.text


def test_styles_and_backdrops_are_not_what_the_image_shows_already() -> None:
    assert keys("style_transfer") == STYLES.keys()
    assert keys("style_transfer", drawn=True) == STYLES.keys() - {"cartoon"}
    assert "night" not in keys("style_transfer", caption="a street at night")
    assert keys("background_change", "meadow") == BACKDROPS.keys() - {"meadow"}
    said = keys("background_change", "sand", caption="a camel on the beach")
    assert said == BACKDROPS.keys() - {"sunset_beach"}


@pytest.mark.parametrize(
    ("kind", "key", "phrase"),
    [
        ("remove", "", r""),
        ("add", "red apple", r"a (small|little) red apple"),
        ("visual_edit", "red apple", r"a (small|little) red apple"),
        ("object_extraction", "red apple", r"the red apple alone on a white background"),
    ],
)
def test_targets_that_follow_from_the_plan(kind: str, key: str, phrase: str) -> None:
    for operation in operations(kind):
        assert operation.edit_type == kind
        assert operation.name == "red apple"
        assert operation.target.key == key
        assert re.fullmatch(phrase, operation.target.phrase)


def test_a_hybrid_asks_two_different_things_of_its_two_objects() -> None:
    seen = set()
    for seed in range(200):
        written = write(request("hybrid", seed=seed))
        first, second = written.operations
        assert (first.subject, second.subject) == (0, 1)
        assert (first.name, second.name) == ("red apple", "dog")
        assert first.edit_type != second.edit_type
        assert "apple" in written.text
        assert "dog" in written.text
        seen.add((first.edit_type, second.edit_type))
    assert len(seen) == 12


@pytest.mark.parametrize("kind", ["remove", "hybrid", "visual_edit", "motion_change"])
@pytest.mark.parametrize("bad", ["", "  "])
def test_an_object_without_a_name_is_a_fault(kind: str, bad: str) -> None:
    (answer,) = WRITER.write([request(kind, bad, bad, after="running")])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.NOTHING_TO_SAY


def test_a_missing_subject_is_a_fault() -> None:
    (answer,) = WRITER.write([request("hybrid", "dog")])
    assert isinstance(answer, Fault)
    assert "subject 1 of 1" in answer.detail


def test_what_has_no_proper_name_cannot_be_added_but_removed() -> None:
    (answer,) = WRITER.write([request("add", "main subject")])
    assert isinstance(answer, Fault)
    assert "main subject" in write(request("remove", "main subject")).text


def test_long_names_shorten_the_wording_and_overlong_ones_are_a_fault() -> None:
    long = " ".join(["very"] * 14 + ["long", "dog"])
    for seed in range(40):
        assert len(write(request("remove", long, seed=seed)).text.split()) <= 30
    (answer,) = WRITER.write([request("remove", " ".join([long] * 3))])
    assert isinstance(answer, Fault)
    assert "30 words" in answer.detail


def test_names_are_never_read_as_templates() -> None:
    for seed in range(20):
        assert "{target} [x|y]" in write(request("remove", "{target} [x|y]", seed=seed)).text
