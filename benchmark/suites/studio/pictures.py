"""Pictures of the suites: drawn when they are first asked for, and kept as files."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import get_ident

import cv2
import numpy as np

from benchmark.cases import BenchCase, CaseTurn, StudioTruth
from benchmark.suites.studio.versions import changed_mask, version_of
from models.faults import FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.studio.scene import Scene, render
from resources.reading import MAX_IMAGE_BYTES, read_regular

REVISION = "1"
"""Raised whenever a case changes, or a picture's pixels do: numbers of two are not compared."""

_PNG_LEVEL = 1


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """A scene's picture, in a file from the first time that it was asked for."""

    scene: Scene
    path: Path

    def data(self) -> bytes:
        """The PNG.

        Several processes may draw it at once: each writes a file of its own and renames it.

        Raises:
            FaultError: The file cannot be read or written.
        """
        if self.path.is_file():
            return read_regular(self.path, max_bytes=MAX_IMAGE_BYTES)
        data = as_png(render(self.scene))
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}.{get_ident()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            aside.replace(self.path)
        except OSError as error:
            detail = f"{self.path}: {error.strerror}; name a cache folder that can be written to"
            raise FaultError(Reason.UNREADABLE, detail) from error
        return data


@dataclass(frozen=True, slots=True)
class DrawnMask:
    """Where a case's right results differ from its source, white on black."""

    case: BenchCase

    def data(self) -> bytes:
        """The PNG."""
        return as_png(changed_mask(self.case).view(np.uint8) * 255)


def as_png(image: Rgb) -> bytes:
    """The image, or a plane of grey, without loss; quickly rather than small."""
    shown = image[..., ::-1] if image.ndim == 3 else image
    done, data = cv2.imencode(".png", shown, [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL])
    if not done:
        message = f"an image of shape {image.shape} cannot be written as PNG"
        raise ImgEditError(message)
    return data.tobytes()


def cluster_of_scene(scene: Scene) -> str:
    """What cases of one picture share: a hash of its recipe, as cases are made undrawn."""
    return hashlib.sha256(json.dumps(asdict(scene)).encode()).hexdigest()[:16]


def studio_case(
    folder: Path,
    *,
    name: str,
    suite: str,
    task: str,
    turns: Sequence[CaseTurn],
    truth: StudioTruth,
    groups: tuple[str, ...] = (),
) -> BenchCase:
    """A case whose source and mask are drawn from its truth."""
    case = BenchCase(
        id=name,
        suite=suite,
        task=task,
        source=DrawnPicture(truth.scene, folder),
        turns=tuple(turns),
        cluster="",
        groups=groups,
        truth=truth,
    )
    given = version_of(case, 0).shown
    cluster = cluster_of_scene(given)
    case = replace(case, source=DrawnPicture(given, folder / f"{cluster}.png"), cluster=cluster)
    return replace(case, mask=DrawnMask(case))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSuite:
    """Cases of scenes that are drawn here, the same for everyone."""

    name: str
    tasks: tuple[str, ...]
    made: tuple[BenchCase, ...]
    revision: str = REVISION

    def cases(self) -> tuple[BenchCase, ...]:
        """All its cases, in a fixed order."""
        return self.made
