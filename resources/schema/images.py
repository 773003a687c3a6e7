"""What comes in, and what is known of each image: the assets by shard, up to captions."""

from dataclasses import dataclass
from typing import ClassVar, NewType

from resources.schema.rows import ShardRow

VECTOR_WIDTH = 1536
"""Numbers in a stored vector: the widest of open_clip's models. A column has one width for every
model; zeros at the end change no cosine."""

StoredVector = NewType("StoredVector", bytes)
"""`VECTOR_WIDTH` little-endian float16 (`resources.vectors`): a fixed-size list in its table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceImage(ShardRow):
    """One image as it came. Its bytes are its root version."""

    TABLE: ClassVar[str] = "source_images"

    uri: str
    version_id: str
    width: int
    height: int
    format: str
    mode: str
    frames: int
    n_bytes: int
    sha256: str
    annotation: str
    """`models.annotation.Annotation` as JSON; empty where the source says nothing."""
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFrame(ShardRow):
    """One frame of a clip."""

    TABLE: ClassVar[str] = "video_frames"

    uri: str
    clip: str
    t_s: float
    version_id: str
    width: int
    height: int
    n_bytes: int
    sha256: str
    phash: str
    """64-bit perceptual hash, 16 hex digits."""
    annotation: str
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredImage(ShardRow):
    """What models say of one source image, whether it is good enough or not."""

    TABLE: ClassVar[str] = "measured_images"
    PARENTS: ClassVar[tuple[str, ...]] = ("source_images",)

    uri: str
    version_id: str
    aesthetic: float
    """1 to 10, LAION's scale."""
    phash: str
    """64-bit perceptual hash, 16 hex digits."""
    unsafe: float | None
    """Probability that it is not safe for work, 0 to 1; empty where no safety filter is bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilteredImage(ShardRow):
    """An image that is large enough, pleasing enough, and no duplicate of an earlier one."""

    TABLE: ClassVar[str] = "filtered_images"
    PARENTS: ClassVar[tuple[str, ...]] = ("measured_images",)
    VERSION: ClassVar[str] = "3"

    uri: str
    version_id: str
    width: int
    height: int
    aesthetic: float
    """1 to 10, LAION's scale."""
    phash: str
    """64-bit perceptual hash, 16 hex digits."""
    unsafe: float | None
    """Probability that it is not safe for work, 0 to 1; empty where no safety filter is bound."""
    sha256: str
    annotation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEmbedding(ShardRow):
    """Where an image lies in an embedder's space. Those of two recipes never compare."""

    TABLE: ClassVar[str] = "image_embeddings"
    PARENTS: ClassVar[tuple[str, ...]] = ("filtered_images",)

    image_id: str
    version_id: str
    """The image's root version."""
    model: str
    """Backend, its version and its checkpoint, in words."""
    width: int
    """Numbers of the model's own; those after them are zero."""
    vector: StoredVector


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPair(ShardRow):
    """A pair of somebody's release, as it came. Its images are root versions."""

    TABLE: ClassVar[str] = "imported_pairs"

    uri: str
    label: str
    """The edit type that it is said to be of."""
    instruction: str
    source_version_id: str
    target_version_id: str
    reference_version_id: str
    """Empty where it has none."""
    width: int
    height: int
    masks: tuple[str, ...]
    """COCO RLE counts; empty where it has none."""
    operations: str
    """JSON of what the release says that is done to which mask; empty where it says nothing."""
    scaled_from: str
    """The size in which the result came, `904x678`, where it was brought to the source's."""
    sha256: str
    """Of the source's bytes."""
    phash: str
    """Of the source: 64-bit perceptual hash, 16 hex digits."""
    dialogue: str
    """The name that the turns of one dialogue share; empty for single-turn pairs."""
    turn: int
    turns: int
    """How many turns the dialogue has, as the release says; 0 where it does not say."""
    given_score: float | None
    """The score that the release gives it, 1 to 5."""
    licence: str
    attribution: str

    @property
    def version_id(self) -> str:
        """The source's root version."""
        return self.source_version_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption(ShardRow):
    """What an image shows."""

    TABLE: ClassVar[str] = "captions"
    PARENTS: ClassVar[tuple[str, ...]] = ("filtered_images",)

    image_id: str
    caption: str
    short_caption: str
    object_nouns: tuple[str, ...]
    background_nouns: tuple[str, ...]
    describer: str
