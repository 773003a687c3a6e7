"""Tables in LAION's column style."""

import io
import os
import random
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from models.faults import FaultError, ImgEditError, Reason
from resources.home import Home
from resources.registration import register
from resources.schema import SourceItemRow
from resources.sources.fetch import Fetcher
from resources.sources.item import SourceItem, Stated
from resources.sources.read import read
from resources.sources.table import TableSource
from resources.store import Store
from resources.uris import path_of

ROWS = {
    "URL": ["https://example.org/a.jpg", "pics/b.png", "../c.png", "", "pics/b.png", None],
    "TEXT": ["a cat", 'a dog, "big"\nand old', "x", "y", "z", None],
    "WIDTH": [2000, 1300, 10, 10, 10, None],
    "HEIGHT": [1500, 1300, 10, 10, 10, None],
    "AESTHETIC_SCORE": [6.5, 4.0, 1.0, 1.0, 1.0, None],
}


def written(folder: Path, suffix: str, rows: dict[str, list[object]]) -> Path:
    path = folder / f"laion{suffix}"
    frame = pl.DataFrame(rows)
    frame.write_parquet(path) if suffix == ".parquet" else frame.write_csv(path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_rows_become_items_in_their_order(tmp_path: Path, suffix: str) -> None:
    source = TableSource(written(tmp_path, suffix, ROWS))
    web, local, climbing, empty, again, null = source.items()
    assert (web.uri, web.annotation.caption) == ("https://example.org/a.jpg", "a cat")
    assert path_of(local.uri) == tmp_path / "pics" / "b.png"
    assert local.annotation.caption == 'a dog, "big"\nand old'
    reasons = [i.fault and i.fault.reason for i in (web, local, climbing, empty, again, null)]
    assert reasons == [
        None,
        None,
        Reason.OUTSIDE_FOLDER,
        Reason.MISSING_FILE,
        Reason.DUPLICATE,
        Reason.MISSING_FILE,
    ]
    assert source.name.startswith("table-laion-")


def faults(source: TableSource) -> list[Reason | None]:
    return [item.fault and item.fault.reason for item in source.items()]


def test_column_names_in_any_case_and_absolute_paths(tmp_path: Path) -> None:
    rows = {"Image_Path": [str(tmp_path / "a b.png")], "Caption": ["x"], "License": ["CC0-1.0"]}
    (item,) = TableSource(written(tmp_path, ".parquet", rows)).items()
    assert path_of(item.uri) == tmp_path / "a b.png"
    assert item.licence == "CC0-1.0"


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_no_path_leads_out_of_the_tables_folder(tmp_path: Path, suffix: str) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home / "pics", other):
        folder.mkdir(parents=True)
        (folder / "a.png").touch()
    (home / "link").symlink_to(other)
    places = [
        *("pics/a.png", str(home / "pics/a.png"), f"file://{home}/pics/a.png"),
        *("../other/a.png", str(other / "a.png"), f"file://{other}/a.png", "link/a.png"),
        *(f"file://{home}/%2e%2e/other/a.png", "/etc/passwd", "file:///proc/kmsg", "//etc/passwd"),
    ]
    path = written(home, suffix, {"path": [f" {place} " for place in places]})
    inside, again, by_uri, *outside = TableSource(path).items()
    assert inside.fault is None
    assert [i.fault.reason for i in (again, by_uri) if i.fault] == [Reason.DUPLICATE] * 2
    assert [i.fault and i.fault.reason for i in outside] == [Reason.OUTSIDE_FOLDER] * 8
    assert outside[0].fault is not None
    assert f"--allow-paths {other}" in outside[0].fault.detail
    allowed = faults(TableSource(path, allow_paths=[other]))
    twice = Reason.DUPLICATE
    assert allowed[3:] == [None, None, twice, None, twice, *[Reason.OUTSIDE_FOLDER] * 3]


HOSTILE = {
    "http://[::1,bad": None,
    "http://127.0.0.1\u2100/a.jpg": None,
    "https://127.0.0.1:99999999/a.jpg": None,
    "a\0b.png": Reason.BAD_ROW,
    "file:///a%00b.png": Reason.BAD_ROW,
    "file://[::1,bad/a.png": Reason.BAD_ROW,
    "s3://bucket/a.png": Reason.FETCH_REFUSED,
    "x" * 300: None,
    "y/" * 4000: None,
    "\U0001f600.png": None,
    "*.png": None,
}


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_a_hostile_row_is_one_reject_and_registering_goes_on(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, suffix, {"url": [*HOSTILE, "good.png"]})
    source, store = TableSource(path), Store(Home.of(tmp_path))
    assert faults(source) == [*HOSTILE.values(), None]
    registered = register(store, source, shard_size=100)
    assert registered.items == len(HOSTILE) + 1
    with Fetcher() as fetcher:
        for row in store.select(SourceItemRow):
            with pytest.raises(FaultError):
                read(SourceItem.from_json(row.item), fetcher)


