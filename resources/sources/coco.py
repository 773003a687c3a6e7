"""COCO annotations: named boxes and captions for image files, with every fault kept."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from models.annotation import AnnotatedObject, Annotation
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.text import storable
from resources.reading import parse_json, read_regular
from resources.sources.formats import format_of_bytes, format_of_json

MAX_COCO_BYTES = 2 * 2**30
"""LVIS's training annotations have 1.1 GB."""

_NO_CROWD = (0, "0", None, "", "false")

_M = TypeVar("_M", bound=BaseModel)
_Id = Annotated[int | str, AfterValidator(str)]
"""Compared as text: some tools write `"7"` in one list and `7` in the other."""
_Words = Annotated[str, AfterValidator(storable)]
_Side = Annotated[int, Field(ge=1, le=1_000_000)]
_SIZE: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[_Side, _Side])


class _Image(BaseModel):
    id: _Id
    file_name: str = ""
    coco_url: str = ""
    """LVIS names the file by the last part of it."""
    width: Any = None
    height: Any = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.file_name:
            self.file_name = self.coco_url.rpartition("/")[2]
        if not self.file_name:
            msg = "it has neither 'file_name' nor 'coco_url'"
            raise ValueError(msg)
        return self


class _Category(BaseModel):
    id: _Id
    name: _Words


class _Label(BaseModel):
    """A box with a category, or a caption; polygons are passed over."""

    id: int | str = ""
    image_id: _Id
    category_id: _Id | None = None
    iscrowd: Any = 0
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    """x, y, width, height in pixels."""
    caption: _Words = ""


class _Document(BaseModel):
    """What it lists is checked one by one, so that one bad entry does not cost the others."""

    images: list[Any]
    categories: list[Any] = []
    annotations: list[Any] = []


@dataclass(slots=True, kw_only=True)
class CocoEntry:
    """What a COCO file says of one image."""

    file_name: str
    width: int | None
    height: int | None
    captions: list[str] = field(default_factory=list)
    objects: list[AnnotatedObject] = field(default_factory=list)
    left_out: int = 0
    """Labels that cannot be used; each is an issue."""
    issues: list[Fault] = field(default_factory=list)

    @property
    def is_labelled(self) -> bool:
        """Whether anything is said of the image, be it of no use."""
        return bool(self.captions or self.objects or self.left_out)

    def annotation(self) -> Annotation:
        """The first caption and every box, in the file's order and not yet fitted to the image."""
        return Annotation(
            caption=self.captions[0] if self.captions else "",
            objects=tuple(self.objects),
            drawn_on=(self.width, self.height) if self.width and self.height else None,
            left_out=self.left_out,
        )

    def leave_out(self, fault: Fault) -> None:
        """Count a label that cannot be used, and say why."""
        self.left_out += 1
        self.issues.append(fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coco:
    """A COCO file, by image file name."""

    entries: Mapping[str, CocoEntry]
    orphans: tuple[Fault, ...]
    """Entries that are no image, no category or no label, and labels of no image of the file."""


def read_coco(path: Path) -> Coco:
    """Read a COCO file.

    Raises:
        ImgEditError: The file is absent, not JSON or not COCO.
    """
    try:
        data = read_regular(path, max_bytes=MAX_COCO_BYTES)
    except FaultError as error:
        msg = f"cannot read the annotations: {error.fault.detail}; give a readable COCO file"
        raise ImgEditError(msg) from error
    try:
        value = parse_json(data)
        if seems := format_of_json(value):
            raise _no_coco(path, f"it seems to be {seems}")
        document = _Document.model_validate(value)
    except ValueError as error:
        said = format_of_bytes(data)
        raise _no_coco(path, f"it seems to be {said}" if said else _said(error)) from error
    coco = _assemble(document)
    if document.images and not coco.entries:
        raise _no_coco(path, coco.orphans[0].detail)
    if document.annotations and not any(e.is_labelled for e in coco.entries.values()):
        msg = (
            f"{path}: none of its {len(document.annotations)} annotations belongs to an image that "
            f"it lists; the first: {coco.orphans[0].detail}; 'image_id' must be an 'id' of 'images'"
        )
        raise ImgEditError(msg)
    return coco


def _no_coco(path: Path, why: str) -> ImgEditError:
    return ImgEditError(
        f"{path} is not COCO JSON ({why}); it needs 'images' with 'id' and "
        "'file_name', 'annotations' with 'image_id', 'category_id' and 'bbox', 'categories'"
    )


def _said(error: ValueError) -> str:
    """What is wrong, and where, in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]


def _assemble(document: _Document) -> Coco:
    by_name: dict[str, CocoEntry] = {}
    by_id: dict[str | int, CocoEntry] = {}
    orphans: list[Fault] = []
    for image in _sound(_Image, "image", document.images, orphans):
        by_id[image.id] = by_name.setdefault(image.file_name, _entry(image))
    categories = _sound(_Category, "category", document.categories, orphans)
    names = {c.id: c.name for c in categories}
    for label in _sound(_Label, "annotation", document.annotations, orphans):
        entry = by_id.get(label.image_id)
        if entry is None:
            orphans.append(_bad(f"annotation {label.id} is of image {label.image_id}, not listed"))
        else:
            _enter(label, entry, names)
    return Coco(entries=by_name, orphans=tuple(orphans))


def _sound(
    model: type[_M], what: str, listed: Sequence[object], faults: list[Fault]
) -> Iterator[_M]:
    """The entries that are what they should be; the others are added to the faults."""
    for number, raw in enumerate(listed):
        try:
            yield model.model_validate(raw)
        except ValidationError as error:
            faults.append(_bad(f"{what} number {number}: {_said(error)}"))


def _entry(image: _Image) -> CocoEntry:
    """An image's entry; a size that none can have is reported, and then the file's own counts."""
    fresh = CocoEntry(file_name=image.file_name, width=None, height=None)
    if image.width or image.height:
        try:
            fresh.width, fresh.height = _SIZE.validate_python((image.width, image.height))
        except ValidationError:
            size = f"{image.width!r} x {image.height!r}"
            fresh.issues.append(_bad(f"its size is said to be {size} pixels, which is none"))
    return fresh


def _enter(label: _Label, entry: CocoEntry, names: Mapping[int | str, str]) -> None:
    if label.caption:
        entry.captions.append(label.caption.strip())
    if label.bbox is None:
        if not label.caption:
            entry.leave_out(_bad(f"annotation {label.id} has neither a box nor a caption"))
        return
    name = names.get(label.category_id) if label.category_id is not None else None
    if name is None:
        detail = f"annotation {label.id} has category {label.category_id}, which is not listed"
        entry.leave_out(_bad(detail))
        return
    if label.iscrowd not in _NO_CROWD:
        detail = f"annotation {label.id} is a crowd ('iscrowd') of {name!r}, no single object"
        entry.leave_out(Fault(reason=Reason.NO_OBJECT, detail=detail))
        return
    x, y, width, height = label.bbox
    box = (x, y, x + width, y + height)
    if not all(map(math.isfinite, box)):
        entry.leave_out(_bad(f"annotation {label.id} has the box {label.bbox}"))
        return
    entry.objects.append(AnnotatedObject(name=name, box=box))


def _bad(detail: str) -> Fault:
    return Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
