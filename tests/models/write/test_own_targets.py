"""Targets that an edit type brings itself."""

from dataclasses import replace

import pytest

from models.edit_types.registry import load_edit_types
from models.edit_types.spec import Operation, Vocabulary
from models.geometry import Box
from models.vocabulary import Target
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction

REMOVE = load_edit_types()["remove"]
HATS = ("a red hat", "a straw hat", "a bowler")
DRESS = replace(
    REMOVE,
    name="dress",
    brief=replace(
        REMOVE.brief,
        vocabulary=Vocabulary.OWN,
        targets=tuple(Target(key=hat, phrase=hat) for hat in HATS),
        templates=dict.fromkeys(("terse", "plain", "detailed"), ("Give the {name} {target}.",)),
    ),
)


def asked(caption: str) -> list[tuple[str, Operation]]:
    """Instructions, each with its operation, over many seeds."""
    requests = [
        WriteRequest(
            caption=caption,
            edit_type=DRESS,
            subjects=(Subject(name="dog", box=Box(40, 900, 240, 1100)),),
            width=1280,
            height=1280,
            seed=seed,
        )
        for seed in range(60)
    ]
    written = GrammarWriter().write(requests)
    assert all(isinstance(w, WrittenInstruction) for w in written)
    return [(w.text, w.operations[0]) for w in written if isinstance(w, WrittenInstruction)]


def test_each_own_target_is_chosen_and_its_phrase_fills_the_template() -> None:
    found = asked("a dog on a beach")
    assert {operation.target.key for _, operation in found} == set(HATS)
    assert all(text == f"Give the dog {o.target.phrase}." for text, o in found)


@pytest.mark.parametrize(
    ("caption", "left"),
    [
        ("a dog in a red hat", {"a straw hat", "a bowler"}),
        ("a red dog beside a hat", {"a straw hat", "a bowler"}),
        ("a dog in a hat", set(HATS)),
        ("a dog with a red hat, a straw hat and a bowler", set(HATS)),
    ],
)
def test_what_the_caption_says_already_is_left_out_while_another_is_left(
    caption: str, left: set[str]
) -> None:
    assert {operation.target.key for _, operation in asked(caption)} == left
