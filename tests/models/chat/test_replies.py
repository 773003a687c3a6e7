import json
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from models.chat.replies import (
    ReplyError,
    StrictReply,
    read_reply,
    repair,
    strict_schema,
)
from models.faults import ImgEditError


class Part(StrictReply):
    """A part."""

    note: str
    score: int

    @field_validator("score")
    @classmethod
    def _small(cls, score: int) -> int:
        if score > 5:
            msg = "above 5"
            raise ValueError(msg)
        return score


class Whole(StrictReply):
    """A whole."""

    name: str
    part: Part
    """The one that counts."""
    others: tuple[Part, ...]


GOOD = {"name": "x", "part": {"note": "n", "score": 3}, "others": []}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"Sure! Here it is:\n{TEXT}\nAnything else?",
        f"<think>Maybe {{'name'}} or {TEXT.replace('3', '1')}</think>\n{TEXT}",
        f"I use the form {{name, part}}: {TEXT}",
        f"For example {TEXT.replace('3', '1')}. Now mine: {TEXT}",
        f'{TEXT}\n\nSee also {{"name": "y"}}',
        f"\ufeff{json.dumps(GOOD, indent=2)}",
    ],
)
def test_the_reply_is_found_in_what_stands_around_it(text: str) -> None:
    assert read_reply(text, Whole) == Whole.model_validate(GOOD)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no JSON object"),
        ("I cannot judge this.", "holds no JSON object"),
        (TEXT[:-12], "breaks off before its end"),
        ('{"name": "a long story', "breaks off before its end"),
        (f"For example {TEXT}. Mine: {TEXT[:30]}", "breaks off before its end"),
        ("{'name': 'x'}", "malformed: Expecting property name"),
        (f"{TEXT[:-1]}, }}", "malformed"),
        ("{" + '"a":[' * 5000, "malformed"),
        ('{"name": ' + "9" * 5000 + "}", "malformed"),
        (json.dumps({**GOOD, "more": 1}), "more: Extra inputs are not permitted, not 1"),
        (json.dumps({"name": "x", "part": GOOD["part"]}), "others: Field required"),
        (json.dumps({**GOOD, "name": 7}), "name: Input should be a valid string, not 7"),
        (json.dumps({**GOOD, "part": {"note": "n", "score": 9}}), "part.score: above 5"),
    ],
)
def test_the_model_is_told_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(ReplyError) as caught:
        read_reply(text, Whole)
    assert told in str(caught.value)


def test_what_the_model_is_told_stays_short() -> None:
    wrong = {"name": "x", "part": "y" * 5000, "others": [{"score": "z" * 900}] * 50}
    with pytest.raises(ReplyError) as caught:
        read_reply(json.dumps(wrong), Whole)
    assert "and 93 more" in str(caught.value)
    assert len(str(caught.value)) < 1500


@given(st.text())
def test_any_text_is_a_reply_or_a_reply_error(text: str) -> None:
    with pytest.raises(ReplyError):
        read_reply(text, Whole)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_text_inside_the_reply_is_kept_to_the_letter(name: str, before: str, after: str) -> None:
    plain = {c: "" for c in "{}<"}
    around = [text.translate(str.maketrans(plain)) for text in (before, after)]
    said = json.dumps({**GOOD, "name": name.replace("<think>", "")})
    found = read_reply(f"{around[0]}{said}{around[1]}", Whole)
    assert found.name == name.replace("<think>", "")


def test_the_repair_round_repeats_the_answer_and_its_fault() -> None:
    given, asked = repair("{}", ReplyError("name: Field required"))
    assert (given.role, given.parts) == ("assistant", ("{}",))
    assert asked.role == "user"
    assert "name: Field required" in str(asked.parts[0])


def test_a_request_adds_a_check_of_its_own() -> None:
    def known(reply: Whole) -> None:
        if reply.name != "dog":
            msg = f"{reply.name!r} is not in the image"
            raise ValueError(msg)

    with pytest.raises(ReplyError, match=r"^'x' is not in the image$"):
        read_reply(TEXT, Whole, known)
    assert read_reply(TEXT.replace('"x"', '"dog"'), Whole, known).name == "dog"
    assert read_reply(TEXT, Whole).name == "x"
    with pytest.raises(ReplyError, match=r"part\.score: above 5"):
        read_reply(TEXT.replace("3", "6"), Whole, known)
    drafted = TEXT.replace('"x"', '"dog"')
    assert read_reply(f"{drafted} or rather {TEXT}", Whole, known).name == "dog"


def test_a_schema_has_no_references_and_keeps_what_each_field_says() -> None:
    schema = strict_schema(Whole)
    assert "$" not in json.dumps(schema)
    assert schema["properties"]["part"]["description"] == "The one that counts."
    assert schema["properties"]["others"]["items"]["description"] == "A part."
    assert list(schema["properties"]) == ["name", "part", "others"]


def test_a_field_may_be_called_like_a_keyword() -> None:
    class Odd(StrictReply):
        title: str
        default: str

    assert strict_schema(Odd)["required"] == ["title", "default"]


class Loose(BaseModel):
    name: str


class Optional(StrictReply):
    name: str = "x"


class Bounded(StrictReply):
    scores: Annotated[tuple[int, ...], Field(min_length=1)]


class Free(StrictReply):
    model_config = ConfigDict(extra="forbid")
    more: dict[str, str]


class Nested(StrictReply):
    inner: tuple[Loose, ...]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Loose, "Loose takes fields that it does not name"),
        (Optional, "Optional has fields that are not required"),
        (Bounded, "Bounded.scores has minItems"),
        (Free, "Free.more takes fields"),
        (Nested, r"Nested\.inner\[\] takes fields"),
    ],
)
def test_what_strict_decoding_cannot_hold_to_is_named(reply: type[BaseModel], told: str) -> None:
    with pytest.raises(ImgEditError, match=told):
        strict_schema(reply)


def test_choices_and_alternatives_are_strict() -> None:
    class Chosen(StrictReply):
        kind: Literal["a", "b"]
        part: Part | None

    schema = strict_schema(Chosen)
    assert schema["properties"]["kind"]["enum"] == ["a", "b"]
    assert [each["type"] for each in schema["properties"]["part"]["anyOf"]] == ["object", "null"]
