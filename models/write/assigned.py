"""The edits that a language model is to ask for: drawn here, so that none is its favourite."""

from dataclasses import dataclass

import numpy as np

from models.edit_types.spec import EditType, Vocabulary
from models.faults import FaultError, Reason
from models.geometry import Box
from models.write.instruction import Subject, WriteRequest
from models.write.targets import target_by_plan
from models.write.words import nouns


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """One edit of one subject."""

    edit_type: EditType
    index: int
    """The subject's, among those of the request."""
    subject: Subject

    @property
    def is_named(self) -> bool:
        """Whether its name says what it is."""
        return self.subject.name not in nouns("unnamed")


def assigned(request: WriteRequest) -> tuple[Assigned, ...]:
    """The edit of the request, or of a mixed type two different ones, drawn by the seed.

    Raises:
        FaultError: A subject is lacking, or cannot be named where that is needed.
    """
    names = request.edit_type.operations
    if not names:
        return (_assigned(request, request.edit_type, 0),)
    order = np.random.default_rng(request.seed).permutation(len(names))[:2]
    return tuple(
        _assigned(request, request.edit_types[names[int(which)]], index)
        for index, which in enumerate(order)
    )


def _assigned(request: WriteRequest, edit_type: EditType, index: int) -> Assigned:
    if edit_type.regions.kind == "image":
        whole = Subject(name="image", box=Box.canvas(request.width, request.height))
        return Assigned(edit_type=edit_type, index=index, subject=whole)
    if index >= len(request.subjects) or not request.subjects[index].name.strip():
        detail = f"{edit_type.name}: subject {index} of {len(request.subjects)} has no name"
        raise FaultError(Reason.NOTHING_TO_SAY, detail)
    subject = request.subjects[index]
    if edit_type.brief.vocabulary is Vocabulary.NONE:
        target_by_plan(edit_type, subject.name)
    return Assigned(edit_type=edit_type, index=index, subject=subject)
