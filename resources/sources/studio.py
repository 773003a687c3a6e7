"""Studio scenes as a source: drawn when they are read, the same for everyone."""

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from models.annotation import Annotation
from models.faults import FaultError, Reason
from models.studio.frames import make_clip
from models.studio.scene import Scene, annotation, make_scene, render
from resources.sources.encode import lossless
from resources.sources.item import SourceItem

_LICENCE = "CC-BY-SA-4.0"
_ATTRIBUTION = "Composed from OpenMoji, the open-source emoji and icon project, openmoji.org"
_FRAME_GAP_S = 0.5
FRAMES_PER_CLIP = 3
"""Every clip has three frames or more; so many are used."""


class StudioSource:
    """Shards of studio scenes and clips. A shard of the same size is the same for everyone.

    Items are listed without being drawn; `studio_annotation` says what a scene shows.
    """

    name = "studio"

    def __init__(self, *, shards: int, scenes_per_shard: int, clips_per_shard: int) -> None:
        self._shards = shards
        self._scenes_per_shard = scenes_per_shard
        self._clips_per_shard = clips_per_shard

    def items(self) -> Iterator[SourceItem]:
        """The scenes, then the frames of the clips."""
        for index in range(self._shards * self._scenes_per_shard):
            yield _item(f"studio://scene/{index}")
        for index in range(self._shards * self._clips_per_shard):
            for number in range(FRAMES_PER_CLIP):
                uri = f"studio://clip/{index}/{number}"
                yield _item(uri, clip=f"clip-{index:06d}", place=number)

    def shard_index(self, item: SourceItem) -> int:
        """Scenes and clips each fill the shards in the order of their numbers."""
        frames = item.kind == "frame"
        size = self._clips_per_shard if frames else self._scenes_per_shard
        return _numbers(item.uri)[0] // size


def read_scene(uri: str) -> bytes:
    """Draw the scene or frame of a `studio://` URI, losslessly encoded.

    Raises:
        FaultError: MISSING_FILE where the URI names nothing that the studio makes.
    """
    return lossless(render(studio_scene(uri)))


def studio_annotation(uri: str) -> Annotation:
    """What the scene or frame of a `studio://` URI shows.

    Raises:
        FaultError: MISSING_FILE where the URI names nothing that the studio makes.
    """
    return annotation(studio_scene(uri))


@lru_cache(maxsize=64)
def studio_scene(uri: str) -> Scene:
    """The scene or frame of a `studio://` URI.

    Raises:
        FaultError: MISSING_FILE where the URI names nothing that the studio makes.
    """
    number, *frame = _numbers(uri)
    if not frame:
        return make_scene(number)
    frames = make_clip(number)
    if frame[0] >= len(frames):
        raise FaultError(Reason.MISSING_FILE, f"{uri}: the clip has {len(frames)} frames")
    return frames[frame[0]]


def _numbers(uri: str) -> tuple[int, ...]:
    parts = urlsplit(uri)
    numbers = parts.path.strip("/").split("/")
    wanted = {"scene": 1, "clip": 2}.get(parts.netloc)
    if wanted != len(numbers) or not all(n.isdecimal() for n in numbers):
        raise FaultError(Reason.MISSING_FILE, f"{uri} is neither scene/<n> nor clip/<n>/<frame>")
    return tuple(int(n) for n in numbers)


def _item(uri: str, *, clip: str = "", place: int = 0) -> SourceItem:
    return SourceItem(
        uri=uri,
        kind="frame" if clip else "image",
        clip=clip,
        t_s=place * _FRAME_GAP_S,
        licence=_LICENCE,
        attribution=_ATTRIBUTION,
    )