def test_cells_of_any_type_are_looked_at_one_by_one(tmp_path: Path) -> None:
    def item(column: list[object], dtype: pl.DataType | None = None) -> SourceItem:
        frame = pl.DataFrame({"path": pl.Series(column, dtype=dtype, strict=False)})
        frame.write_parquet(tmp_path / "t.parquet")
        (found,) = TableSource(tmp_path / "t.parquet").items()
        return found

    assert path_of(item([b"caf\xe9.png"]).uri).name == os.fsdecode(b"caf\xe9.png")
    for column in ([5], [1.5], [["a.png"]], [{"a": 1}], [datetime(2020, 1, 1)], [timedelta(1)]):
        fault = item(column).fault
        assert fault is not None
        assert fault.reason is Reason.BAD_ROW
    assert item(["a.png"], pl.Categorical()).fault is None
    rows = {"path": ["a.png"], "caption": [["first", "second"]], "width": [[1]], "license": [b"x"]}
    (found,) = TableSource(written(tmp_path, ".parquet", rows)).items()
    assert (found.annotation.caption, found.licence, found.stated) == ("first", "x", None)


def test_a_broken_csv_row_is_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(
        b"\xef\xbb\xbfpath,text,text\n"
        b'a.png,5" pipe,z\n'
        b"caf\xe9.png,caf\xe9,,,,more\n"
        b'b.png,"bad"x\n'
        b"\n"
        b"c.png\n"
        b"d.png," + b"x" * 50_000_000 + b"\n"
        b"e.png,fine\n"
        b'f.png,"never closed\n'
        b"g.png,lost\n"
    )
    items = list(TableSource(path).items())
    reasons = [i.fault and i.fault.reason for i in items]
    bad = Reason.BAD_ROW
    assert reasons == [None, None, bad, None, bad, None, bad]
    assert [i.annotation.caption for i in items[:2]] == ['5" pipe', "caf\\udce9"]
    assert path_of(items[1].uri).name == os.fsdecode(b"caf\xe9.png")
    details = [i.fault.detail for i in items if i.fault]
    assert details[1].startswith("row 4: line 7: it has more than")
    assert "lines 9-10" in details[2]


def test_numbers_that_cannot_be_true_are_no_statement(tmp_path: Path) -> None:
    nonsense = ["1" * 400, "nan", "inf", "-5", "0", "", "wide", "1e999"]
    rows = {"url": [f"https://x.org/{n}" for n in range(9)], "WIDTH": [*nonsense, "1300"]}
    rows["aesthetic"] = [*nonsense, "0.7"]
    *empty, last = TableSource(written(tmp_path, ".csv", rows)).items()
    assert {i.stated for i in empty} == {None}
    assert last.stated == Stated(width=1300)


def test_what_is_stated_only_ever_rejects() -> None:
    said = Stated(width=1300, height=900, aesthetic=4.0)
    too_small = said.fault(min_short_side_px=901, min_aesthetic=9)
    assert too_small is not None
    assert too_small.reason is Reason.TOO_SMALL
    assert "1300 x 900 as the table states" in too_small.detail
    ugly = said.fault(min_short_side_px=900, min_aesthetic=4.5)
    assert ugly is not None
    assert ugly.reason is Reason.LOW_AESTHETIC
    assert said.fault(min_short_side_px=900, min_aesthetic=4.0) is None
    assert Stated(height=10).fault(min_short_side_px=11, min_aesthetic=1) is not None


def test_a_row_that_is_allowed_later_leaves_no_reject_behind(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    path, store = (
        written(home, ".csv", {"path": ["../other/a.png"]}),
        Store(Home.of(tmp_path / "t")),
    )
    register(store, TableSource(path), shard_size=10)
    (before,) = store.select(SourceItemRow)
    assert SourceItem.from_json(before.item).fault is not None
    register(store, TableSource(path, allow_paths=[other]), shard_size=10)
    (after,) = store.select(SourceItemRow)
    assert SourceItem.from_json(after.item).fault is None


def test_a_link_out_of_the_tables_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.png").touch()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "secret.png")
    (item,) = TableSource(written(tmp_path / "in", ".csv", {"path": ["link.png"]})).items()
    assert item.fault is not None
    assert item.fault.reason is Reason.OUTSIDE_FOLDER


def test_bad_tables_are_errors_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="it needs one of url"):
        list(TableSource(written(tmp_path, ".csv", {"text": ["x"]})).items())
    whole = written(tmp_path, ".parquet", ROWS).read_bytes()
    (tmp_path / "x.parquet").write_text("not parquet")
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.parquet").touch()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "device.csv").symlink_to("/dev/zero")
    for name in ("x.parquet", "cut.parquet", "empty.parquet", "absent.csv", "pipe.csv"):
        with pytest.raises(ImgEditError, match="give a Parquet or CSV file"):
            list(TableSource(tmp_path / name).items())
    with pytest.raises(ImgEditError, match="not a regular file"):
        list(TableSource(tmp_path / "device.csv").items())
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ImgEditError, match="it needs one of url"):
        list(TableSource(tmp_path / "empty.csv").items())


def test_a_damaged_parquet_gives_all_its_rows_or_an_error(tmp_path: Path) -> None:
    rows = {"url": [f"https://x.org/{n}" for n in range(300)]}
    whole = written(tmp_path, ".parquet", rows).read_bytes()
    chance, path = random.Random(7), tmp_path / "damaged.parquet"
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        with suppress(ImgEditError):
            assert len(list(TableSource(path).items())) == 300


def test_a_table_may_have_any_name(tmp_path: Path) -> None:
    for name in (b"caf\xe9.parquet", b"a[1]*?.csv", b"%03d.parquet"):
        path = tmp_path / os.fsdecode(name)
        frame = pl.DataFrame({"url": ["https://x.org/a"]})
        data = io.BytesIO()
        frame.write_parquet(data) if name.endswith(b"parquet") else frame.write_csv(data)
        path.write_bytes(data.getvalue())
        (item,) = TableSource(path).items()
        assert item.uri == "https://x.org/a"
