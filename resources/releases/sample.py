"""One row of a release, whatever layout it is written in; and what all of them come to."""

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, Self

from models.geometry import Box
from resources.releases.columns import COLUMNS

Layout = Literal["huggingface", "webdataset", "imgedit", "folders"]

ImageFormat = Literal["png", "jpeg", "webp"]

SUFFIXES: dict[ImageFormat, str] = {"png": "png", "jpeg": "jpg", "webp": "webp"}

SPLITS = ("train", "validation", "test")
"""The splits of a release, in the order in which they are told."""

# Names become names of files: no dot, at which WebDataset ends a key, and nothing that climbs.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedImage:
    """An image as the bytes of a file. Width and height are those of the upright image."""

    payload: bytes = field(repr=False)
    format: ImageFormat
    width: int
    height: int
    sha256: str
    """Of the payload, in hexadecimal."""

    @classmethod
    def of(cls, payload: bytes, *, format: ImageFormat, width: int, height: int) -> Self:
        """The image with its digest worked out."""
        digest = hashlib.sha256(payload).hexdigest()
        return cls(payload=payload, format=format, width=width, height=height, sha256=digest)

    @property
    def suffix(self) -> str:
        """The suffix of its file's name, without the dot."""
        return SUFFIXES[self.format]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSample:
    """An accepted pair with all that a release says of it.

    Raises:
        ValueError: A name that becomes part of a file's name is not of letters, digits, `_`, `-`.
    """

    id: str
    split: str
    edit_type: str
    instruction: str
    turn: int
    turns: int
    dialogue_id: str
    source: EncodedImage
    target: EncodedImage
    reference: EncodedImage | None
    previous: EncodedImage | None
    mask: EncodedImage | None
    masks: tuple[str, ...]
    boxes: tuple[Box, ...]
    grow_px: int | None
    operations: str
    adherence: float
    quality: float
    preservation: float
    score: float
    dialogue_score: float
    reason: str
    judge: str
    changed_frac: float
    unsafe: float | None
    seed: int
    painter: str
    writer: str
    pair_id: str
    instruction_id: str
    image_id: str
    source_row_id: str
    run_id: str
    recipes: str
    source_uri: str
    source_sha256: str
    licence: str
    attribution: str

    def __post_init__(self) -> None:
        for name in (self.id, self.edit_type, self.dialogue_id or self.id):
            if not _PLAIN_NAME.fullmatch(name):
                msg = f"{name!r} cannot be part of a file's name; use letters, digits, '_' and '-'"
                raise ValueError(msg)
        if self.split not in SPLITS:
            msg = f"split {self.split!r} of {self.id} is none of {', '.join(SPLITS)}"
            raise ValueError(msg)

    @property
    def width(self) -> int:
        """The source's width in pixels; the target has the same."""
        return self.source.width

    @property
    def height(self) -> int:
        """The source's height in pixels; the target has the same."""
        return self.source.height

    @property
    def source_checksum(self) -> str:
        """SHA-256 of the source's bytes as released."""
        return self.source.sha256

    @property
    def target_checksum(self) -> str:
        """SHA-256 of the target's bytes as released."""
        return self.target.sha256

    @property
    def n_bytes(self) -> int:
        """The bytes of its images."""
        return sum(len(image.payload) for _, image in self.images())

    def images(self) -> list[tuple[str, EncodedImage]]:
        """The images that it has, by the names of their columns."""
        named = {name: getattr(self, name) for name in IMAGE_COLUMNS}
        return [(name, image) for name, image in named.items() if image is not None]

    def values(self) -> dict[str, object]:
        """The columns that hold no image, as JSON knows them, with the row's checksum."""
        values: dict[str, object] = {name: _plain(getattr(self, name)) for name in VALUE_COLUMNS}
        digests = {name: image.sha256 for name, image in self.images()}
        return {**values, "row_checksum": row_checksum(values, digests)}


IMAGE_COLUMNS = tuple(column.name for column in COLUMNS if column.kind == "image")
"""The columns that hold an image."""

NO_IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)
"""A PNG of one black pixel: in a tar, a column without an image."""

VALUE_COLUMNS = tuple(c.name for c in COLUMNS if c.kind != "image" and c.name != "row_checksum")
"""The columns that hold none, but for the checksum of the row itself."""


def row_checksum(values: dict[str, object], digests: dict[str, str]) -> str:
    """SHA-256 of a row: its values by column, and the SHA-256 of its images by column.

    Two columns that changed places, or a value that changed, give another checksum.
    """
    # Releases of before a column was added are as sound as they were.
    said = {name: values[name] for name in VALUE_COLUMNS if name in values}
    text = json.dumps([said, digests], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Box):
        return [value.x0, value.y0, value.x1, value.y1]
    return value


@dataclass(slots=True)
class Contents:
    """Counts over the samples of a release."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By class and split."""
    licences: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Pairs by licence and attribution."""
    images: set[tuple[str, str]] = field(default_factory=set)
    """Each source image's split and id."""
    dialogues: int = 0
    masked: int = 0
    """Pairs with a mask."""

    def add(self, sample: ReleaseSample) -> None:
        """Count a sample."""
        self.pairs[sample.edit_type, sample.split] += 1
        self.licences[sample.licence, sample.attribution] += 1
        self.images.add((sample.split, sample.image_id))
        self.dialogues += sample.turns > 1 and sample.turn == 1
        self.masked += sample.mask is not None

    @property
    def total(self) -> int:
        """All pairs."""
        return self.pairs.total()

    @property
    def splits(self) -> dict[str, int]:
        """Pairs by split."""
        splits: Counter[str] = Counter()
        for (_, split), count in self.pairs.items():
            splits[split] += count
        return dict(splits)
