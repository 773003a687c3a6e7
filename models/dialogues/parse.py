"""Reads the dialogue that a language model's answer means.

How a turn refers to its object is read off its words, so a model cannot misname it.
"""

import re

from models.chat.replies import StrictReply
from models.dialogues.dialogue import DialogueRequest, Reference, Turn, WrittenDialogue
from models.dialogues.referring import own_words, pronouns_in, says, says_place
from models.dialogues.scenes import Effect, Scene, after_turn, effect_of, given_scene
from models.dialogues.version_words import named_versions
from models.edit_types.spec import Ability, Operation
from models.faults import Fault, FaultError, Reason
from models.vocabulary import APPEARANCES, Target
from models.write.english import head
from models.write.targets import another, bare, dressed, target_by_plan


class RepliedOperation(StrictReply):
    """One edit of a turn."""

    operation: str
    """One of the operations that the rules list."""
    object: str
    """The object's name as it is by then."""
    target: str
    """What is put in its place, a noun without an article; empty for other operations."""
    look: str
    """The look that the result is asked to have, of those that the rules list; else empty."""


class RepliedTurn(StrictReply):
    """What a turn means."""

    starts_from: int
    """The version that it is an edit of."""
    operations: tuple[RepliedOperation, ...]


class DialogueReply(StrictReply):
    """A dialogue of several turns."""

    dialogue: str
    """The whole dialogue, each turn on its own line that begins with its number: 1. ... 2. ..."""
    premise: str
    """The look that every result has to have; empty where there is none."""
    turns: tuple[RepliedTurn, ...]
    """What each turn of the dialogue means, in its order."""


def split_turns(dialogue: str) -> list[str]:
    """The turns of a text that numbers them from 1, without their numbers."""
    spans: list[tuple[int, int]] = []
    while found := _number(len(spans) + 1).search(dialogue, spans[-1][1] if spans else 0):
        spans.append(found.span())
    ends = [start for start, _ in spans[1:]] + [len(dialogue)] * bool(spans)
    texts = [dialogue[begin:end] for (_, begin), end in zip(spans, ends, strict=True)]
    return [" ".join(text.split()) for text in texts]


def _number(turn: int) -> re.Pattern[str]:
    """Where a turn begins: "2. ", "2) " or "Turn 2: "."""
    return re.compile(rf"(?:^|\s)(?:turn\s+)?{turn}\s*[.:)](?=\s|$)", re.IGNORECASE)


LONGEST_QUOTE = 60
"""Characters of an answer that a fault repeats."""

_ARTICLE = re.compile(r"^(?:an?|the|some)(?:\s+|$)", re.IGNORECASE)


def parse_reply(text: str, request: DialogueRequest) -> WrittenDialogue | Fault:
    """The dialogue that a model's answer means; `models.dialogues.validate` has yet to check it.

    Never raises: an answer that is no JSON of the schema, or that speaks of operations, objects,
    versions or looks that there are not, is a fault.
    """
    try:
        reply = DialogueReply.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
    except ValueError as error:
        said = " ".join(str(error).split())[: 3 * LONGEST_QUOTE]
        return Fault(reason=Reason.NOTHING_TO_SAY, detail=f"{_quoted(text)}: {said}")
    try:
        return _Reading(reply, request).dialogue()
    except FaultError as error:
        return error.fault


