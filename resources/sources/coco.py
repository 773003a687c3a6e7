"""COCO annotations: named boxes and captions for image files, with every fault kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, FiniteFloat, ValidationError

from models.annotation import AnnotatedObject, Annotation
from models.faults import Fault, ImgEditError, Reason
from models.geometry import Box


class _Image(BaseModel):
    id: int | str
    file_name: str
    width: int | None = None
    height: int | None = None


class _Category(BaseModel):
    id: int | str
    name: str


class _Label(BaseModel):
    """A box with a category, or a caption; polygons are passed over."""

    id: int | str = ""
    image_id: int | str
    category_id: int | str | None = None
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    """x, y, width, height in pixels."""
    caption: str = ""


class _Document(BaseModel):
    images: list[_Image]
    categories: list[_Category] = []
    # Checked one by one, so that one bad label does not cost the others.
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
    """Labels that belong to no image of the file."""


def read_coco(path: Path) -> Coco:
    """Read a COCO file.

    Raises:
        ImgEditError: The file is absent, not JSON or not COCO.
    """
    try:
        document = _Document.model_validate_json(path.read_bytes())
    except OSError as error:
        msg = f"cannot read the annotations {path}: {error.strerror}; give a readable COCO file"
        raise ImgEditError(msg) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        msg = (
            f"{path} is not COCO JSON ({place}: {first['msg']}); it needs 'images' with 'id' and "
            "'file_name', 'annotations' with 'image_id', 'category_id' and 'bbox', 'categories'"
        )
        raise ImgEditError(msg) from error
    return _assemble(document)


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
    for image in document.images:
        fresh = CocoEntry(file_name=image.file_name, width=image.width, height=image.height)
        by_id[image.id] = by_name.setdefault(image.file_name, fresh)
    names = {c.id: c.name for c in document.categories}
    orphans = []
    for number, raw in enumerate(document.annotations):
        try:
            label = _Label.model_validate(raw)
        except ValidationError as error:
            orphans.append(_bad(f"annotation number {number}: {error.errors()[0]['msg']}"))
            continue
        entry = by_id.get(label.image_id)
        if entry is None:
            orphans.append(_bad(f"annotation {label.id} is of image {label.image_id}, not listed"))
        else:
            _enter(label, entry, names)
    return Coco(entries=by_name, orphans=tuple(orphans))


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
    entry.objects.append(AnnotatedObject(name=name, box=(x, y, x + width, y + height)))


def _bad(detail: str) -> Fault:
    return Fault(reason=Reason.BAD_ANNOTATION, detail=detail)
