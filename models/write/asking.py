"""One operation of an instruction, with the words that fill its templates."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from models.edit_types.spec import EditType, Operation, Vocabulary
from models.faults import FaultError, Reason
from models.geometry import Box
from models.vocabulary import APPEARANCES, Target
from models.write.english import (
    A,
    command,
    determiner,
    head,
    is_mass,
    is_person,
    is_plural,
    pronouns,
)
from models.write.instruction import Subject, WriteRequest
from models.write.placing import place_phrase, size_word
from models.write.targets import target_of, words_of
from models.write.words import nouns, pictures

LEAST_MOVE_FRAC = 0.03
"""Smaller shifts, as a share of the frame, are not worth an instruction."""

SLIGHT_MOVE_FRAC = 0.10
FAR_MOVE_FRAC = 0.30

LEAST_SCALE = 1.12
"""Both sides of the box must grow or shrink by this factor: one alone is a change of pose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """The words for a movement; empty where nothing is known of it."""

    before: str = ""
    """What was done: "walking"."""
    after: str = ""
    """What is done instead: "running"."""
    do: str = ""
    """The same as a command: "run"."""
    shift: str = ""
    """Where to: "slightly to the left"."""

    def __bool__(self) -> bool:
        return bool(self.after or self.shift)


def motion(request: WriteRequest) -> Motion:
    """The change of action, else of place or distance between the first and the last subject."""
    before, after = request.before.strip(), request.after.strip()
    if after and after != before:
        return Motion(before=before, after=after, do=command(after))
    if len(request.subjects) < 2:
        return Motion()
    start, end = request.subjects[0].box, request.subjects[-1].box
    shift = _approach(start, end) or _shift(start, end, request.width, request.height)
    return Motion(shift=shift)


def _approach(start: Box, end: Box) -> str:
    if not start.area_px or not end.area_px:
        return ""
    scales = end.width / start.width, end.height / start.height
    if min(scales) >= LEAST_SCALE:
        return "closer to the camera"
    return "further away from the camera" if max(scales) <= 1 / LEAST_SCALE else ""


def _shift(start: Box, end: Box, width: int, height: int) -> str:
    across = (end.x0 + end.x1 - start.x0 - start.x1) / 2 / width
    down = (end.y0 + end.y1 - start.y0 - start.y1) / 2 / height
    most = max(abs(across), abs(down))
    # Beside a large movement a small one along the other axis goes unsaid.
    least = max(LEAST_MOVE_FRAC, most / 2)
    words = []
    if abs(across) >= least:
        words.append("to the left" if across < 0 else "to the right")
    if abs(down) >= least:
        words.append("up" if down < 0 else "down")
    direction = " and ".join(words)
    if not words or SLIGHT_MOVE_FRAC <= most < FAR_MOVE_FRAC:
        return direction
    return f"{'slightly' if most < SLIGHT_MOVE_FRAC else 'far'} {direction}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One operation and its words."""

    edit_type: EditType
    operation: Operation
    slots: Mapping[str, str]
    needs: frozenset[str] = frozenset()
    """Slots without which a reader could not tell which object is meant."""


def ask(
    request: WriteRequest,
    edit_type: EditType,
    index: int,
    rng: np.random.Generator,
    target: Target | None = None,
) -> Asked:
    """What an operation of this type asks of the request's subject of that index.

    Args:
        request: Names the subjects.
        edit_type: The type of the operation.
        index: The subject.
        rng: Decides.
        target: What will be there, where that is settled.

    Raises:
        FaultError: There is no such subject, nothing moved, or no target would be a change.
    """
    subject = _subject(request, edit_type, index)
    slots = _subject_slots(request, subject, rng)
    movement = Motion()
    if edit_type.brief.vocabulary is Vocabulary.ACTION:
        movement = motion(request)
        target = _moved(subject, movement)
    elif target is None:
        target = target_of(
            edit_type,
            name=subject.name,
            size=slots["size"],
            said=_said(request),
            drawn=request.drawn,
            rng=rng,
        )
    return Asked(
        edit_type=edit_type,
        operation=Operation(
            edit_type=edit_type.name, subject=index, name=subject.name, target=target
        ),
        slots=slots | _target_slots(target) | asdict(movement),
        needs=frozenset({"place"} if _is_one_of_several(subject, request) else ()),
    )


def _subject(request: WriteRequest, edit_type: EditType, index: int) -> Subject:
    if edit_type.regions.kind == "image":
        return Subject(name="image", box=Box.canvas(request.width, request.height))
    if index >= len(request.subjects) or not request.subjects[index].name.strip():
        detail = f"{edit_type.name}: subject {index} of {len(request.subjects)} has no name"
        raise FaultError(Reason.NOTHING_TO_SAY, detail)
    return request.subjects[index]


def _said(request: WriteRequest) -> str:
    return " ".join((request.caption, *(subject.name for subject in request.subjects)))


def _is_one_of_several(subject: Subject, request: WriteRequest) -> bool:
    """Whether the caption or the other subjects tell of more things of this name."""
    noun = head(subject.name)
    in_frames = request.edit_type.regions.kind == "frames"  # two views of one person
    others = [head(s.name) for s in request.subjects if s is not subject and not in_frames]
    words = request.caption.lower().split()
    told = sum(word.strip(",.;:") == noun for word in words)
    plural = not is_plural(noun) and any(
        is_plural(word) and noun in words_of(word) for word in words
    )
    return noun in others or told > 1 or plural


def _subject_slots(
    request: WriteRequest, subject: Subject, rng: np.random.Generator
) -> dict[str, str]:
    canvas = {"width": request.width, "height": request.height}
    name = " ".join(subject.name.split())
    size = size_word(subject.box, **canvas, rng=rng)
    place = place_phrase(subject.box, **canvas, rng=rng)
    they, it = pronouns(name)
    return {
        # A background that nobody named is no name to put into a sentence.
        "name": "" if name == "background" else name,
        "size": "" if _takes_no_size(name) else size,
        "place": place,
        "article": determiner(name),
        "a": A,
        "it": it,
        "they": they,
        "is": "are" if is_plural(name) else "is",
        "has": "have" if is_plural(name) else "has",
        "picture": str(rng.choice(pictures(drawn=request.drawn))),
    }


def _takes_no_size(name: str) -> bool:
    """Of people it would be rude, of substances wrong; and some names say their size."""
    return is_person(name) or is_mass(name) or name.partition(" ")[0] in nouns("sized")


def _target_slots(target: Target) -> dict[str, str]:
    slots = {"target": target.phrase}
    if appearance := APPEARANCES.get(target.key):
        slots["adjective"] = appearance.adjective
        # The key of a material is its noun: wood, marble.
        slots[appearance.kind] = appearance.key
    return slots


def _moved(subject: Subject, movement: Motion) -> Target:
    if movement.after:
        return Target(key=movement.after, phrase=f"the {subject.name} {movement.after}")
    if movement.shift:
        return Target(key=movement.shift, phrase=f"the {subject.name} {movement.shift}")
    detail = f"{subject.name}: neither another action nor a movement that could be measured"
    raise FaultError(Reason.NOTHING_TO_SAY, detail)
