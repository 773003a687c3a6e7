"""Protocols that ask a few questions about an output, each with numbers as its answer."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel

from benchmark.cases import BenchCase, pixels
from benchmark.protocols.protocol import Aggregation, CaseScore, LeastIfMissing, Question, Status
from benchmark.protocols.quirks import Quirky
from benchmark.protocols.rubrics import FILE, SLOT, read_rubrics
from models.chat.prompts import prompt_file
from models.chat.replies import ReplyError, read_reply
from models.geometry import Rgb
from resources.recipes import digest

Form = TypeVar("Form", bound=BaseModel)
QUALITY = "quality"
"""The part that is asked of the edit alone."""


def read_prompts(folder: Path, bench: str, parts: tuple[str, ...]) -> dict[str, str]:
    """The prompts: of `prompts.json` in the user's folder, by part, or else in our own words.

    Raises:
        ImgEditError: The user's lack a part, or the slot in any but that of quality.
    """
    if (folder / FILE).is_file():
        return read_rubrics(folder, parts, slotless=(QUALITY,))
    own = prompt_file("benchmark.protocols", f"{bench}.toml")
    return {part: own[part].strip() for part in parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartedProtocol(Quirky, LeastIfMissing):
    """What GEdit's protocol and KRIS's have in common."""

    prompts: Mapping[str, str]
    """By part."""

    by_default = False
    aggregation = Aggregation()
    form: ClassVar[type[BaseModel]]
    formula: ClassVar[str]
    left_out: ClassVar[str]
    """What the publishers' script does and this does not."""
    guess: ClassVar[str]
    """The quirk of making a reply of an answer that is none: it is then asked for in free text."""

    def asking(self) -> Mapping[str, object]:
        """Of the parameters those that questions depend on."""
        asked = {
            "wording": digest(json.dumps(dict(self.prompts), sort_keys=True))[:16],
            "parsing": f"one JSON object of {self.form.__name__} for each part",
            "retries": "none" if self.has(self.guess) else "one, with what was wrong",
            "pictures": "RGB, each at its own size; quality sees the edit alone",
        }
        return {**asked, "quirks": self.quirks_on()} if self.quirks_on() else asked

    def params(self) -> Mapping[str, object]:
        """All that scores depend on but the judge and the outputs."""
        return {
            **self.asking(),
            "formula": self.formula,
            "left_out": self.left_out,
            "missing": self.scale[0],
            "unscored": "judge failures count in no mean",
        }

    def parts(self, case: BenchCase) -> tuple[str, ...]:
        """What is asked about a case."""
        del case
        return tuple(self.prompts)

    def questions(
        self, case: BenchCase, turn: int, source: Rgb, edited: Rgb, reference: Rgb | None
    ) -> tuple[Question, ...]:
        """A question for each part.

        Raises:
            FaultError: A further picture of the case cannot be read.
        """
        more = [] if reference is None else [reference]
        more += [pixels(picture) for picture in case.further]
        expected = [pixels(case.expected)] if case.expected else []
        words = prompt_file("benchmark.protocols", "kris.toml")
        filled = {
            SLOT: case.turns[turn - 1].instruction,
            "<explanation>": dict(case.facts).get("explanation", ""),
            "<others>": words["sources"] * bool(more) + words["expected"] * bool(expected),
        }
        edited = self.prepared(edited, source)
        shown = (source, edited, *more, *expected)
        return tuple(
            Question(
                part=part,
                prompt=_filled(self.prompts[part], filled),
                images=(edited,) if part == QUALITY else shown,
                form=None if self.has(self.guess) else self.form,
            )
            for part in self.parts(case)
        )

    def prepared(self, edited: Rgb, source: Rgb) -> Rgb:
        """The edit as it is shown."""
        del source
        return edited


def replies(
    answers: Mapping[str, str],
    parts: tuple[str, ...],
    form: type[Form],
    guessed: Callable[[str], Form | None] | None,
) -> dict[str, Form] | CaseScore:
    """The reply to each part, or why one is none.

    Args:
        answers: By part.
        parts: What was asked.
        form: Of a reply.
        guessed: What a quirk makes of an answer that is none, where it is on.
    """
    found = {}
    for part in parts:
        try:
            found[part] = read_reply(answers.get(part, ""), form)
        except ReplyError as error:
            guess = guessed(answers.get(part, "")) if guessed else None
            if guess is None:
                return CaseScore(status=Status.UNPARSABLE, reason=f"{part}: {error}")
            found[part] = guess
    return found


def _filled(prompt: str, slots: Mapping[str, str]) -> str:
    """In one pass: an instruction that holds another slot's name is left as it is."""
    return re.sub("|".join(map(re.escape, slots)), lambda slot: slots[slot[0]], prompt)
