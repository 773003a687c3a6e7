"""COCO annotations: named boxes and captions for image files, with every fault kept."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, TypeAdapter, ValidationError

from models.annotation import AnnotatedObject, Annotation
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Box
from models.text import storable
from resources.reading import parse_json, read_regular

MAX_COCO_BYTES = 2 * 2**30
"""LVIS's training annotations have 1.1 GB."""

_M = TypeVar("_M", bound=BaseModel)
_Words = Annotated[str, AfterValidator(storable)]
_Side = Annotated[int, Field(ge=1, le=1_000_000)]
_SIZE: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[_Side, _Side])


class _Image(BaseModel):
    id: int | str
    file_name: str
    width: Any = None
    height: Any = None


class _Category(BaseModel):
    id: int | str
    name: _Words


class _Label(BaseModel):
    """A box with a category, or a caption; polygons are passed over."""

    id: int | str = ""
    image_id: int | str
    category_id: int | str | None = None
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
    issues: list[Fault] = field(default_factory=list)

    def annotation(self) -> Annotation:
        """The first caption and every box, in the file's order and not yet fitted to the image."""
        return Annotation(
            caption=self.captions[0] if self.captions else "", objects=tuple(self.objects)
        )


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
        document = _Document.model_validate(
            parse_json(read_regular(path, max_bytes=MAX_COCO_BYTES))
        )
    except FaultError as error:
        msg = f"cannot read the annotations: {error.fault.detail}; give a readable COCO file"
        raise ImgEditError(msg) from error
    except ValueError as error:
        raise _no_coco(path, _said(error)) from error
    coco = _assemble(document)
    if document.images and not coco.entries:
        raise _no_coco(path, coco.orphans[0].detail)
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


def fit(annotation: Annotation, width: int, height: int) -> tuple[Annotation, tuple[Fault, ...]]:
    """Clip an annotation's boxes to an image; boxes left without area are dropped and reported.

    Args:
        annotation: Boxes in pixels of the upright image.
        width: Of the upright image, pixels.
        height: Of the upright image, pixels.
    """
    kept, dropped = [], []
    for thing in annotation.objects:
        box = _clipped(thing.box, width, height)
        if Box(*(round(v) for v in box)).area_px:
            kept.append(thing.model_copy(update={"box": box}))
        else:
            detail = f"box {thing.box} of {thing.name!r} has no pixel inside {width} x {height}"
            dropped.append(_bad(detail))
    return annotation.model_copy(update={"objects": tuple(kept)}), tuple(dropped)


def _clipped(
    box: tuple[float, float, float, float], width: int, height: int
) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return (
        min(max(x0, 0.0), float(width)),
        min(max(y0, 0.0), float(height)),
        min(max(x1, 0.0), float(width)),
        min(max(y1, 0.0), float(height)),
    )


def _assemble(document: _Document) -> Coco:
    by_name: dict[str, CocoEntry] = {}
    by_id: dict[int | str, CocoEntry] = {}
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
            entry.issues.append(_bad(f"annotation {label.id} has neither a box nor a caption"))
        return
    name = names.get(label.category_id) if label.category_id is not None else None
    if name is None:
        detail = f"annotation {label.id} has category {label.category_id}, which is not listed"
        entry.issues.append(_bad(detail))
        return
    x, y, width, height = label.bbox
    box = (x, y, x + width, y + height)
    if not all(map(math.isfinite, box)):
        entry.issues.append(_bad(f"annotation {label.id} has the box {label.bbox}"))
        return
    entry.objects.append(AnnotatedObject(name=name, box=box))


def _bad(detail: str) -> Fault:
    return Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
