"""Frames: of a video file sub-sampled in time, or of a folder with one sub-folder for each clip."""

import math
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

from models.faults import FaultError, ImgEditError, Reason
from models.geometry import Rgb
from resources.sources.encode import lossless
from resources.sources.folder import walk_images
from resources.sources.item import SourceItem
from resources.sources.uris import file_uri, path_of, shard_prefix


class VideoSource:
    """The frames of a video, `every_s` seconds apart, or every n-th picture of folders of frames.

    A folder of frames has no clock: a frame's time is then its place in the clip.
    """

    def __init__(self, path: Path, *, every_s: float = 1.0, every_nth: int = 1) -> None:
        self._path = path.expanduser().resolve()
        self._every_s = every_s
        self._every_nth = every_nth
        self.name = shard_prefix("video", self._path)
        if every_s <= 0 or every_nth < 1:
            msg = f"every_s={every_s} and every_nth={every_nth}; both must be above 0"
            raise ImgEditError(msg)
        if not self._path.exists():
            msg = f"{path} is not there; give a video file or a folder of frames"
            raise ImgEditError(msg)

    def items(self) -> Iterator[SourceItem]:
        """The frames in the order of time, clip by clip.

        Raises:
            ImgEditError: The file is no video that OpenCV can read.
        """
        return self._from_folder() if self._path.is_dir() else self._from_file()

    def _from_file(self) -> Iterator[SourceItem]:
        fps, frames = _length(self._path)
        step = max(1.0, self._every_s * fps)
        for k in range(math.ceil(frames / step)):
            frame = round(k * step)
            if frame < frames:
                yield SourceItem(
                    uri=file_uri(self._path, scheme="video", fragment=f"frame={frame}"),
                    kind="frame",
                    clip=self._path.stem,
                    t_s=frame / fps,
                )

    def _from_folder(self) -> Iterator[SourceItem]:
        listed = sorted(walk_images(self._path), key=lambda pair: pair[0].parent)
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
        FaultError: MISSING_FILE, UNREADABLE (no video) or TRUNCATED (the video ends before).
    """
    path = path_of(uri)
    if not path.is_file():
        raise FaultError(Reason.MISSING_FILE, f"{path} is not there")
    frame = int(parse_qs(urlsplit(uri).fragment)["frame"][0])
    return lossless(_grab(path, frame))


def _grab(path: Path, frame: int) -> Rgb:
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise FaultError(Reason.UNREADABLE, f"{path} is no video that OpenCV can read")
        capture.set(cv2.CAP_PROP_POS_FRAMES, frame)
        good, bgr = capture.read()
    finally:
        capture.release()
    if not good:
        raise FaultError(Reason.TRUNCATED, f"{path} has no frame {frame}")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _length(path: Path) -> tuple[float, int]:
    """Frames per second, and frames, of a video file."""
    capture = cv2.VideoCapture(str(path))
    try:
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
    if not (fps > 0 and math.isfinite(fps) and frames > 0):
        msg = f"{path} is no video that OpenCV can read ({frames} frames, {fps} per second)"
        raise ImgEditError(msg)
    return fps, frames
