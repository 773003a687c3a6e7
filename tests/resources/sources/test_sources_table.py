"""Tables in LAION's column style."""

from pathlib import Path

import polars as pl
import pytest

from models.faults import ImgEditError, Reason
from resources.sources.table import TableSource
from resources.sources.uris import path_of

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


def test_what_the_table_says_of_size_and_score_saves_a_fetch(tmp_path: Path) -> None:
    path = written(tmp_path, ".csv", ROWS)
    first, second, *_ = TableSource(path, min_short_side_px=1400, min_aesthetic=4.5).items()
    assert first.fault is None
    assert second.fault is not None
    assert second.fault.reason is Reason.TOO_SMALL
    _, second, *_ = TableSource(path, min_aesthetic=4.5).items()
    assert second.fault is not None
    assert second.fault.reason is Reason.LOW_AESTHETIC


def test_column_names_in_any_case_and_absolute_paths(tmp_path: Path) -> None:
    rows = {"Image_Path": [str(tmp_path / "a b.png")], "Caption": ["x"], "License": ["CC0-1.0"]}
    (item,) = TableSource(written(tmp_path, ".parquet", rows)).items()
    assert path_of(item.uri) == tmp_path / "a b.png"
    assert item.licence == "CC0-1.0"


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
    (tmp_path / "x.parquet").write_text("not parquet")
    for name in ("x.parquet", "absent.csv"):
        with pytest.raises(ImgEditError, match="give a Parquet or CSV file"):
            list(TableSource(tmp_path / name).items())