class _Reading:
    """The turns that have been read, and what each version shows."""

    def __init__(self, reply: DialogueReply, request: DialogueRequest) -> None:
        if not all(subject.name.strip() for subject in request.subjects):
            raise FaultError(Reason.NOTHING_TO_SAY, "an object of the request has no name")
        self._reply, self._request = reply, request
        self._premise = _look(reply.premise)
        if self._premise not in {"", *APPEARANCES}:
            detail = f"no look is called {_quoted(reply.premise)}"
            raise FaultError(Reason.UNCHECKABLE_PREMISE, detail)
        self._turns: list[Turn] = []
        self._scenes = [given_scene(request.subjects, (), request.edit_types)]

    def dialogue(self) -> WrittenDialogue:
        """All of it."""
        said, meant = split_turns(self._reply.dialogue), self._reply.turns
        if len(said) != len(meant):
            detail = f"{len(said)} turns in words, {len(meant)} in meaning"
            raise FaultError(Reason.NOTHING_TO_SAY, detail)
        for text, replied in zip(said, meant, strict=True):
            turn = self._turn(text, replied)
            scene = self._scenes[turn.starts_from]
            self._scenes.append(after_turn(scene, turn, self._request.edit_types))
            self._turns.append(turn)
        return WrittenDialogue(turns=tuple(self._turns), premise=self._premise)

    def _turn(self, text: str, replied: RepliedTurn) -> Turn:
        start = replied.starts_from
        if not 0 <= start < len(self._scenes):
            # The number itself may have thousands of digits.
            newest = len(self._turns)
            detail = f"turn {newest + 1} starts from a version that is not among 0 to {newest}"
            raise FaultError(Reason.UNKNOWN_VERSION, detail)
        operations = tuple(self._operation(o, self._scenes[start]) for o in replied.operations)
        reference = self._reference(text, start, operations)
        return Turn(instruction=text, starts_from=start, operations=operations, reference=reference)

    def _operation(self, replied: RepliedOperation, scene: Scene) -> Operation:
        name, known = replied.operation, self._request.edit_type.operations
        if name not in known or name not in self._request.edit_types:
            detail = f"{_quoted(name)} is none of {', '.join(known)}"
            raise FaultError(Reason.NOTHING_TO_SAY, detail)
        subject = self._subject(replied.object, scene)
        old = scene[subject].name
        target = self._target(replied, old)
        return Operation(edit_type=name, subject=subject, name=old, target=target)

    def _subject(self, name: str, scene: Scene) -> int:
        """The subject of that name in this version; its noun is enough where only one has it."""
        if (found := _called(name, scene)) is not None:
            return found
        if any(_called(name, other) is not None for other in self._scenes):
            detail = f"there is no {_quoted(name)} in the version that the turn starts from"
            raise FaultError(Reason.ABSENT_SUBJECT, detail)
        raise FaultError(Reason.NOTHING_TO_SAY, f"{_quoted(name)} is no object of the request")

    def _target(self, replied: RepliedOperation, old: str) -> Target:
        edit_type = self._request.edit_types[replied.operation]
        effect = effect_of(edit_type)
        if effect in (Effect.APPEARS, Effect.VANISHES):
            return target_by_plan(edit_type, old)
        look = _look(replied.look) or self._premise
        if look not in {"", *APPEARANCES}:
            raise FaultError(Reason.UNPAINTABLE, f"no look is called {_quoted(look)}")
        if effect is Effect.DRESSED and look:
            return dressed(old, look)
        if effect is Effect.BECOMES and (new := _noun_phrase(replied.target)):
            return another(bare(new) if look else new, look)
        for own in edit_type.brief.targets:
            if own.key == replied.target:
                return own
        detail = f"{edit_type.name}: {_quoted(replied.target)} is no target"
        raise FaultError(Reason.NOTHING_TO_SAY, detail)

    def _reference(
        self, text: str, starts_from: int, operations: tuple[Operation, ...]
    ) -> Reference:
        request, starts = self._request, [turn.starts_from for turn in self._turns]
        if starts_from != len(starts) or named_versions(text, starts):
            return "version"
        types = request.edit_types
        if all(says(own_words(text, o, types), head(o.name)) for o in operations):
            rule = request.edit_type.dialogue
            remembers = bool(starts) and rule is not None and rule.ability is Ability.MEMORY
            dresses = all(effect_of(types[o.edit_type]) is Effect.DRESSED for o in operations)
            return "premise" if remembers and dresses else "name"
        boxes = [request.subjects[o.subject].box for o in operations]
        placed = all(says_place(text, b, width=request.width, height=request.height) for b in boxes)
        if placed and (says(text, "one") or says(text, "ones") or not pronouns_in(text)):
            return "position"
        return "pronoun" if pronouns_in(text) else "ellipsis"


def _called(name: str, scene: Scene) -> int | None:
    wanted = _noun_phrase(name)
    same = [i for i, thing in enumerate(scene) if thing.name.lower() == wanted]
    alike = [i for i, thing in enumerate(scene) if wanted and head(thing.name) == head(wanted)]
    return next((found[0] for found in (same, alike) if len(found) == 1), None)


def _look(said: str) -> str:
    """The key of a look, also where its adjective was given."""
    word = said.strip().lower()
    return next((a.key for a in APPEARANCES.values() if word in (a.key, a.adjective)), word)


def _noun_phrase(said: str) -> str:
    return _ARTICLE.sub("", " ".join(said.lower().split()))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}...")
