"""Folders as img2dataset writes them: captions, addresses and licences come along."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from models.faults import FaultError, ImgEditError, Reason
from resources.sources.fetch import Fetcher
from resources.sources.folder import FolderSource
from resources.sources.item import SourceItem
from resources.sources.read import read
from resources.sources.table import TableSource
from tests.resources.sources.test_sources_folder import put

FIELDS = {"url": "https://a.invalid/0.jpg", "caption": "from the JSON", "license": "CC0-1.0"}


def tar(path: Path, members: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            file.addfile(info, io.BytesIO(data))
    return path


def said(item: SourceItem) -> tuple[str, str, str]:
    return item.annotation.caption, item.attribution, item.licence


def test_images_in_tars_are_read_with_what_lies_beside_them(tmp_path: Path) -> None:
    pixels = put(tmp_path / "elsewhere" / "x.png").read_bytes()
    root = tmp_path / "root"
    root.mkdir()
    sides = {"0.txt": b"a wall\n", "0.json": json.dumps(FIELDS).encode()}
    pair = {"2.source.png": pixels, "2.target.png": pixels, "2.json": b"{}"}
    tar(root / "00000.tar", {"0.png": pixels} | sides | {"1.png": pixels + b"!"} | pair)
    tar(root / "other.tar", {"notes.md": b"none"})
    source = FolderSource(root)
    first, second = source.items()
    assert source.left_out == {".tar": 1}
    assert said(first) == ("a wall", "https://a.invalid/0.jpg", "CC0-1.0")
    assert said(second) == ("", "", "")
    with Fetcher() as fetcher:
        assert [read(item, fetcher) for item in (first, second)] == [pixels, pixels + b"!"]
        tar(root / "00000.tar", {"longer": b"x" * 2000} | {"0.png": pixels})
        with pytest.raises(FaultError) as caught:
            read(first, fetcher)
    assert caught.value.fault.reason is Reason.CHANGED_FILE


def test_a_tar_that_is_cut_off_is_a_fault_after_what_came_whole(tmp_path: Path) -> None:
    pixels = put(tmp_path / "elsewhere" / "x.png").read_bytes()
    (tmp_path / "root").mkdir()
    path = tar(tmp_path / "root" / "0.tar", {f"{n}.png": pixels for n in range(3)})
    path.write_bytes(path.read_bytes()[: 2 * (512 + 1024) + 600])
    *good, bad = FolderSource(tmp_path / "root").items()
    assert bad.fault is not None
    assert (len(good), bad.fault.reason) == (1, Reason.TRUNCATED)


def test_files_of_the_same_stem_say_what_the_image_is(tmp_path: Path) -> None:
    for name in "abcd":
        put(tmp_path / f"{name}.png")
    (tmp_path / "a.txt").write_text("a wall", encoding="utf-8-sig")
    (tmp_path / "a.json").write_text(json.dumps(FIELDS))
    (tmp_path / "b.txt").write_text("0 0.3 0.4 0.2 0.2\n")
    (tmp_path / "b.json").write_text(json.dumps(FIELDS | {"author": "Ann", "license": None}))
    (tmp_path / "c.json").write_text("[" * 100_000)
    a, b, c, d = FolderSource(tmp_path).items()
    assert said(a) == ("a wall", "https://a.invalid/0.jpg", "CC0-1.0")
    assert said(b) == ("from the JSON", "Ann", "")
    assert (said(c), said(d)) == (("", "", ""), ("", "", ""))
    assert [issue.reason for issue in c.issues] == [Reason.BAD_ANNOTATION]
    assert (c.fault, d.issues) == (None, ())


def test_its_list_is_refused_where_the_images_lie_beside_it(tmp_path: Path) -> None:
    rows = {"url": ["https://a.invalid/0.jpg"], "key": ["0"], "status": ["failed_to_download"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "00000.parquet")
    assert len(list(TableSource(tmp_path / "00000.parquet").items())) == 1
    tar(tmp_path / "00000.tar", {})
    with pytest.raises(ImgEditError, match=f"give --images {tmp_path}, which reads"):
        list(TableSource(tmp_path / "00000.parquet").items())
