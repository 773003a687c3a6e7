"""GEdit, KRIS and a user's own cases."""

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmark.cases import Suite, pixels
from benchmark.suites.registry import SUITES, load_suite
from models.faults import FaultError, ImgEditError
from tests.benchmark.suites.official import gedit_rows, picture, write, write_kris


def load(name: str, data: Path, **options: bool) -> Suite:
    return load_suite(name, data, data.parent / "cache", **options)


@pytest.mark.parametrize("as_file", [True, False])
def test_gedit_is_read_from_parquet_with_both_languages_as_groups(
    tmp_path: Path, as_file: bool
) -> None:
    file = tmp_path / "hub" / "data" / "train-00000-of-00001.parquet"
    file.parent.mkdir(parents=True)
    pl.DataFrame(gedit_rows()).write_parquet(file)

    suite = load("gedit", file if as_file else tmp_path / "hub")
    cases = {case.id: case for case in suite.cases()}
    assert suite.revision.startswith("v1, 2 cn, 2 en (")
    assert suite.tasks == ("color_alter", "subject-add")
    assert list(cases)[:2] == ["subject-add/en/aben", "subject-add/cn/abcn"]
    assert cases["subject-add/en/aben"].groups == ("en", "intersection", "en/intersection")
    assert cases["color_alter/cn/cdcn"].groups == ("cn",)
    assert len({case.cluster for case in suite.cases()}) == 2
    assert pixels(cases["color_alter/en/cden"].source).shape == (32, 48, 3)  # The raw one.


def test_gedits_pictures_are_written_to_the_cache_alone_and_once(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    data.mkdir()
    pl.DataFrame(gedit_rows()).write_parquet(data / "train.parquet")
    load("gedit", data)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    load("gedit", data)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()} == before
    assert len(list((tmp_path / "cache" / "pictures").iterdir())) == 2


def test_gedit_is_read_from_a_table_of_paths(tmp_path: Path) -> None:
    rows = [row | {"input_image": "a.png", "input_image_raw": None} for row in gedit_rows()]
    write(tmp_path / "g" / "cases.jsonl", "\n".join(map(json.dumps, rows)))
    write(tmp_path / "g" / "a.png", picture(1))
    assert len(load("gedit", tmp_path / "g").cases()) == 4


def test_gedits_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImgEditError, match=r"no \*.parquet below .*it is empty"):
        load("gedit", tmp_path / "empty")
    file = write(tmp_path / "broken.parquet", b"PAR1 broken")
    with pytest.raises(ImgEditError, match="no Parquet file that can be read"):
        load("gedit", file)
    rows = gedit_rows()
    frame = pl.DataFrame([*rows, rows[0], rows[1] | {"key": ""}])
    frame.write_parquet(tmp_path / "twice.parquet")
    with pytest.raises(ImgEditError) as caught:
        load("gedit", tmp_path / "twice.parquet")
    assert "row 4: subject-add/en/aben is there twice" in str(caught.value)
    assert "row 5: no key" in str(caught.value)


def test_kris_has_its_categories_kinds_explanations_and_further_pictures(tmp_path: Path) -> None:
    suite = load("kris", write_kris(tmp_path / "KRIS_Bench").parent)
    cases = {case.id: case for case in suite.cases()}
    assert suite.revision.startswith("3 cases in 3 categories (")
    assert suite.tasks == ("viewpoint_change", "biology", "multi-element_composition")
    assert cases["biology/1"].facts == (("explanation", "Two stand."),)
    assert cases["biology/1"].groups == ("conceptual",)
    assert cases["viewpoint_change/1"].expected is not None
    assert cases["viewpoint_change/1"].reference is None
    several = cases["multi-element_composition/1"]
    assert several.reference is not None
    assert len(several.further) == 1


def test_kris_tells_a_folder_named_wrongly_and_a_missing_picture(tmp_path: Path) -> None:
    data = write_kris(tmp_path / "k")
    (data / "biology" / "1.jpg").unlink()
    with pytest.raises(ImgEditError, match=r"biology/annotation.json, key 1: .*1.jpg is not there"):
        load("kris", data)
    with pytest.raises(ImgEditError, match=r"no <category>/annotation.json.*annotation.json"):
        load("kris", data / "biology")


