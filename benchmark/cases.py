"""What a benchmark asks: cases, each a picture with one instruction or a few turns."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from models.geometry import Bitmap, Rgb
from models.images import decode
from resources.reading import MAX_IMAGE_BYTES, read_regular

if TYPE_CHECKING:
    from models.edit_types.spec import Operation
    from models.studio.scene import Scene


class Picture(Protocol):
    """An encoded image: a file, a cell of a table, or one that is drawn when it is asked for."""

    def data(self) -> bytes:
        """The bytes as they lie there.

        Raises:
            FaultError: They cannot be read.
        """


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture in a file of its own."""

    path: Path

    def data(self) -> bytes:
        """The file's bytes.

        Raises:
            FaultError: MISSING_FILE or UNREADABLE.
        """
        return read_regular(self.path, max_bytes=MAX_IMAGE_BYTES)


def pixels(picture: Picture) -> Rgb:
    """The picture upright in sRGB, height x width x 3.

    Raises:
        FaultError: It cannot be read, or is no picture.
    """
    return decode(picture.data())


def sized(result: Rgb, like: Rgb) -> Rgb:
    """A result at the source's size: area averaging where it shrinks, Lanczos where it grows."""
    height, width = like.shape[:2]
    if result.shape[:2] == (height, width):
        return result
    shrinks = result.shape[0] * result.shape[1] > height * width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(result, (width, height), interpolation=way), np.uint8)


def cluster_of(data: bytes) -> str:
    """What cases of one source picture share: a hash of its bytes.

    Two instructions about one picture are no independent samples, so intervals are taken over
    clusters.
    """
    return hashlib.sha256(data).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTurn:
    """One thing that is asked for."""

    instruction: str
    starts_from: int
    """The version that it is said of: 0 is the source, k the result of turn k."""
    operations: tuple["Operation", ...] = ()
    """What it means, where the suite knows: subjects index the case's `masks`."""
    checks: tuple[str, ...] = ()
    """Keys of what can be checked of its result (`benchmark.multiturn`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchCase:
    """One case of a suite."""

    id: str
    """Unique in its suite; the key of the suite's own file."""
    suite: str
    task: str
    source: Picture
    turns: tuple[CaseTurn, ...]
    """One, but for dialogues."""
    cluster: str
    """`cluster_of` the source."""
    reference: Picture | None = None
    """A second picture that the instruction speaks of; editors are given it."""
    further: tuple[Picture, ...] = ()
    """Source pictures beyond these two, for the few cases that have them."""
    expected: Picture | None = None
    """What the suite holds for a right result; judges may be shown it, editors are not."""
    mask: Picture | None = None
    """Where the edit was asked for, as large as the source: what is not black lies inside."""
    groups: tuple[str, ...] = ()
    """Further sets that it is reported with: a language, a challenge."""
    facts: tuple[tuple[str, str], ...] = ()
    """What a suite's own rubric needs besides, as (name, text): KRIS's explanation."""
    truth: "StudioTruth | None" = None
    """For scenes of the studio."""

    @property
    def instruction(self) -> str:
        """What the first turn asks for: for a case of one turn, all."""
        return self.turns[0].instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioTruth:
    """What is known of a case whose picture was drawn here."""

    scene: "Scene"
    subjects: tuple[int, ...]
    """The scene's object behind each subject of the operations."""
    after: "Scene | None" = None
    """The later frame, for a case of motion."""

    def masks(self) -> tuple[Bitmap, ...]:
        """What can be seen of each subject, height x width."""
        from models.studio.scene import visible_masks

        seen = visible_masks(self.scene)
        return tuple(seen[subject] for subject in self.subjects)


class Suite(Protocol):
    """A set of cases."""

    @property
    def name(self) -> str:
        """A name of `benchmark.suites.SUITES`."""

    @property
    def revision(self) -> str:
        """Which edition of the cases this is: enters every report."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Its tasks in the order of its own publications."""

    def cases(self) -> tuple[BenchCase, ...]:
        """All its cases, in a fixed order."""
