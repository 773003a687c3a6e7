"""Checks a dialogue before anything of it is painted, whoever wrote it."""

from collections.abc import Iterator, Sequence

from models.dialogues.dialogue import DialogueRequest, Turn, WrittenDialogue
from models.dialogues.referring import Context, dangling, says
from models.dialogues.scenes import Effect, Scene, effect_of, versions
from models.dialogues.version_words import named_versions
from models.edit_types.spec import Ability, Operation
from models.faults import Fault, Reason
from models.vocabulary import APPEARANCES
from models.write.english import head
from models.write.phrasing import MAX_WORDS
from models.write.targets import bare


def check(dialogue: WrittenDialogue, request: DialogueRequest) -> Fault | None:
    """The first fault of a dialogue, or None where it can be painted as it says.

    Returns:
        NOTHING_TO_SAY where its form is wrong or its words do not say what it means;
        UNKNOWN_VERSION, ABSENT_SUBJECT, UNCHANGED, UNPAINTABLE, DANGLING_REFERENCE or
        UNCHECKABLE_PREMISE where its name says so.
    """
    return next(_faults(dialogue, request), None)


def _faults(dialogue: WrittenDialogue, request: DialogueRequest) -> Iterator[Fault]:
    """Every later check relies on those before it; the first fault ends them."""
    turns = dialogue.turns
    yield from _form_faults(turns, request)
    yield from _version_faults(turns, request)
    scenes = versions(turns, request.subjects, request.edit_types)
    for number, turn in enumerate(turns, 1):
        yield from _presence_faults(number, turn, scenes[turn.starts_from], request)
    yield from _change_faults(turns, scenes, request)
    if request.edit_type.dialogue and request.edit_type.dialogue.ability is Ability.MEMORY:
        yield from _premise_faults(dialogue, scenes)
    elif dialogue.premise:
        detail = f"{dialogue.premise!r} is a premise where nothing is to be remembered"
        yield Fault(reason=Reason.UNCHECKABLE_PREMISE, detail=detail)
    yield from _reference_faults(turns, scenes, request)
    for number, turn in enumerate(turns, 1):
        yield from _unsaid(number, turn, dialogue.premise, request)


def _fault(reason: Reason, number: int, detail: str) -> Fault:
    return Fault(reason=reason, detail=f"turn {number}: {detail}")


def _form_faults(turns: Sequence[Turn], request: DialogueRequest) -> Iterator[Fault]:
    edit_type, names = request.edit_type, [subject.name for subject in request.subjects]
    rule = edit_type.dialogue
    if rule is None or not rule.min_turns <= len(turns) <= rule.max_turns:
        bounds = f"{rule.min_turns} to {rule.max_turns}" if rule else "none"
        detail = f"{len(turns)} turns, where {edit_type.name} has {bounds}"
        yield Fault(reason=Reason.NOTHING_TO_SAY, detail=detail)
    if not all(name.strip() for name in names):
        yield Fault(reason=Reason.NOTHING_TO_SAY, detail=f"an object of {names} has no name")
    for number, turn in enumerate(turns, 1):
        if not 0 < (words := len(turn.instruction.split())) <= MAX_WORDS:
            yield _fault(Reason.NOTHING_TO_SAY, number, f"{words} words of 1 to {MAX_WORDS}")
        if not turn.operations:
            yield _fault(Reason.NOTHING_TO_SAY, number, "asks for no edit")
        for operation in turn.operations:
            yield from _operation_faults(number, operation, request)


def _operation_faults(
    number: int, operation: Operation, request: DialogueRequest
) -> Iterator[Fault]:
    known = [name for name in request.edit_type.operations if name in request.edit_types]
    if operation.edit_type not in known:
        detail = f"{operation.edit_type!r} is none of {', '.join(known)}"
        yield _fault(Reason.NOTHING_TO_SAY, number, detail)
    if not 0 <= operation.subject < len(request.subjects):
        detail = f"subject {operation.subject} of {len(request.subjects)}"
        yield _fault(Reason.ABSENT_SUBJECT, number, detail)
    effect = effect_of(request.edit_types[operation.edit_type])
    if effect is Effect.BECOMES and not operation.target.key.strip():
        yield _fault(Reason.NOTHING_TO_SAY, number, "does not say what is to be put there")
    looks = {operation.target.look} | ({operation.target.key} if effect is Effect.DRESSED else {""})
    if unknown := looks - APPEARANCES.keys() - {""}:
        yield _fault(Reason.UNPAINTABLE, number, f"no appearance is called {unknown.pop()!r}")
    if effect is Effect.DRESSED and not operation.target.key:
        yield _fault(Reason.NOTHING_TO_SAY, number, "does not say which look is wanted")