def own_rows() -> list[dict[str, Any]]:
    one = {"id": "a", "source": "in/a.png", "instruction": "Add a lamp.", "task": "add"}
    more = {"id": "b", "source": "in/a.png", "instruction": "", "task": "add"}
    return [one, more | {"turns": ["Add a lamp.", "Make it red."]}]


def write_own(data: Path, kind: str) -> Path:
    write(data / "in" / "a.png", picture(1))
    rows = own_rows()
    if kind == "jsonl":
        write(data / "cases.jsonl", "\n".join(json.dumps(row) for row in rows) + "\n\n")
    elif kind == "parquet":
        cells = [row | {"source": picture(1)} for row in rows]
        pl.DataFrame(cells).write_parquet(data / "cases.parquet")
    else:
        with (data / "cases.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["id", "source", "instruction", "task", "turns"])
            writer.writeheader()
            for row in rows:
                writer.writerow(
                    row | ({"turns": json.dumps(row["turns"])} if "turns" in row else {})
                )
    return data


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_own_cases_are_read_from_every_kind_of_table(tmp_path: Path, kind: str) -> None:
    suite = load("own", write_own(tmp_path / "own", kind))
    one, more = suite.cases()
    assert (one.id, one.instruction, one.task, len(one.turns)) == ("a", "Add a lamp.", "add", 1)
    assert [turn.instruction for turn in more.turns] == ["Add a lamp.", "Make it red."]
    assert pixels(one.source).shape == (16, 24, 3)
    assert one.cluster == more.cluster


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"id": "a", "source": "../x.png", "instruction": "Go."}, "leads out of"),
        ({"id": "a", "source": "/etc/passwd", "instruction": "Go."}, "leads out of"),
        ({"id": "a", "source": "nope.png", "instruction": "Go."}, "nope.png is not there"),
        ({"id": "a", "instruction": "Go."}, "names no picture"),
        ({"id": "a", "source": "in/a.png"}, "neither an instruction"),
        ({"source": "in/a.png", "instruction": "Go."}, "no id"),
        ({"id": "a", "source": "in/a.png", "prompt": "Go."}, r"unknown column\(s\) prompt"),
        ({"id": "a", "source": "in/a.png", "turns": "Go."}, "neither an instruction"),
        ({"id": "a", "source": "in/a.png", "instruction": "Go.", "mask": "m.png"}, "line 1, mask"),
    ],
)
def test_what_is_wrong_in_own_cases_is_said(tmp_path: Path, row: dict[str, str], told: str) -> None:
    write(tmp_path / "in" / "a.png", picture(1))
    write(tmp_path / "cases.jsonl", row)
    with pytest.raises(ImgEditError, match=told):
        load("own", tmp_path)


def test_own_ids_are_unique_and_there_is_one_table(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.png", picture(1))
    row = json.dumps(own_rows()[0])
    write(tmp_path / "cases.jsonl", f"{row}\n{row}\n")
    with pytest.raises(ImgEditError, match="'a' is there twice"):
        load("own", tmp_path)
    write_own(tmp_path, "csv")
    with pytest.raises(ImgEditError, match=r"needs one of .*; it has cases.jsonl and cases.csv"):
        load("own", tmp_path)
    write(tmp_path / "e" / "cases.csv", "id,source\n")
    with pytest.raises(ImgEditError, match="it has no rows"):
        load("own", tmp_path / "e")
    write(tmp_path / "f" / "cases.csv", 'id,source\na,"b\n')
    with pytest.raises(ImgEditError, match=r"cases\.csv, line \d: "):
        load("own", tmp_path / "f")


def test_a_missing_picture_that_is_allowed_is_a_fault_when_it_is_read(tmp_path: Path) -> None:
    write(tmp_path / "cases.jsonl", own_rows()[0])
    (case,) = load("own", tmp_path, allow_missing=True).cases()
    with pytest.raises(FaultError, match="missing_file"):
        case.source.data()


def test_names_and_needs_are_told(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="did you mean imgedit-basic"):
        load_suite("imgedit-basics", None, tmp_path)
    for name, kind in SUITES.items():
        if kind.needs:
            with pytest.raises(ImgEditError, match=f"{name} needs --data"):
                load_suite(name, None, tmp_path)
            with pytest.raises(ImgEditError, match="is not there; --data must name"):
                load_suite(name, tmp_path / "nowhere", tmp_path)
