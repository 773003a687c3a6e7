"""Folders: what is listed, in which order, and what becomes of everything odd."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.faults import FaultError, ImgEditError, Reason
from models.images import decode
from resources.home import Home
from resources.registration import register
from resources.sources.fetch import Fetcher
from resources.sources.folder import FolderSource
from resources.sources.frame import fit
from resources.sources.item import SourceItem
from resources.sources.left_out import describe_left_out
from resources.sources.read import read
from resources.store import Store
from resources.uris import path_of


def put(path: Path, *, width: int = 20, height: int = 10) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(width).integers(0, 255, (height, width, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


def names(items: list[SourceItem], root: Path) -> list[str]:
    return [path_of(i.uri).relative_to(root).as_posix() for i in items]


def reason(item: SourceItem) -> Reason:
    with Fetcher() as fetcher, pytest.raises(FaultError) as caught:
        decode(read(item, fetcher))
    return caught.value.fault.reason


def coco(path: Path, **fields: object) -> Path:
    path.write_text(json.dumps(fields), encoding="utf-8")
    return path


def by_name(items: list[SourceItem]) -> Mapping[str, SourceItem]:
    return {path_of(i.uri).name: i for i in items}


def test_images_are_found_recursively_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/z.jpg", "a/b/c.webp", "c.jpeg", ".hidden.png", ".git/x.png"):
        put(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    source = FolderSource(tmp_path)
    wanted = ["a/b/c.webp", "a/z.jpg", "b.PNG", "c.jpeg"]
    assert names(list(source.items()), tmp_path) == wanted
    assert list(source.items()) == list(FolderSource(tmp_path / "a" / "..").items())


@pytest.mark.parametrize(
    "name", ['it\'s "quoted".png', "two\nlines.png", "фото 写真.png", "a#b?c%41.png", "[x]|,.png"]
)
def test_odd_names_are_read(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name)
    (item,) = FolderSource(tmp_path).items()
    with Fetcher() as fetcher:
        assert read(item, fetcher) == path.read_bytes()


def test_names_that_are_no_utf8_are_read(tmp_path: Path) -> None:
    path = put(tmp_path / os.fsdecode(b"caf\xe9.png"))
    (item,) = FolderSource(tmp_path).items()
    with Fetcher() as fetcher:
        assert read(SourceItem.from_json(item.to_json()), fetcher) == path.read_bytes()


def test_bad_files_fault_when_read_and_good_ones_go_on(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("Dear diary")
    whole = put(tmp_path / "mislabelled.jpg", width=300, height=300).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "gone.png").write_bytes(whole)
    items = by_name(list(FolderSource(tmp_path).items()))
    (tmp_path / "gone.png").unlink()
    assert reason(items["empty.jpg"]) is Reason.EMPTY_FILE
    assert reason(items["text.jpg"]) is Reason.NOT_AN_IMAGE
    assert reason(items["half.png"]) is Reason.TRUNCATED
    assert reason(items["gone.png"]) is Reason.MISSING_FILE
    with Fetcher() as fetcher:
        assert decode(read(items["mislabelled.jpg"], fetcher)).shape == (300, 300, 3)


def test_a_pipe_named_like_an_image_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (item,) = FolderSource(tmp_path).items()
    assert reason(item) is Reason.UNREADABLE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_and_folders_without_permission(tmp_path: Path) -> None:
    put(tmp_path / "locked.png").chmod(0)
    put(tmp_path / "shut" / "a.png")
    (tmp_path / "shut").chmod(0)
    items = by_name(list(FolderSource(tmp_path).items()))
    (tmp_path / "shut").chmod(0o700)
    assert reason(items["locked.png"]) is Reason.UNREADABLE
    assert reason(items["shut"]) is Reason.UNREADABLE


def test_a_folder_in_the_place_of_a_file_is_unreadable(tmp_path: Path) -> None:
    path = put(tmp_path / "a.png")
    (item,) = FolderSource(tmp_path).items()
    path.unlink()
    path.mkdir()
    assert reason(item) is Reason.UNREADABLE


def test_links_stay_inside_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root / "sub" / "a.png")
    put(tmp_path / "secret" / "s.png")
    (root / "inside.png").symlink_to(root / "sub" / "a.png")
    (root / "outside.png").symlink_to(tmp_path / "secret" / "s.png")
    (root / "outer").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to("..")
    (root / "sub" / "loop").symlink_to(root)
    (root / "self.png").symlink_to(root / "self.png")
    (root / "broken.png").symlink_to(root / "nothing.png")
    items = list(FolderSource(root).items())
    faults = {k: i.fault.reason if i.fault else None for k, i in by_name(items).items()}
    assert faults == {
        "a.png": None,
        "inside.png": None,
        "outside.png": Reason.OUTSIDE_FOLDER,
        "outer": Reason.OUTSIDE_FOLDER,
        "up": Reason.OUTSIDE_FOLDER,
        "self.png": Reason.MISSING_FILE,
        "broken.png": Reason.MISSING_FILE,
    }


def test_folders_nested_deeper_than_calls_and_than_paths_may_be(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    put(tmp_path / "z.png")
    here = os.open(tmp_path, os.O_RDONLY)
    for name in ["d"] * 1100 + ["d" * 200] * 12:
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    first, deep, last = FolderSource(tmp_path).items()
    assert (first.fault, last.fault) == (None, None)
    assert path_of(last.uri).name == "z.png"
    assert deep.fault is not None
    assert "File name too long" in deep.fault.detail
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)


def test_what_is_no_image_is_counted_and_names_without_suffix_are_looked_at(
    tmp_path: Path,
) -> None:
    for name in ("a.jfif", "b.JPE", "IMG_0001", "c.ppm", "d.jp2", "e.dib"):
        put(tmp_path / name)
    for name in ("README", "x.heic", "sub/y.HEIC", "z.jxl", "t.txt", "c.csv", "p.psd", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("Dear diary")
    os.mkfifo(tmp_path / "pipe")
    source = FolderSource(tmp_path)
    wanted = ["IMG_0001", "a.jfif", "b.JPE", "c.ppm", "d.jp2", "e.dib"]
    assert names(list(source.items()), tmp_path) == wanted
    assert describe_left_out(source.left_out) == (
        "2 without a suffix that are no images, 2 .heic (HEIC is not read), "
        "1 .jxl (JPEG XL is not read), 1 .psd; beside the images: 1 .csv, 1 .txt"
    )
    store = Store(Home.of(tmp_path))
    registered = register(store, source, shard_size=10)
    assert registered.left_out == source.left_out
    assert describe_left_out({}) == ""


def test_odd_bytes_in_a_name_reach_the_store_in_a_detail(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    target = put(tmp_path / os.fsdecode(b"caf\xe9.png"))
    (root / "link.png").symlink_to(target)
    (item,) = FolderSource(root).items()
    assert item.fault is not None
    assert "caf\\udce9.png" in item.fault.detail
    assert SourceItem.from_json(item.to_json()) == item


def test_no_folder_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="give one that holds images"):
        FolderSource(tmp_path / "nowhere")


def test_coco_boxes_are_matched_named_and_clipped(tmp_path: Path) -> None:
    put(tmp_path / "train" / "1.png", width=100, height=50)
    put(tmp_path / "2.png", width=100, height=50)
    labels = coco(
        tmp_path / "coco.json",
        images=[
            {"id": 1, "file_name": "1.png", "width": 100, "height": 50},
            {"id": 2, "file_name": "2.png"},
        ],
        categories=[{"id": 7, "name": "cat"}],
        annotations=[
            {"id": 1, "image_id": 1, "category_id": 7, "bbox": [-10, 10, 40, 100]},
            {"id": 2, "image_id": 1, "category_id": 7, "bbox": [200, 10, 40, 10]},
            {"id": 3, "image_id": 2, "category_id": 7, "bbox": [90, 0, 40, 10]},
            {"id": 4, "image_id": 2, "category_id": 7, "bbox": [5, 5, 0, 10]},
            {"id": 5, "image_id": 2, "category_id": 99, "bbox": [5, 5, 9, 10]},
            {"id": 6, "image_id": 2, "caption": "A cat on a mat. "},
            {"id": 7, "image_id": 1, "category_id": 7, "bbox": [1, 1, -9, 10]},
        ],
    )
    items = by_name(list(FolderSource(tmp_path, coco=labels).items()))
    fitted = {name: fit(item.annotation, 100, 50) for name, item in items.items()}
    (first, lost), (second, lost_too) = fitted["1.png"], fitted["2.png"]
    assert [(o.name, o.box) for o in first.objects] == [("cat", (0, 10, 30, 50))]
    assert [o.box for o in second.objects] == [(90, 0, 100, 10)]
    assert second.caption == "A cat on a mat."
    assert [i.reason for i in lost] == [Reason.BAD_ANNOTATION] * 2
    assert (len(lost_too), len(items["2.png"].issues)) == (1, 1)
    assert (first.left_out, second.left_out) == (2, 2)
    assert items["1.png"].fault is None


def test_coco_troubles_become_items_that_name_them(tmp_path: Path) -> None:
    put(tmp_path / "here.png")
    put(tmp_path.parent / "outside.png")
    labels = coco(
        tmp_path / "coco.json",
        images=[
            {"id": 1, "file_name": "here.png"},
            {"id": 2, "file_name": "absent.png"},
            {"id": 3, "file_name": "../outside.png"},
        ],
        categories=[{"id": 7, "name": "cat"}],
        annotations=[
            {"id": 1, "image_id": 55, "category_id": 7, "bbox": [1, 1, 5, 5]},
            {"id": 2, "image_id": 1, "category_id": 7, "bbox": [1, 1, 5]},
            {"id": 3, "image_id": 1, "category_id": 7, "bbox": [1, 1, 5, "wide"]},
            "rubbish",
            {"id": 4, "image_id": 1, "category_id": 7, "bbox": [1, 1, 5, 5]},
        ],
    )
    good, *bad = FolderSource(tmp_path, coco=labels).items()
    assert good.fault is None
    assert [i.fault.reason for i in bad if i.fault] == [Reason.BAD_ANNOTATION] * 6
    assert "absent.png" in " ".join(i.uri for i in bad)
    assert len({i.uri for i in bad}) == 6


def test_a_name_that_occurs_twice_is_matched_by_path_only(tmp_path: Path) -> None:
    put(tmp_path / "a" / "x.png")
    put(tmp_path / "b" / "x.png")
    images = [{"id": 1, "file_name": "b/x.png"}, {"id": 2, "file_name": "x.png"}]
    captions = [{"id": 1, "image_id": 1, "caption": "the second"}]
    labels = coco(tmp_path / "coco.json", images=images, annotations=captions)
    first, second, absent = FolderSource(tmp_path, coco=labels).items()
    assert (first.annotation.caption, second.annotation.caption) == ("", "the second")
    assert absent.fault is not None


@pytest.mark.parametrize("text", ["not json", "[]", '{"annotations": []}', '{"images": [{}]}'])
def test_a_file_that_is_no_coco_is_an_error_with_a_remedy(tmp_path: Path, text: str) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(text)
    with pytest.raises(ImgEditError, match="it needs 'images'"):
        list(FolderSource(tmp_path, coco=labels).items())
    with pytest.raises(ImgEditError, match="give a readable COCO file"):
        list(FolderSource(tmp_path, coco=tmp_path / "no.json").items())
