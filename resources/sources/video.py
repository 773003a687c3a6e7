"""Frames: of a video file sub-sampled in time, or of a folder with one sub-folder for each clip."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

from models.faults import Fault, FaultError, ImgEditError, Reason
from models.geometry import Rgb
from models.images import MAX_PIXELS
from resources.reading import descriptor_path, open_regular
from resources.sources.encode import lossless
from resources.sources.folder import walk_images
from resources.sources.item import SourceItem
from resources.uris import file_uri, path_of, shard_prefix

# A broken video is our reject; OpenCV's warning would stand among the progress.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


class VideoSource:
    """The frames of a video, `every_s` seconds apart, or every n-th picture of folders of frames.

    A folder of frames has no clock: a frame's time is then its place in the clip.
    """

    def __init__(self, path: Path, *, every_s: float = 1.0, every_nth: int = 1) -> None:
        self._path = path.expanduser().resolve()
        self._every_s = every_s
        self._every_nth = every_nth
        self.name = shard_prefix("video", self._path)
        self.left_out: Counter[str] = Counter()
        """Files of a folder that are no images, by suffix; known once the items are listed."""
        if every_s <= 0 or every_nth < 1:
            msg = f"every_s={every_s} and every_nth={every_nth}; both must be above 0"
            raise ImgEditError(msg)
        if not self._path.is_dir():
            try:
                open_regular(self._path).close()
            except FaultError as error:
                msg = f"{error.fault.detail}; give a video file or a folder of frames"
                raise ImgEditError(msg) from error

    def items(self) -> Iterator[SourceItem]:
        """The frames in the order of time, clip by clip; of a broken video one faulty frame."""
        return self._from_folder() if self._path.is_dir() else self._from_file()

    def _from_file(self) -> Iterator[SourceItem]:
        try:
            fps, frames = _length(self._path)
        except FaultError as error:
            yield self._frame(0, 0.0, error.fault)
            return
        step = max(1.0, self._every_s * fps)
        for k in range(math.ceil(frames / step)):
            frame = round(k * step)
            if frame < frames:
                yield self._frame(frame, frame / fps)

    def _frame(self, number: int, t_s: float, fault: Fault | None = None) -> SourceItem:
        return SourceItem(
            uri=file_uri(self._path, scheme="video", fragment=f"frame={number}"),
            kind="frame",
            clip=self._path.stem,
            t_s=t_s,
            fault=fault,
        )

    def _from_folder(self) -> Iterator[SourceItem]:
        self.left_out.clear()
        listed = sorted(walk_images(self._path, self.left_out), key=lambda pair: pair[0].parent)
        for folder, pairs in groupby(listed, key=lambda pair: pair[0].parent):
            clip = folder.relative_to(self._path).as_posix() if folder != self._path else ""
            for place, (_, item) in enumerate(pairs):
                if place % self._every_nth == 0 or item.fault:
                    yield SourceItem(
                        uri=item.uri,
                        kind="frame",
                        clip=clip or self._path.name,
                        t_s=float(place),
                        fault=item.fault,
                    )


def read_frame(uri: str) -> bytes:
    """One frame of a `video://…#frame=n` URI, losslessly encoded.

    Raises:
        FaultError: MISSING_FILE, UNREADABLE (no video), DECOMPRESSION_BOMB or TRUNCATED (the
            video ends before).
    """
    frame = int(parse_qs(urlsplit(uri).fragment)["frame"][0])
    return lossless(_grab(path_of(uri), frame))


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    """A regular file as a video, by FFmpeg alone.

    OpenCV's other readers, and FFmpeg's, take names for patterns (`%03d`), addresses and devices;
    so none of them sees the file's name.
    """
    with open_regular(path) as file:
        capture = cv2.VideoCapture(descriptor_path(file), cv2.CAP_FFMPEG)
        try:
            if not capture.isOpened():
                raise FaultError(Reason.UNREADABLE, f"{path} is no video that OpenCV can read")
            yield capture
        finally:
            capture.release()


def _grab(path: Path, frame: int) -> Rgb:
    with _opened(path) as capture:
        width, height = (
            int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        if width * height > MAX_PIXELS:
            detail = f"{path}: {width}x{height}, more than {MAX_PIXELS} pixels in a frame"
            raise FaultError(Reason.DECOMPRESSION_BOMB, detail)
        capture.set(cv2.CAP_PROP_POS_FRAMES, frame)
        good, bgr = capture.read()
    if not good:
        raise FaultError(Reason.TRUNCATED, f"{path} has no frame {frame}")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _length(path: Path) -> tuple[float, int]:
    """Frames per second, and frames, of a video file."""
    with _opened(path) as capture:
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    # The count is what the header claims: a frame without a byte there cannot be.
    if not (fps > 0 and math.isfinite(fps) and 0 < frames <= path.stat().st_size):
        detail = f"{path} is no video that can be sampled: {frames:g} frames, {fps:g} per second"
        raise FaultError(Reason.UNREADABLE, detail)
    return fps, int(frames)
