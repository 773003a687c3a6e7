"""Frames: of video files, of folders, and of the studio."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from models.faults import FaultError, ImgEditError, Reason
from models.images import decode
from models.studio.scene import make_scene, render
from resources.sources.encode import lossless
from resources.sources.fetch import Fetcher
from resources.sources.item import SourceItem
from resources.sources.read import annotation_of, read
from resources.sources.studio import StudioSource
from resources.sources.video import VideoSource
from resources.uris import file_uri, path_of


def pixels(item: SourceItem) -> np.ndarray:
    with Fetcher() as fetcher:
        return decode(read(item, fetcher))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Three seconds at 10 frames a second; frame n is grey of 8 n."""
    path = tmp_path / "clip one.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    assert writer.isOpened()
    for n in range(30):
        writer.write(np.full((48, 64, 3), 8 * n, np.uint8))
    writer.release()
    return path


def test_a_video_is_sampled_in_time(video: Path) -> None:
    items = list(VideoSource(video, every_s=0.5).items())
    assert [i.t_s for i in items] == [0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert {(i.kind, i.clip) for i in items} == {("frame", "clip one")}
    greys = [int(pixels(i).mean()) for i in items]
    assert all(abs(grey - 8 * 5 * k) <= 3 for k, grey in enumerate(greys))


def test_a_frame_reads_to_the_same_bytes_twice(video: Path) -> None:
    item = list(VideoSource(video, every_s=1.0).items())[1]
    with Fetcher() as fetcher:
        assert read(item, fetcher) == read(item, fetcher)


@pytest.mark.parametrize(("longest", "kind"), [(16_383, "WEBP"), (16_384, "PNG")])
def test_a_picture_too_long_for_a_webp_is_kept_as_a_png(longest: int, kind: str) -> None:
    drawn = np.random.default_rng(0).integers(0, 256, (2, longest, 3), dtype=np.uint8)
    data = lossless(drawn)
    assert Image.open(io.BytesIO(data)).format == kind
    assert np.array_equal(decode(data), drawn)


def test_video_faults(video: Path, tmp_path: Path) -> None:
    item = next(iter(VideoSource(video).items()))
    beyond = SourceItem(uri=item.uri.replace("frame=0", "frame=900"), kind="frame")
    with pytest.raises(FaultError) as caught:
        pixels(beyond)
    assert caught.value.fault.reason is Reason.TRUNCATED
    video.unlink()
    with pytest.raises(FaultError) as caught:
        pixels(item)
    assert caught.value.fault.reason is Reason.MISSING_FILE
    with pytest.raises(ImgEditError, match="give a video file or a folder"):
        VideoSource(tmp_path / "nothing")


@pytest.mark.parametrize("data", [b"", b"no video", b"#EXTM3U\n#EXTINF:1,\nclip one.avi\n"])
def test_a_broken_video_is_one_reject_until_it_is_whole(
    video: Path, tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(data)
    (item,) = VideoSource(path).items()
    assert item.fault is not None
    assert item.fault.reason is Reason.UNREADABLE
    path.write_bytes(video.read_bytes())
    mended = next(iter(VideoSource(path).items()))
    assert (mended.uri, mended.fault) == (item.uri, None)


@pytest.mark.parametrize("claim", [0, 2**31 - 1])
def test_a_count_of_frames_that_cannot_be_is_a_reject(video: Path, claim: int) -> None:
    data = bytearray(video.read_bytes())
    # dwTotalFrames of the main header, and dwLength of the stream's.
    for chunk, offset in ((b"avih", 24), (b"strh", 40)):
        at = data.index(chunk) + offset
        data[at : at + 4] = claim.to_bytes(4, "little")
    video.write_bytes(data)
    (item,) = VideoSource(video).items()
    assert item.fault is not None


def test_a_pipe_or_a_device_is_no_video(video: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    for name in ("pipe.mp4", "device.mp4"):
        with pytest.raises(ImgEditError, match="not a regular file; give a video file"):
            VideoSource(tmp_path / name)
    item = next(iter(VideoSource(video).items()))
    video.unlink()
    os.mkfifo(video)
    with pytest.raises(FaultError, match="not a regular file"):
        pixels(item)


def test_a_videos_name_is_no_pattern_and_no_address(video: Path, tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"still{number:03d}.png"), np.zeros((16, 16, 3), np.uint8))
    for name in (b"still%03d.png", b"caf\xe9 %d.avi", b"http:x.avi"):
        path = tmp_path / os.fsdecode(name)
        path.write_bytes(video.read_bytes())
        first, *_ = VideoSource(path).items()
        assert pixels(first).shape == (48, 64, 3)
        assert first.clip.encode()


def test_a_frame_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    video = tmp_path / "raw.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"I420"), 10.0, (64, 48))
    writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    data = bytearray(video.read_bytes())
    for chunk, offset in ((b"avih", 40), (b"strf", 12)):
        at = data.index(chunk) + offset
        data[at : at + 8] = (15000).to_bytes(4, "little") * 2
    video.write_bytes(data)
    with pytest.raises(FaultError) as caught:
        pixels(SourceItem(uri=file_uri(video, scheme="video", fragment="frame=0"), kind="frame"))
    assert caught.value.fault.reason is Reason.DECOMPRESSION_BOMB


def test_one_broken_frame_of_a_folder_and_names_of_odd_bytes(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "a.png").rename(folder / "a.png")
    (folder / "b.png").write_bytes(b"broken")
    (folder / "notes.txt").touch()
    source = VideoSource(tmp_path)
    good, bad = source.items()
    assert good.clip == "caf\\udce9"
    assert pixels(good).shape == (4, 4, 3)
    with pytest.raises(FaultError):
        pixels(bad)
    assert source.left_out == {".txt": 1}


def test_sub_folders_are_clips(tmp_path: Path) -> None:
    for clip, count in (("run", 5), ("jump", 2)):
        (tmp_path / clip).mkdir()
        for n in range(count):
            cv2.imwrite(str(tmp_path / clip / f"{n:03d}.png"), np.full((4, 4, 3), n, np.uint8))
    items = list(VideoSource(tmp_path, every_nth=2).items())
    assert [(i.clip, i.t_s) for i in items] == [("jump", 0), ("run", 0), ("run", 2), ("run", 4)]
    assert path_of(items[2].uri).name == "002.png"
    assert pixels(items[3]).mean() == 4


def studio(shards: int) -> StudioSource:
    return StudioSource(shards=shards, scenes_per_shard=4, clips_per_shard=2)


def test_studio_items_do_not_depend_on_the_counts() -> None:
    few, more = list(studio(1).items()), {i.uri: i for i in studio(2).items()}
    assert all(more[i.uri] == i for i in few)
    frames = [i for i in few if i.clip == "clip-000001"]
    assert len(frames) >= 2
    assert len({annotation_of(i).action for i in frames}) == len(frames)


def test_studio_bytes_are_the_scene() -> None:
    item = next(iter(studio(1).items()))
    assert np.array_equal(pixels(item), render(make_scene(0)))
    assert annotation_of(item).objects


def test_studio_shards_hold_the_same_scenes_for_everyone() -> None:
    places = {i.uri: studio(2).shard_index(i) for i in studio(2).items()}
    uris = ("studio://scene/3", "studio://scene/4", "studio://clip/1/2", "studio://clip/2/0")
    assert [places[u] for u in uris] == [0, 1, 0, 1]


@pytest.mark.parametrize("uri", ["studio://scene/x", "studio://clip/0", "studio://clip/0/99"])
def test_uris_of_nothing_are_missing(uri: str) -> None:
    with pytest.raises(FaultError) as caught:
        pixels(SourceItem(uri=uri))
    assert caught.value.fault.reason is Reason.MISSING_FILE
