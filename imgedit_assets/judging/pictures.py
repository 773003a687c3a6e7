"""Pictures of a corpus: each as the part in which it differs from one that is there, to the bit.

Lessons about one image share nearly all of their pixels; whole, each would take a megabyte.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from models.faults import ImgEditError
from models.geometry import Box, Rgb
from resources.releases.checksums import Digests

FOLDER = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A picture by the file that it is like, and a file of the box in which it is another."""

    base: str
    """Path under the corpus's folder."""
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    """`xyxy` in pixels."""
    crop: str = ""
    """Path under the folder; empty where both are equal."""


class PictureShelf:
    """Writes pictures into a folder; threads may share it."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._known: set[str] = set()
        self._lock = Lock()

    def put(self, image: Rgb, like: Rgb) -> Part:
        """Keep a picture, beside another that most of it is equal to."""
        base = like if like.shape == image.shape else image
        other = image ^ base
        changed = np.asarray((other[..., 0] | other[..., 1] | other[..., 2]) > 0)
        if not changed.any():
            return Part(base=self._file(base))
        box = Box.around(changed)
        return Part(
            base=self._file(base),
            box=(box.x0, box.y0, box.x1, box.y1),
            crop=self._file(image[box.slices]),
        )

    def _file(self, image: Rgb) -> str:
        name = (
            f"{FOLDER}/{sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()[:16]}.png"
        )
        with self._lock:
            is_new = name not in self._known
            self._known.add(name)
        if is_new:
            self._digests.write(name, _png(image))
        return name


def restored(root: Path, part: Part) -> Rgb:
    """The picture, as it was put.

    Raises:
        ImgEditError: A file of it cannot be read.
    """
    image = _read(root / part.base)
    if part.crop:
        image[Box(*part.box).slices] = _read(root / part.crop)
    return image


def _read(path: Path) -> Rgb:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{path} cannot be read as a picture: delete the corpus, and materialise it again"
        raise ImgEditError(msg)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _png(image: Rgb) -> bytes:
    # Level 1: of drawn scenes a sixth larger than the default, in a third of the time.
    level = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), level)[1].tobytes()
