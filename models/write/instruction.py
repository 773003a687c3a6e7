"""What an instruction writer takes and returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.edit_types.spec import EditType, Operation
from models.geometry import Box, Rgb


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One region an edit is about."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """What the paper's prompt takes: caption, class, objects, boxes and image size."""

    caption: str
    edit_type: EditType
    subjects: tuple[Subject, ...]
    width: int
    height: int
    seed: int
    edit_types: Mapping[str, EditType] = field(default_factory=dict)
    """The types that a mixed type combines, by name."""
    drawn: bool = False
    """Whether the image is an illustration: targets that only suit photographs are avoided."""
    before: str = ""
    after: str = ""
    """For a pair of frames: what the person does in each, where a source says so."""
    images: tuple[Rgb, ...] = ()
    """What a writer with eyes looks at: both frames of a pair, else the image or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenInstruction:
    """An instruction of at most 30 words, and the operations it asks for."""

    text: str
    operations: tuple[Operation, ...]
    wording: Literal["terse", "plain", "detailed", "model", "imported"]
