"""What a source already says of an image: COCO-style boxes, names and a caption."""

from pydantic import BaseModel, ConfigDict, Field


class AnnotatedObject(BaseModel):
    """A named box."""

    model_config = ConfigDict(frozen=True)

    name: str
    box: tuple[float, float, float, float]
    """`xyxy`, pixels of the upright image (after EXIF rotation)."""


class Annotation(BaseModel):
    """Everything a source says of one image. All of it may be absent."""

    model_config = ConfigDict(frozen=True)

    caption: str = ""
    objects: tuple[AnnotatedObject, ...] = ()
    background_nouns: tuple[str, ...] = ()
    action: str = Field(default="", description="what the person of a video frame is doing")

    def to_json(self) -> str:
        """Canonical JSON, so equal annotations have equal digests."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> "Annotation":
        """Read `to_json`; the empty string is an empty annotation."""
        return cls.model_validate_json(text) if text else cls()
