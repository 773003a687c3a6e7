"""A describer that is a language model with eyes: caption and nouns in one look at the image."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import field_validator, model_validator

from models.annotation import Annotation
from models.chat.chat_model import ChatRequest, Message
from models.chat.prompts import ChatRole, answers, prompt_file
from models.chat.replies import StrictReply
from models.describe.description import Description
from models.faults import Fault
from models.geometry import Rgb
from models.write.targets import words_of

_PROMPT = ("models.describe", "prompt.toml")

SHORT_WORDS = 15
"""docs/paper.md, "Captions"."""
NOUN_WORDS = 3


class DescriptionReply(StrictReply):
    """What an image shows, for somebody who will edit it."""

    caption: str
    """A dense caption."""
    short_caption: str
    """The same in at most 15 words."""
    object_nouns: tuple[str, ...]
    """Plain nouns of the caption: things and beings that could be edited one by one."""
    background_nouns: tuple[str, ...]
    """Plain nouns of the caption: what lies behind them."""

    @field_validator("caption", "short_caption")
    @classmethod
    def _is_said(cls, text: str) -> str:
        if not (words := " ".join(text.split())):
            msg = "it is empty"
            raise ValueError(msg)
        return words

    @field_validator("short_caption")
    @classmethod
    def _is_short(cls, text: str) -> str:
        if (words := len(text.split())) > SHORT_WORDS:
            msg = f"{words} words, at most {SHORT_WORDS} are wanted"
            raise ValueError(msg)
        return text

    @field_validator("object_nouns", "background_nouns")
    @classmethod
    def _are_plain(cls, nouns: tuple[str, ...]) -> tuple[str, ...]:
        tidy = tuple(dict.fromkeys(" ".join(noun.lower().split()) for noun in nouns))
        if faults := [fault for noun in tidy if (fault := _not_plain(noun))]:
            raise ValueError("; ".join(faults))
        return tidy

    @model_validator(mode="after")
    def _stand_in_the_caption(self) -> "DescriptionReply":
        nouns = (*self.object_nouns, *self.background_nouns)
        if not nouns:
            msg = "there is neither an object nor a background noun"
            raise ValueError(msg)
        if missing := [noun for noun in nouns if not _holds(self.caption, noun)]:
            named = ", ".join(map(repr, missing))
            msg = f"not in the caption: {named}; leave them out, or put them into the caption"
            raise ValueError(msg)
        return self


def _not_plain(noun: str) -> str:
    """What is wrong with a noun as one; "" where nothing is."""
    words, lists = noun.split(), prompt_file(*_PROMPT)
    if not 1 <= len(words) <= NOUN_WORDS:
        return f"{noun!r} is no noun of 1 to {NOUN_WORDS} words"
    if words[0] in lists["counts"] or words[0].isdigit():
        return f"{noun!r} counts; give the noun alone"
    if words[-1] in lists["abstractions"]:
        return f"{noun!r} is no thing that could be edited"
    return ""


def _holds(caption: str, noun: str) -> bool:
    """Whether a noun stands in the caption, be it as a plural."""
    said, wanted = re.findall(r"[\w'-]+", caption.lower()), noun.split()
    starts = range(len(said) - len(wanted) + 1)
    return any(all(map(_alike, said[i : i + len(wanted)], wanted)) for i in starts)


def _alike(one: str, other: str) -> bool:
    return one == other or not words_of(one).isdisjoint(words_of(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDescriber(ChatRole):
    """Captions images and lists their nouns; what a source says of an image it is not told."""

    prompts = (_PROMPT,)
    form = DescriptionReply

    caption_words: int = 120
    """The most words that a caption is asked to have."""
    max_tokens: int = 768
    batch_size: int = 16

    def describe(self, images: Sequence[tuple[Rgb, Annotation]]) -> list[Description | Fault]:
        """A caption with its nouns for each image."""
        return answers(self.chat, images, self._asked, lambda _, reply: description(reply))

    def _asked(self, item: tuple[Rgb, Annotation]) -> ChatRequest:
        image, _ = item
        template: str = prompt_file(*_PROMPT)["describe"]
        told = template.format(caption_words=self.caption_words, short_words=SHORT_WORDS).strip()
        return self.question(
            (
                Message(role="system", parts=(told,)),
                Message(role="user", parts=(image,)),
            ),
        )


def description(reply: DescriptionReply) -> Description:
    """The reply as a row holds it; a noun of both lists is an object."""
    return Description(
        caption=reply.caption,
        short_caption=reply.short_caption,
        object_nouns=reply.object_nouns,
        background_nouns=tuple(
            noun for noun in reply.background_nouns if noun not in reply.object_nouns
        ),
    )
