"""Studio scenes as a source: drawn when they are read, the same for everyone."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from models.faults import FaultError, Reason
from models.studio.frames import make_clip
from models.studio.scene import Scene, annotation, make_scene, render
from resources.sources.encode import lossless
from resources.sources.item import SourceItem

_LICENCE = "CC-BY-SA-4.0"
_ATTRIBUTION = "Composed from OpenMoji, the open-source emoji and icon project, openmoji.org"
_FRAME_GAP_S = 0.5


class StudioSource:
    """The first scenes and clips of the studio. Scene n is the same whatever the counts."""

    name = "studio"

    def __init__(self, *, scenes: int, clips: int, shard_size: int) -> None:
        self._scenes = scenes
        self._clips = clips
        self._shard_size = shard_size

    def items(self) -> Iterator[SourceItem]:
        """The scenes, then the frames of the clips."""
        for index in range(self._scenes):
            yield _item(f"studio://scene/{index}", make_scene(index))
        for index in range(self._clips):
            for number, frame in enumerate(make_clip(index)):
                yield _item(
                    f"studio://clip/{index}/{number}", frame, clip=f"clip-{index:06d}", place=number
                )

    def shard_index(self, item: SourceItem) -> int:
        """Scenes and clips of the same numbers share a shard, so a shard is the same for all."""
        return _numbers(item.uri)[0] // self._shard_size


def read_scene(uri: str) -> bytes:
    """Draw the scene or frame of a `studio://` URI, losslessly encoded.

    Raises:
        FaultError: MISSING_FILE where the URI names nothing that the studio makes.
    """
    numbers = _numbers(uri)
    if len(numbers) == 1:
        return lossless(render(make_scene(numbers[0])))
    frames = make_clip(numbers[0])
    if numbers[1] >= len(frames):
        raise FaultError(Reason.MISSING_FILE, f"{uri}: the clip has {len(frames)} frames")
    return lossless(render(frames[numbers[1]]))


def _numbers(uri: str) -> tuple[int, ...]:
    parts = urlsplit(uri)
    numbers = parts.path.strip("/").split("/")
    wanted = {"scene": 1, "clip": 2}.get(parts.netloc)
    if wanted != len(numbers) or not all(n.isdecimal() for n in numbers):
        raise FaultError(Reason.MISSING_FILE, f"{uri} is neither scene/<n> nor clip/<n>/<frame>")
    return tuple(int(n) for n in numbers)


def _item(uri: str, scene: Scene, *, clip: str = "", place: int = 0) -> SourceItem:
    return SourceItem(
        uri=uri,
        kind="frame" if clip else "image",
        clip=clip,
        t_s=place * _FRAME_GAP_S,
        annotation=annotation(scene),
        licence=_LICENCE,
        attribution=_ATTRIBUTION,
    )
