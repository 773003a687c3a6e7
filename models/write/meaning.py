"""What a language model's instruction means, and whether its words say so."""

from collections.abc import Sequence

from pydantic import field_validator

from models.chat.prompts import prompt_file
from models.chat.replies import StrictReply
from models.edit_types.spec import Operation, Vocabulary
from models.vocabulary import APPEARANCES, Target
from models.write.assigned import Assigned
from models.write.choices import choices, chosen
from models.write.english import head
from models.write.phrasing import MAX_WORDS
from models.write.targets import target_by_plan, words_of
from models.write.words import nouns


class RepliedEdit(StrictReply):
    """One edit that the instruction asks for."""

    object: str
    """The object's name as it was given."""
    choice: str
    """What was chosen, without an article; empty where the edit leaves no choice."""
    result: str
    """The noun phrase, with its article, of what will be there afterwards; empty where something
    is removed."""

    @field_validator("object", "choice", "result")
    @classmethod
    def _is_tidy(cls, text: str) -> str:
        return " ".join(text.split()).rstrip(".")


class InstructionReply(StrictReply):
    """An instruction, after what it asks for."""

    edits: tuple[RepliedEdit, ...]
    """One for each edit of the request, in its order."""
    instruction: str
    """What the user says to the editor, in at most 30 words."""

    @field_validator("instruction")
    @classmethod
    def _is_short(cls, text: str) -> str:
        words = text.split()
        if not 0 < len(words) <= MAX_WORDS:
            msg = f"{len(words)} words, 1 to {MAX_WORDS} are wanted"
            raise ValueError(msg)
        return " ".join(words)


RESULT_WORDS = 15
"""A noun phrase of more words is a description, which is written later, for painters."""

_SMALL_WORDS = frozenset({"a", "an", "the", "of", "in", "on", "with", "and", "at", "by"})


def operations(
    reply: InstructionReply, edits: Sequence[Assigned], *, closed: bool = False
) -> tuple[Operation, ...]:
    """The operations that a reply asks for.

    Args:
        reply: What the model answered.
        edits: What it was to ask for.
        closed: Whether its choices have to be among those of the vocabularies.

    Raises:
        ValueError: It asks for something else, or not in these words; the text tells the model.
    """
    if len(reply.edits) != len(edits):
        msg = f"{len(reply.edits)} edits, {len(edits)} are wanted"
        raise ValueError(msg)
    found = []
    for edit, given in zip(reply.edits, edits, strict=True):
        operation = _operation(edit, given, closed)
        if fault := _unsaid(reply.instruction, operation, given):
            raise ValueError(fault)
        found.append(operation)
    return tuple(found)


def _operation(edit: RepliedEdit, given: Assigned, closed: bool) -> Operation:
    name = given.subject.name
    if given.edit_type.regions.kind == "frames" and not given.is_named:
        name = edit.object.lower()
        if not name or name in nouns("unnamed"):
            msg = f"{name!r} does not say who or what it is"
            raise ValueError(msg)
    elif given.edit_type.regions.kind == "object" and edit.object.lower() != " ".join(
        name.lower().split()
    ):
        msg = f"{edit.object!r} is not the object of this edit, {name!r} is"
        raise ValueError(msg)
    return Operation(
        edit_type=given.edit_type.name,
        subject=given.index,
        name=name,
        target=_target(edit, given, name, closed),
    )


def _target(edit: RepliedEdit, given: Assigned, name: str, closed: bool) -> Target:
    edit_type = given.edit_type
    vocabulary = edit_type.brief.vocabulary
    if vocabulary is Vocabulary.NONE:
        planned = target_by_plan(edit_type, name)
        says_it = _share(edit.result, head(name)) and len(edit.result.split()) <= RESULT_WORDS
        phrase = edit.result if planned.phrase and says_it else planned.phrase
        return Target(key=planned.key, phrase=phrase)
    if not edit.choice or not 0 < len(edit.result.split()) <= RESULT_WORDS:
        msg = f"{name}: give a choice, and a result of 1 to {RESULT_WORDS} words"
        raise ValueError(msg)
    target, known = chosen(edit_type, edit.choice, edit.result), choices(edit_type)
    if (closed or vocabulary is Vocabulary.OWN) and known and target.key not in known:
        msg = f"{edit.choice!r} is none of the choices: {', '.join(known)}"
        raise ValueError(msg)
    if fault := _unchanged(target, name, vocabulary):
        raise ValueError(fault)
    return target


def _unchanged(target: Target, name: str, vocabulary: Vocabulary) -> str:
    """Why a target would be no change of the object; "" where it is one."""
    if vocabulary is Vocabulary.OBJECT and head(target.key) == head(name):
        return f"a {target.key} in place of the {name} is no other object; choose another"
    if vocabulary is not Vocabulary.APPEARANCE:
        return ""
    if not _share(target.phrase, head(name)):
        return f"{target.phrase!r} is not the {name}; only its colour or material may change"
    look = APPEARANCES.get(target.key)
    words = {target.key, look.adjective} if look else {target.key}
    return f"the {name} is {target.key} already" if words & words_of(name) else ""


def _unsaid(text: str, operation: Operation, given: Assigned) -> str:
    """What an instruction does not say of an operation; "" where it says enough."""
    kind, vocabulary = given.edit_type.regions.kind, given.edit_type.brief.vocabulary
    if kind in ("object", "frames") and given.is_named and not _share(text, head(operation.name)):
        return f"the instruction does not name the {head(operation.name)}"
    places = set(prompt_file("models.write", "prompt.toml")["place_words"])
    if kind == "object" and places.isdisjoint(text.lower().replace(",", " ").rstrip(".?!").split()):
        return f"the instruction does not say where the {operation.name} is"
    if vocabulary in (Vocabulary.NONE, Vocabulary.ACTION):
        return ""
    target = operation.target
    wanted = f"{target.key} {target.phrase}"
    if vocabulary is Vocabulary.OBJECT:
        wanted = head(target.key)
    elif vocabulary is Vocabulary.APPEARANCE:
        look = APPEARANCES.get(target.key)
        wanted = f"{target.key} {look.adjective if look else ''}"
    return "" if _share(text, wanted) else f"the instruction does not say {target.phrase!r}"


def _share(text: str, wanted: str) -> bool:
    """Whether a text has one of the words, in either number."""
    return not (words_of(text) & words_of(wanted.replace("_", " "))).issubset(_SMALL_WORDS)
