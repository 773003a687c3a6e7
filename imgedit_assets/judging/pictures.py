"""Pictures of a corpus: each as the part in which it differs from one that is there, to the bit.

Lessons about one image share nearly all of their pixels; whole, each would take a megabyte.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from models.faults import ImgEditError
from models.geometry import Box, Rgb, differing
from models.recent import Recent
from resources.releases.checksums import Digests

FOLDER = "images"

_FAST = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)
_LAST = 6
_BASES_BYTES = 24_000_000
"""Of decoded pictures: those of two scenes with what was painted of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A picture by the file that it is like, and a file of the box in which it is another."""

    base: str
    """Path under the corpus's folder."""
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    """`xyxy` in pixels."""
    crop: str = ""
    """Path under the folder; empty where both are equal."""


class Names:
    """The names of the last few arrays: lessons of one exercise have their source in common."""

    def __init__(self) -> None:
        self._last: deque[tuple[Rgb, str]] = deque(maxlen=_LAST)

    def of(self, image: Rgb, name: Callable[[Rgb], str]) -> str:
        """What `name` said of that very array, or says now."""
        for known, said in tuple(self._last):
            if known is image:
                return said
        said = name(image)
        self._last.append((image, said))
        return said


class PictureShelf:
    """Writes pictures into a folder; threads may share it."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests
        self._known: set[str] = set()
        self._bases = Names()
        self._lock = Lock()

    def put(self, image: Rgb, like: Rgb) -> Part:
        """Keep a picture, beside another that most of it is equal to."""
        base = like if like.shape == image.shape else image
        changed = differing(image, base)
        if not changed.any():
            return Part(base=self._bases.of(base, self._file))
        box = Box.around(changed)
        return Part(
            base=self._bases.of(base, self._file),
            box=(box.x0, box.y0, box.x1, box.y1),
            crop=self._file(image[box.slices]),
        )

    def _file(self, image: Rgb) -> str:
        digest = sha256(repr(image.shape).encode())
        digest.update(np.ascontiguousarray(image).data)
        name = f"{FOLDER}/{digest.hexdigest()[:16]}.png"
        with self._lock:
            is_new = name not in self._known
            self._known.add(name)
        if is_new:
            self._digests.write(name, _png(image))
        return name


class PictureReader:
    """Reads pictures from a folder, and keeps the last bases decoded; threads may share it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._bases = Recent[Rgb](max_bytes=_BASES_BYTES, n_bytes=lambda image: image.nbytes)

    def picture(self, part: Part) -> Rgb:
        """The picture, as it was put.

        Raises:
            ImgEditError: A file of it cannot be read.
        """
        image = self._bases.of(part.base, lambda: _read(self._root / part.base)).copy()
        if part.crop:
            image[Box(*part.box).slices] = _read(self._root / part.crop)
        return image


def _read(path: Path) -> Rgb:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{path} cannot be read as a picture: delete the corpus, and materialise it again"
        raise ImgEditError(msg)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _png(image: Rgb) -> bytes:
    # Of drawn scenes no larger than with filters that are chosen row by row, in half of the time.
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _FAST)[1].tobytes()