def _version_faults(turns: Sequence[Turn], request: DialogueRequest) -> Iterator[Fault]:
    rule = request.edit_type.dialogue
    may_go_back = rule is not None and rule.ability is Ability.BACKTRACKING
    for number, turn in enumerate(turns, 1):
        start, previous = turn.starts_from, number - 1
        if not 0 <= start < number:
            detail = f"starts from version {start}, where 0 to {previous} exist"
            yield _fault(Reason.UNKNOWN_VERSION, number, detail)
        if start != previous and not may_go_back:
            detail = f"starts from version {start}, but {request.edit_type.name} never goes back"
            yield _fault(Reason.UNKNOWN_VERSION, number, detail)
        named = named_versions(turn.instruction, [t.starts_from for t in turns[:previous]])
        if any(version != start for version in named):
            said = " and ".join("one that is not there" if v is None else str(v) for v in named)
            detail = f"starts from version {start}, but its words name {said}"
            yield _fault(Reason.UNKNOWN_VERSION, number, detail)
        if not named and (start != previous or turn.reference == "version"):
            detail = f"starts from version {start}, but its words name none"
            yield _fault(Reason.UNKNOWN_VERSION, number, detail)
    if may_go_back and all(turn.starts_from == i for i, turn in enumerate(turns)):
        yield Fault(reason=Reason.UNKNOWN_VERSION, detail="no turn goes back")


def _presence_faults(
    number: int, turn: Turn, scene: Scene, request: DialogueRequest
) -> Iterator[Fault]:
    start = f"in version {turn.starts_from}"
    for operation in turn.operations:
        thing = scene[operation.subject]
        appears = effect_of(request.edit_types[operation.edit_type]) is Effect.APPEARS
        if not appears and not thing.here:
            yield _fault(Reason.ABSENT_SUBJECT, number, f"there is no {thing.name} {start}")
        if operation.name != thing.name:
            detail = f"there is no {operation.name!r} {start}, but {thing.name!r}"
            yield _fault(Reason.ABSENT_SUBJECT, number, detail)


def _change_faults(
    turns: Sequence[Turn], scenes: Sequence[Scene], request: DialogueRequest
) -> Iterator[Fault]:
    done: set[tuple[int, tuple[Operation, ...]]] = set()
    added: set[int] = set()
    for number, turn in enumerate(turns, 1):
        subjects = [operation.subject for operation in turn.operations]
        if len(set(subjects)) < len(subjects):
            yield _fault(Reason.UNCHANGED, number, "edits one object twice, so one edit is lost")
        for operation in turn.operations:
            thing, target = scenes[turn.starts_from][operation.subject], operation.target
            match effect_of(request.edit_types[operation.edit_type]):
                case Effect.DRESSED if target.key == thing.look:
                    yield _fault(Reason.UNCHANGED, number, f"the {thing.name} is {target.key}")
                case Effect.BECOMES if bare(target.key) == bare(thing.name):
                    yield _fault(Reason.UNCHANGED, number, f"it is a {thing.name} already")
                case Effect.APPEARS if thing.here or operation.subject in added:
                    yield _fault(Reason.UNCHANGED, number, f"adds the {thing.name} again")
                case Effect.APPEARS:
                    added.add(operation.subject)
        if (turn.starts_from, turn.operations) in done:
            yield _fault(Reason.UNCHANGED, number, "asks once more for what was undone")
        done.add((turn.starts_from, turn.operations))


def _premise_faults(dialogue: WrittenDialogue, scenes: Sequence[Scene]) -> Iterator[Fault]:
    premise, reason = dialogue.premise, Reason.UNCHECKABLE_PREMISE
    if premise not in APPEARANCES:
        yield Fault(reason=reason, detail=f"{premise!r} is none of {', '.join(APPEARANCES)}")
    for number, turn in enumerate(dialogue.turns, 1):
        if (number == 1) != _says_look(turn.instruction, premise):
            lacks = "does not state" if number == 1 else "states once more"
            yield _fault(reason, number, f"{lacks} the premise {premise!r}")
        for operation in turn.operations:
            thing = scenes[number][operation.subject]
            if thing.look != premise or not thing.here:
                yield _fault(reason, number, f"no {premise} object is its result")


def _says_look(text: str, look: str) -> bool:
    return any(says(text, word) for word in (look, APPEARANCES[look].adjective))


def _reference_faults(
    turns: Sequence[Turn], scenes: Sequence[Scene], request: DialogueRequest
) -> Iterator[Fault]:
    ability = request.edit_type.dialogue and request.edit_type.dialogue.ability
    for number, turn in enumerate(turns, 1):
        if turn.reference == "premise" and ability is not Ability.MEMORY:
            yield _fault(Reason.DANGLING_REFERENCE, number, "there is no premise to refer to")
        if turn.reference == "name" and number > 1 and ability is Ability.UNDERSTANDING:
            detail = "names its object again, so there is nothing to understand"
            yield _fault(Reason.NOTHING_TO_SAY, number, detail)
        context = Context(
            scene=scenes[turn.starts_from],
            before=turns[number - 2] if number > 1 else None,
            subjects=request.subjects,
            width=request.width,
            height=request.height,
            edit_types=request.edit_types,
        )
        if wrong := dangling(turn, context):
            yield _fault(Reason.DANGLING_REFERENCE, number, wrong)


def _unsaid(number: int, turn: Turn, premise: str, request: DialogueRequest) -> Iterator[Fault]:
    """What a turn is said to mean, but not in its words; a premise need not be said again."""
    for operation in turn.operations:
        effect, target = effect_of(request.edit_types[operation.edit_type]), operation.target
        text = turn.instruction
        if effect is Effect.BECOMES and not says(text, head(target.key)):
            yield _fault(Reason.NOTHING_TO_SAY, number, f"the words do not say {target.key!r}")
        look = target.key if effect is Effect.DRESSED else target.look
        if look and look != premise and not _says_look(text, look):
            yield _fault(Reason.NOTHING_TO_SAY, number, f"the words do not say {look!r}")
