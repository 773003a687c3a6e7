"""A dialogue while the grammar writes it: its turns so far, and what each version shows."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import cast

import numpy as np

from models.dialogues.dialogue import DialogueRequest, Reference, Turn, WrittenDialogue
from models.dialogues.scenes import Effect, Scene, after_turn, effect_of, given_scene
from models.edit_types.templates import WORDINGS
from models.faults import FaultError, Reason
from models.vocabulary import Target
from models.write.asking import Asked, ask
from models.write.instruction import Subject, WriteRequest
from models.write.phrasing import MAX_WORDS, phrase


@cache
def _tables() -> Mapping[str, object]:
    return tomllib.loads(files("models.dialogues").joinpath("phrases.toml").read_text("utf-8"))


def phrases(*path: str) -> tuple[str, ...]:
    """The templates under these headings; none where there is no such heading."""
    found: object = _tables()
    for heading in path:
        found = cast(Mapping[str, object], found).get(heading, {})
    return tuple(cast(list[str], found))


class Draft:
    """Collects turns. Every choice is drawn from `rng`."""

    def __init__(self, request: DialogueRequest, rng: np.random.Generator) -> None:
        wanted = request.edit_type.regions.count
        if len(request.subjects) < wanted or not all(s.name.strip() for s in request.subjects):
            detail = f"{[s.name for s in request.subjects]}: {wanted} named objects are needed"
            raise FaultError(Reason.NOTHING_TO_SAY, detail)
        self.request = request
        self.rng = rng
        self.turns: list[Turn] = []
        self.scenes: list[Scene] = [given_scene(request.subjects, (), request.edit_types)]
        self._spoken: set[str] = set()

    def operations(self, *effects: Effect) -> list[str]:
        """The type's operations that have one of these effects, in its order."""
        types = self.request.edit_types
        return [o for o in self.request.edit_type.operations if effect_of(types[o]) in effects]

    def pick(self, choices: Sequence[str]) -> str:
        """One of them.

        Raises:
            FaultError: There is none.
        """
        if not choices:
            detail = f"{self.request.edit_type.name}: no operation of the type can be said here"
            raise FaultError(Reason.NOTHING_TO_SAY, detail)
        return choices[int(self.rng.integers(len(choices)))]

    def ask(self, operation: str, subject: int, starts_from: int, target: Target | None) -> Asked:
        """What an operation asks of a subject as that version shows it; None lets chance decide.

        What was spoken of already is not asked for again, not even where it was undone.

        Raises:
            FaultError: No target would be a change.
        """
        request, scene = self.request, self.scenes[starts_from]
        names = {thing.name for thing in scene}
        spoken = {*self._spoken, *(subject.name for subject in request.subjects)} - names
        single = WriteRequest(
            caption=" ".join((request.caption, *sorted(spoken))),
            edit_type=request.edit_types[operation],
            edit_types=request.edit_types,
            subjects=tuple(
                Subject(name=thing.name, box=subject.box)
                for thing, subject in zip(scene, request.subjects, strict=True)
            ),
            width=request.width,
            height=request.height,
            seed=request.seed,
            drawn=request.drawn,
        )
        asked = ask(single, single.edit_type, subject, self.rng, target)
        if self._was_named(subject):
            return replace(asked, slots={**asked.slots, "size": ""})
        return asked

    def _was_named(self, subject: int) -> bool:
        return any(o.subject == subject for turn in self.turns for o in turn.operations)

    def say(self, templates: Sequence[str], asked: Asked, **slots: str) -> str:
        """A sentence by one of the templates.

        Raises:
            FaultError: None of them can be filled and is short enough.
        """
        return self._said(phrase(templates, {**asked.slots, **slots}, self.rng, needs=asked.needs))

    def name(self, asked: Asked) -> str:
        """A sentence by the operation's own templates, which name the object.

        Raises:
            FaultError: None of them can be filled and is short enough.
        """
        drawn = WORDINGS[int(self.rng.integers(len(WORDINGS)))]
        # A long name can leave no room for the wording that was drawn.
        for wording in dict.fromkeys((drawn, "plain", "terse")):
            templates = asked.edit_type.brief.templates[wording]
            if text := phrase(templates, asked.slots, self.rng, needs=asked.needs):
                return text
        return self._said("")

    def _said(self, text: str) -> str:
        if not text:
            names = ", ".join(repr(subject.name) for subject in self.request.subjects)
            detail = f"{self.request.edit_type.name}: nothing fits {names} in {MAX_WORDS} words"
            raise FaultError(Reason.NOTHING_TO_SAY, detail)
        return text

    def add(self, text: str, asked: Asked, starts_from: int, reference: Reference) -> None:
        """Put a turn at the end."""
        turn = Turn(
            instruction=text,
            starts_from=starts_from,
            operations=(asked.operation,),
            reference=reference,
        )
        self.turns.append(turn)
        self.scenes.append(after_turn(self.scenes[starts_from], turn, self.request.edit_types))
        self._spoken |= {asked.operation.target.key, asked.operation.target.look} - {""}

    def dialogue(self, premise: str = "") -> WrittenDialogue:
        """What has been written."""
        return WrittenDialogue(turns=tuple(self.turns), premise=premise)
