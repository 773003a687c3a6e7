"""What lies beside an image under the same name, as img2dataset and caption tools write it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from models.annotation import Annotation
from models.faults import Fault, FaultError, Reason
from models.text import storable
from resources.reading import parse_json, read_regular
from resources.sources.item import SourceItem

MAX_SIDE_BYTES = 2**20
SIDES = (".txt", ".json")
_NUMBERS = re.compile(r"[\s\d.,eE+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is said of an image; texts are empty where nothing is."""

    caption: str = ""
    licence: str = ""
    attribution: str = ""
    """The author, or else the address that the image came from."""
    issues: tuple[Fault, ...] = ()


def read_beside(path: Path) -> Beside:
    """What the `.txt` and `.json` beside an image say; one that cannot be read is an issue."""
    data: dict[str, bytes] = {}
    issues = []
    for suffix in SIDES:
        try:
            data[suffix] = read_regular(path.with_suffix(suffix), max_bytes=MAX_SIDE_BYTES)
        except FaultError as error:
            if error.fault.reason is not Reason.MISSING_FILE:
                issues.append(Fault(reason=Reason.BAD_ANNOTATION, detail=error.fault.detail))
    said = parse_beside(path.name, data)
    return replace(said, issues=(*issues, *said.issues)) if issues else said


def parse_beside(name: str, data: Mapping[str, bytes]) -> Beside:
    """What side files say of the image of a name.

    Args:
        name: Of the image, for messages.
        data: Bytes by suffix. A text of numbers alone, as YOLO's labels are, is no caption.
    """
    issues: tuple[Fault, ...] = ()
    fields: object = None
    if raw := data.get(".json"):
        try:
            fields = parse_json(raw)
        except ValueError as error:
            detail = f"the .json beside {name} is none: {error}"
            issues = (Fault(reason=Reason.BAD_ANNOTATION, detail=detail),)
    texts = fields if isinstance(fields, Mapping) else {}
    caption = storable(data.get(".txt", b"").decode("utf-8-sig", "replace").strip())
    if _NUMBERS.fullmatch(caption):
        caption = _first(texts, "caption", "text")
    return Beside(
        caption=caption,
        licence=_first(texts, "license", "licence"),
        attribution=_first(texts, "attribution", "author", "credit", "url"),
        issues=issues,
    )


def with_beside(item: SourceItem, said: Beside) -> SourceItem:
    """The item with what is said of it."""
    return replace(
        item,
        annotation=Annotation(caption=said.caption),
        licence=said.licence,
        attribution=said.attribution,
        issues=(*item.issues, *said.issues),
    )


def _first(fields: Mapping[str, object], *names: str) -> str:
    found = (fields.get(name) for name in names)
    return next(
        (storable(text.strip()) for text in found if isinstance(text, str) and text.strip()), ""
    )
