"""Which edits of a scene have a perfect result that can be rendered.

Backdrops and styles have none: what they should look like only their painter can draw, and who is
measured by pictures of its own passes. An edit type from outside may bring painting steps of its
own, or targets that no vocabulary holds: nobody but its author knows what they should give.
"""

from collections.abc import Iterator, Mapping, Sequence

from models.edit_types.spec import EditType, Operation, Step
from models.faults import ImgEditError
from models.studio.catalogue import names
from models.vocabulary import APPEARANCES, PaintKind, Target

_PAINTERS_OWN = frozenset({PaintKind.BACKDROP, PaintKind.STYLISE})


class NoTruthError(ImgEditError):
    """What right would look like is not known; `has_truth` tells beforehand."""


def has_truth(operations: Sequence[Operation], edit_types: Mapping[str, EditType]) -> bool:
    """Whether the right result of all operations, done to a scene or a clip, is known.

    Raises:
        ImgEditError: if an edit type is unknown.
    """
    return all(
        _is_known(step, operation.target)
        for operation in operations
        for step in _steps_of(operation, edit_types)
    )


def types_without_truth(edit_types: Mapping[str, EditType]) -> tuple[str, ...]:
    """Names of the types that have a step whose right result only its painter could draw."""
    return tuple(
        name
        for name, edit_type in edit_types.items()
        if not all(_can_be_drawn(step) for step in edit_type.steps)
    )


def known_steps(
    operation: Operation, edit_types: Mapping[str, EditType]
) -> Iterator[tuple[Step, PaintKind]]:
    """The painting steps of an operation on one scene, each with its kind.

    Raises:
        NoTruthError: if the right result of a step is not known.
        ImgEditError: if the edit type is unknown or asks for a frame.
    """
    name = operation.edit_type
    for step in _steps_of(operation, edit_types):
        if step.paint is PaintKind.FRAME:
            message = f"{name!r} pairs two frames: make its case with frame_case"
            raise ImgEditError(message)
        if not isinstance(step.paint, PaintKind) or not _is_known(step, operation.target):
            message = (
                f"nobody knows the perfect result of {name!r} with the target "
                f"{operation.target.key!r}; ask has_truth first"
            )
            raise NoTruthError(message)
        yield step, step.paint


def _steps_of(operation: Operation, edit_types: Mapping[str, EditType]) -> tuple[Step, ...]:
    if operation.edit_type not in edit_types:
        known = ", ".join(sorted(edit_types))
        message = f"no edit type {operation.edit_type!r} among {known}"
        raise ImgEditError(message)
    return edit_types[operation.edit_type].steps


def _is_known(step: Step, target: Target) -> bool:
    match step.paint:
        case PaintKind.INSERT:
            return target.key in names() and target.look in {"", *APPEARANCES}
        case PaintKind.RECOLOUR:
            return target.key in APPEARANCES
    return _can_be_drawn(step)


def _can_be_drawn(step: Step) -> bool:
    return isinstance(step.paint, PaintKind) and step.paint not in _PAINTERS_OWN
