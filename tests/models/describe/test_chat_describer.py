import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from models.annotation import Annotation
from models.chat.replies import ReplyError, read_reply
from models.describe.chat import ChatDescriber, DescriptionReply
from models.describe.description import Description
from models.faults import Fault, Reason

IMAGE = np.full((48, 64, 3), 90, np.uint8)
GOOD: dict[str, Any] = {
    "caption": "Two brown dogs and a coffee  cup on a wooden table, under a blue sky with clouds.",
    "short_caption": "Two dogs and a cup on a table.",
    "object_nouns": ["Dog", "coffee cup", "table", "dog"],
    "background_nouns": ["sky", "clouds", "table"],
}


def test_the_model_sees_the_image_alone(recorded: Callable[..., Any]) -> None:
    chat = recorded(GOOD)
    said = Annotation(caption="a secret")
    (found,) = ChatDescriber(chat=chat).describe([(IMAGE, said)])
    system, user = chat.asked[0].messages
    assert user.parts == (IMAGE,)
    assert "secret" not in system.parts[0]
    assert "at most 120 words" in system.parts[0]
    assert found == Description(
        caption="Two brown dogs and a coffee cup on a wooden table, under a blue sky with clouds.",
        short_caption="Two dogs and a cup on a table.",
        object_nouns=("dog", "coffee cup", "table"),
        background_nouns=("sky", "clouds"),
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"caption": "  "}, "caption: it is empty"),
        ({"short_caption": "a " * 16}, "short_caption: 16 words, at most 15"),
        ({"object_nouns": ["cat"]}, "not in the caption: 'cat'"),
        ({"object_nouns": ["cup coffee"]}, "not in the caption: 'cup coffee'"),
        ({"object_nouns": ["do"]}, "not in the caption: 'do'"),
        ({"object_nouns": ["two dogs"]}, "'two dogs' counts"),
        ({"background_nouns": ["2 clouds"]}, "'2 clouds' counts"),
        ({"background_nouns": ["evening light"]}, "'evening light' is no thing"),
        ({"object_nouns": [""]}, "is no noun of 1 to 3 words"),
        ({"object_nouns": ["cup on a table"]}, "is no noun of 1 to 3 words"),
        ({"object_nouns": [], "background_nouns": []}, "neither an object nor a background"),
    ],
)
def test_what_is_wrong_with_a_description_is_told(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ReplyError) as caught:
        read_reply(json.dumps(GOOD | change), DescriptionReply)
    assert told in str(caught.value)


def test_an_image_without_objects_may_have_a_background(recorded: Callable[..., Any]) -> None:
    chat = recorded(GOOD | {"object_nouns": []})
    (found,) = ChatDescriber(chat=chat).describe([(IMAGE, Annotation())])
    assert isinstance(found, Description)
    assert found.object_nouns == ()


def test_one_fault_is_one_row(recorded: Callable[..., Any]) -> None:
    bad = GOOD | {"object_nouns": ["cat"]}
    refused = Fault(reason=Reason.REFUSED, detail="no")
    chat = recorded(GOOD, bad, bad, refused, bad, GOOD)
    found = ChatDescriber(chat=chat).describe([(IMAGE, Annotation())] * 4)
    assert [type(f) for f in found] == [Description, Fault, Fault, Description]
    assert found[1] == Fault(
        reason=Reason.BAD_REPLY,
        detail="not in the caption: 'cat'; leave them out, or put them into the caption",
    )
    assert found[2] is refused
    assert "not in the caption: 'cat'" in chat.asked[2].messages[-1].parts[0]


def test_what_answers_depend_on_is_in_the_parameters(recorded: Callable[..., Any]) -> None:
    params = ChatDescriber(chat=recorded()).params()
    assert params["chat"] == {"revision": "r1"}
    assert params != ChatDescriber(chat=recorded(), caption_words=50).params()
    assert ChatDescriber(chat=recorded()).name == "chat transcript-1"
