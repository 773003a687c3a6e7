"""Whether the words of a turn say which object they are about."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.dialogues.dialogue import Turn
from models.dialogues.scenes import Effect, Scene, effect_of
from models.edit_types.spec import EditType, Operation
from models.geometry import Box
from models.write.english import head, is_plural, pronouns
from models.write.instruction import Subject
from models.write.placing import region

_PRONOUNS: Mapping[str, frozenset[str]] = {
    "it": frozenset({"it", "its", "itself"}),
    "he": frozenset({"he", "him", "his", "himself"}),
    "she": frozenset({"she", "her", "hers", "herself"}),
    "they": frozenset({"they", "them", "their", "theirs", "themselves"}),
}
_PLACE_WORDS: Mapping[str, frozenset[str]] = {
    "upper": frozenset({"upper", "top"}),
    "lower": frozenset({"lower", "bottom"}),
    "left": frozenset({"left"}),
    "right": frozenset({"right"}),
    "centre": frozenset({"centre", "center", "middle"}),
}
_OPPOSITE = {"upper": "lower", "lower": "upper", "left": "right", "right": "left"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a turn is said after, and of."""

    scene: Scene
    """The version that it starts from."""
    before: Turn | None
    """The turn before, whatever version this one starts from."""
    subjects: Sequence[Subject]
    width: int
    height: int
    edit_types: Mapping[str, EditType]


def says(text: str, phrase: str) -> bool:
    """Whether a text has these words, in any case; never true of no words."""
    return bool(phrase.strip()) and bool(_whole(phrase).search(text))


def _whole(phrase: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def dangling(turn: Turn, context: Context) -> str:
    """What is wrong with the way a turn refers to its objects; "" where a reader can follow."""
    for operation in turn.operations:
        if fault := _dangling(turn, operation, context):
            return fault
    return _stranger(turn, context)


def _dangling(turn: Turn, operation: Operation, context: Context) -> str:
    if context.before is None and turn.reference not in ("name", "version"):
        return f"the first turn refers by {turn.reference}, but nothing has been said before"
    text = own_words(turn.instruction, operation, context.edit_types)
    match turn.reference:
        case "name" | "premise":
            return _not_named(text, operation, context)
        case "version":
            return _not_named(text, operation, context) and _no_pronoun(text, operation, context)
        case "pronoun":
            return _named_after_all(text, operation) or _no_pronoun(text, operation, context)
        case "position":
            return _named_after_all(text, operation) or _no_place(text, operation, context)
        case "ellipsis":
            return _named_after_all(text, operation) or _not_left_out(text, operation, context)


def own_words(text: str, operation: Operation, edit_types: Mapping[str, EditType]) -> str:
    """The text without the name of what takes the object's place: it may share the noun."""
    if effect_of(edit_types[operation.edit_type]) is not Effect.BECOMES:
        return text
    return _whole(operation.target.key).sub("", text, count=1)


def _not_named(text: str, operation: Operation, context: Context) -> str:
    noun = head(operation.name)
    if not says(text, noun):
        return f"the words do not name the {operation.name}"
    others = [
        thing.name
        for i, thing in enumerate(context.scene)
        if i != operation.subject and thing.here and head(thing.name) == noun
    ]
    if others and not says(text, operation.name):
        return f"the {noun} could also be the {others[0]}"
    return ""


def _named_after_all(text: str, operation: Operation) -> str:
    noun = head(operation.name)
    return f"the words name the {noun}, so they do not refer to it" if says(text, noun) else ""


def _no_pronoun(text: str, operation: Operation, context: Context) -> str:
    said, fitting = pronouns_in(text), _agreeing(operation.name)
    if not said & fitting:
        wanted = " or ".join(sorted(fitting))
        return f"no pronoun agrees with the {operation.name}: {wanted} would"
    return _not_the_topic(operation, context, said & fitting)


def _not_left_out(text: str, operation: Operation, context: Context) -> str:
    if said := pronouns_in(text):
        return f"nothing is left out, the words say {', '.join(sorted(said))}"
    return _not_the_topic(operation, context, frozenset(_PRONOUNS))


def _not_the_topic(operation: Operation, context: Context, said: frozenset[str]) -> str:
    """Whether something else than the one object of the turn before could be meant."""
    topics = {o.subject for o in context.before.operations} if context.before else set()
    meant = sorted(i for i in topics if _agreeing(context.scene[i].name) & said)
    if operation.subject not in topics:
        return f"the turn before was not about the {operation.name}"
    if len(meant) > 1:
        names = " or the ".join(context.scene[i].name for i in meant)
        return f"the {names} could be meant"
    return ""


def _no_place(text: str, operation: Operation, context: Context) -> str:
    canvas = {"width": context.width, "height": context.height}
    box = context.subjects[operation.subject].box
    if not says_place(text, box, **canvas):
        return f"the words do not say {region(box, **canvas)!r}, where the object is"
    sharing = [
        context.scene[i].name
        for i, other in enumerate(context.subjects)
        if i != operation.subject
        and context.scene[i].here
        and share_place(box, other.box, **canvas)
    ]
    return f"the {sharing[0]} is at that place too" if sharing else ""


def says_place(text: str, box: Box, *, width: int, height: int) -> bool:
    """Whether a text says the part of the canvas that holds the box's centre."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    parts = _parts(box, width=width, height=height)
    opposites = [_OPPOSITE[part] for part in parts if part in _OPPOSITE]
    return all(words & _PLACE_WORDS[part] for part in parts) and not any(
        words & _PLACE_WORDS[part] for part in opposites
    )


def share_place(box: Box, other: Box, *, width: int, height: int) -> bool:
    """Whether words for one box's place could mean the other: what is lower left is left too."""
    parts, others = (
        _parts(box, width=width, height=height),
        _parts(other, width=width, height=height),
    )
    return parts <= others or others <= parts


def _parts(box: Box, *, width: int, height: int) -> set[str]:
    return _PLACE_WORDS.keys() & region(box, width=width, height=height).split()


def _stranger(turn: Turn, context: Context) -> str:
    """A he or a she among things; *it* and *they* have other uses than to refer."""
    said = pronouns_in(turn.instruction) & {"he", "she"}
    names = [name for o in turn.operations for name in (o.name, o.target.key)]
    fitting = {pronoun for name in names if name for pronoun in _agreeing(name)}
    strangers = sorted(said - fitting)
    return f"nobody in the turn is a {strangers[0]}" if strangers else ""


def pronouns_in(text: str) -> frozenset[str]:
    """The pronouns of a text, each by its subject form: it, he, she, they."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    return frozenset(pronoun for pronoun, forms in _PRONOUNS.items() if words & forms)


def _agreeing(name: str) -> frozenset[str]:
    """The pronouns that a noun phrase can be taken up by."""
    pronoun, _ = pronouns(name)
    if pronoun == "they" and not is_plural(name):  # a person of either sex
        return frozenset({"he", "she", "they"})
    return frozenset({pronoun})
