"""What a source already says of an image: COCO-style boxes, names and a caption."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_QUALIFIER = re.compile(r"\([^()]*\)")


def spoken(name: str) -> str:
    """A class name as it is said: `bow_(decorative_ribbons)` is "bow", `mail_slot` "mail slot"."""
    said = name.replace("_", " ")
    return " ".join((_QUALIFIER.sub(" ", said).strip() or said.strip(" ()")).split())


_Name = Annotated[str, AfterValidator(spoken)]


class AnnotatedObject(BaseModel):
    """A named box."""

    model_config = ConfigDict(frozen=True)

    name: _Name
    box: tuple[float, float, float, float]
    """`xyxy`, pixels of the upright image (after EXIF rotation)."""


class Annotation(BaseModel):
    """Everything a source says of one image. All of it may be absent."""

    model_config = ConfigDict(frozen=True)

    caption: str = ""
    objects: tuple[AnnotatedObject, ...] = ()
    background_nouns: tuple[_Name, ...] = ()
    action: str = Field(default="", description="what the person of a video frame is doing")
    drawn_on: tuple[int, int] | None = None
    """Width and height of the picture that was labelled, where it is not this one."""
    left_out: int = 0
    """Labels of the source that cannot be used."""

    def to_json(self) -> str:
        """Canonical JSON, so equal annotations have equal digests."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> "Annotation":
        """Read `to_json`; the empty string is an empty annotation."""
        return cls.model_validate_json(text) if text else cls()
