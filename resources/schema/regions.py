"""Named boxes of an image, their masks, and which of them can be edited."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from resources.schema.rows import ShardRow

if TYPE_CHECKING:
    # Both load NumPy, which the definitions do without.
    from models.geometry import Box
    from models.masks import Rle


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRow(ShardRow):
    """A row about one named box of one image."""

    image_id: str
    name: str
    kind: str
    """`object` or `background`."""
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def box(self) -> "Box":
        """The box."""
        from models.geometry import Box

        return Box(self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection(BoxRow):
    """One named box."""

    TABLE: ClassVar[str] = "detections"
    PARENTS: ClassVar[tuple[str, ...]] = ("captions",)

    score: float
    detector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRow(BoxRow):
    """A row with a mask."""

    width: int
    height: int
    rle: str
    area_frac: float
    """Share of the image inside the mask, 0 to 1."""
    mask_score: float
    """The segmenter's own estimate, 0 to 1."""

    @property
    def mask(self) -> "Rle":
        """The mask."""
        from models.masks import Rle

        return Rle(counts=self.rle, height=self.height, width=self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask(MaskRow):
    """The mask of one detection."""

    TABLE: ClassVar[str] = "masks"
    PARENTS: ClassVar[tuple[str, ...]] = ("detections",)

    segmenter: str
    truth_iou: float | None
    """Against the truth of a studio scene; empty for photographs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRegion(BoxRow):
    """What the embedder says of one mask, whether it is good enough or not."""

    TABLE: ClassVar[str] = "measured_regions"
    PARENTS: ClassVar[tuple[str, ...]] = ("masks",)

    crop_score: float | None
    """Probability of the name against its negation, 0 to 1; empty where no embedder is bound, or
    where it cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditableRegion(MaskRow):
    """A mask that passed the region gate."""

    TABLE: ClassVar[str] = "editable_regions"
    PARENTS: ClassVar[tuple[str, ...]] = ("measured_regions",)

    version_id: str
    crop_score: float | None
    """As measured: 0 to 1."""
    truth_iou: float | None
