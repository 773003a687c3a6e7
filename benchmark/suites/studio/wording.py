"""Instructions of the studio suites: the edit types' own templates, from terse to detailed."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmark.suites.studio.versions import TYPES
from models.dialogues.referring import says_place, share_place
from models.edit_types.spec import Operation
from models.edit_types.templates import WORDINGS
from models.faults import FaultError, ImgEditError
from models.studio.scene import Scene
from models.vocabulary import Target
from models.write.asking import ask
from models.write.english import head
from models.write.grammar import GrammarWriter
from models.write.instruction import Subject, WriteRequest, WrittenInstruction
from models.write.phrasing import phrase

_TRIES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An instruction and what it means; subjects index those that it was written for."""

    text: str
    operations: tuple[Operation, ...]


def request_for(
    scene: Scene,
    edit_type: str,
    subjects: tuple[int, ...],
    seed: int,
    *,
    before: str = "",
    after: str = "",
) -> WriteRequest:
    """What a writer is told of objects of a scene."""
    return WriteRequest(
        caption=scene.setting.phrase,
        edit_type=TYPES[edit_type],
        edit_types=TYPES,
        subjects=tuple(
            Subject(name=scene.objects[at].name, box=scene.objects[at].box) for at in subjects
        ),
        width=scene.width,
        height=scene.height,
        seed=seed,
        drawn=True,
        before=before,
        after=after,
    )


def said(
    request: WriteRequest,
    target: Target | None = None,
    *,
    fits: Callable[[WrittenInstruction], bool] = lambda _: True,
    placed: bool = False,
) -> Said:
    """An instruction for the first subject, or of a mixed type for the first two.

    Args:
        request: Its seed decides.
        target: What will be there; None lets chance decide.
        fits: Whether an instruction can be carried out.
        placed: Whether it has to say where the subject is.

    Raises:
        ImgEditError: Nothing that can be said fits.
    """
    for attempt in range(_TRIES):
        rng = np.random.default_rng((request.seed, attempt))
        written = _written(request, target, rng, needs=frozenset({"place"} if placed else ()))
        if written and (not placed or _says_where(written.text, request)) and fits(written):
            return Said(text=written.text, operations=written.operations)
    names = ", ".join(subject.name for subject in request.subjects)
    message = f"studio suites: no {request.edit_type.name} of {names} fits in {_TRIES} tries"
    raise ImgEditError(message)


def _written(
    request: WriteRequest, target: Target | None, rng: np.random.Generator, *, needs: frozenset[str]
) -> WrittenInstruction | None:
    edit_type = request.edit_type
    if edit_type.operations:
        seed = int(rng.integers(2**31))
        (mixed,) = GrammarWriter().write([replace(request, seed=seed)])
        return mixed if isinstance(mixed, WrittenInstruction) else None
    wording = WORDINGS[int(rng.integers(len(WORDINGS)))]
    try:
        asked = ask(request, edit_type, 0, rng, target)
    except FaultError:
        return None
    text = phrase(edit_type.brief.templates[wording], asked.slots, rng, needs=asked.needs | needs)
    if not text:
        return None
    return WrittenInstruction(text=text, operations=(asked.operation,), wording=wording)


def _says_where(text: str, request: WriteRequest) -> bool:
    box = request.subjects[0].box
    return says_place(text, box, width=request.width, height=request.height)


def names_one(
    text: str, scene: Scene, subjects: tuple[int, ...], operations: tuple[Operation, ...]
) -> str:
    """What is wrong with how an instruction names its subjects; "" where only they can be meant.

    Another object with the same noun is told apart by its full name or by its place.
    """
    for operation in operations:
        if TYPES[operation.edit_type].regions.kind != "object":
            continue
        own = scene.objects[subjects[operation.subject]]
        rivals = [o for o in scene.objects if o is not own and head(o.name) == head(own.name)]
        for rival in rivals:
            canvas = {"width": scene.width, "height": scene.height}
            apart = not share_place(own.box, rival.box, **canvas)
            if not (apart and says_place(text, own.box, **canvas)):
                return f"{text!r} could also mean the {rival.name}"
    return ""
