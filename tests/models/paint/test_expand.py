import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.faults import Fault, Reason
from models.paint.expand import ChatExpander, TableExpander
from models.painting import PaintRequest
from models.vocabulary import APPEARANCES, BACKDROPS, STYLES, PaintKind, Target

Recorded = Callable[..., Any]


def request(kind: PaintKind, target: Target) -> PaintRequest:
    return PaintRequest(
        kind=kind,
        image=np.zeros((8, 8, 3), np.uint8),
        mask=np.ones((8, 8), np.bool_),
        name="dog",
        target=target,
        grow_px=0,
        seed=3,
    )


BENCH = request(PaintKind.INSERT, Target(key="bench", phrase="a wooden bench", look="wood"))
LYNX = request(PaintKind.INSERT, Target(key="lynx", phrase="a lynx"))
NOTHING = request(PaintKind.ERASE, Target(key="", phrase=""))


def test_the_table_adds_what_it_says_of_a_key_and_leaves_other_phrases() -> None:
    bench, lynx, nothing = TableExpander()([BENCH, LYNX, NOTHING])
    assert isinstance(bench, str)
    assert bench.startswith("a wooden bench of planed wood")
    assert lynx == "a lynx"
    assert isinstance(nothing, Fault)
    assert nothing.reason is Reason.UNPAINTABLE


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (PaintKind.BACKDROP, BACKDROPS),
        (PaintKind.STYLISE, STYLES),
        (PaintKind.RECOLOUR, {k: a for k, a in APPEARANCES.items() if a.kind == "material"}),
    ],
)
def test_the_table_knows_every_key(kind: PaintKind, table: dict[str, Any]) -> None:
    for key in table:
        (text,) = TableExpander()([request(kind, Target(key=key, phrase="a thing"))])
        assert isinstance(text, str)
        assert text.startswith("a thing ")
        assert len(text.split()) < 20


def test_a_model_describes_the_phrase_and_keeps_its_noun(recorded: Recorded) -> None:
    said = "a wooden bench with slender iron arms, its slats weathered to a silvery grey."
    chat = recorded({"description": "an iron chair"}, {"description": said})
    (text,) = ChatExpander(chat=chat)([BENCH])
    assert text == said.rstrip(".")
    first, again = chat.asked
    assert first.seed == 3
    told = json.loads(first.messages[1].parts[0])
    assert (told["what"], told["there_now"]) == ("a wooden bench", "dog")
    assert "no 'bench'" in again.messages[-1].parts[0]


def test_a_description_that_is_too_long_is_a_fault_of_its_row(recorded: Recorded) -> None:
    long = {"description": "a lynx " + "very " * 50}
    chat = recorded(long, long, {"description": "a wooden bench of oak"})
    lynx, nothing, bench = ChatExpander(chat=chat)([LYNX, NOTHING, BENCH])
    assert isinstance(lynx, Fault)
    assert "52 words, at most 40" in lynx.detail
    assert isinstance(nothing, Fault)
    assert bench == "a wooden bench of oak"


def test_each_use_is_told_apart(recorded: Recorded) -> None:
    kinds = (PaintKind.INSERT, PaintKind.RECOLOUR, PaintKind.BACKDROP, PaintKind.STYLISE)
    chat = recorded(*[{"description": "a thing of glass"}] * 4)
    ChatExpander(chat=chat)([request(k, Target(key="thing", phrase="a thing")) for k in kinds])
    uses = {json.loads(asked.messages[1].parts[0])["use"] for asked in chat.asked}
    assert len(uses) == 4


def test_what_words_depend_on_is_in_the_parameters(recorded: Recorded) -> None:
    assert ChatExpander(chat=recorded()).params()["chat"] == {"revision": "r1"}
    assert TableExpander().params() != ChatExpander(chat=recorded()).params()
