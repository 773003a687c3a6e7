"""The official ImgEdit-Bench from a folder."""

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmark.cases import Suite, pixels
from benchmark.suites.imgedit import ABILITIES, TASKS
from benchmark.suites.registry import load_suite
from models.faults import ImgEditError
from tests.benchmark.suites.official import (
    COUNTS,
    basic_cases,
    dialogue,
    picture,
    write,
    write_basic,
    write_uge,
)

FEW = dict.fromkeys(TASKS, 2)


def load(name: str, data: Path, **options: bool) -> Suite:
    return load_suite(name, data, data / "cache", **options)


def test_all_cases_come_in_the_files_order_with_their_tasks(tmp_path: Path) -> None:
    suite = load("imgedit-basic", write_basic(tmp_path))
    cases = suite.cases()

    assert suite.revision.startswith("737 cases (")
    assert suite.tasks == TASKS
    assert Counter(case.task for case in cases) == COUNTS
    assert [case.id for case in cases] == list(basic_cases(COUNTS))
    assert len({case.cluster for case in cases}) == 8  # Eight pictures, each of two names' bytes.
    assert pixels(cases[1].source).shape == (16, 24, 3)


def test_the_older_revision_is_named_and_its_alter_is_adjust(tmp_path: Path) -> None:
    older = {("alter" if task == "adjust" else task): n for task, n in COUNTS.items()}
    suite = load("imgedit-basic", write_basic(tmp_path, older | {"style": 97}))
    assert suite.revision.startswith("734 cases, where adjust is called alter (")
    assert suite.tasks == TASKS


def test_another_number_of_cases_is_called_no_published_revision(tmp_path: Path) -> None:
    suite = load("imgedit-basic", write_basic(tmp_path, FEW))
    assert suite.revision.startswith("18 cases, no published revision (")


def test_a_changed_instruction_changes_the_revision(tmp_path: Path) -> None:
    before = load("imgedit-basic", write_basic(tmp_path, FEW)).revision
    file = tmp_path / "Basic" / "basic_edit.json"
    file.write_text(file.read_text().replace("number 3.", "number three."))
    assert load("imgedit-basic", tmp_path).revision != before


@pytest.mark.parametrize("given", ["Benchmark", "Benchmark/singleturn", ".", "file"])
def test_the_archive_is_found_from_wherever_it_is_named(tmp_path: Path, given: str) -> None:
    home = write_basic(tmp_path / "Benchmark", FEW, "singleturn") / "singleturn"
    file = (home / "basic_edit.json").rename(home / "singleturn.json")
    suite = load("imgedit-basic", file if given == "file" else tmp_path / given)
    assert len(suite.cases()) == 18


def test_pictures_may_lie_apart_from_the_cases(tmp_path: Path) -> None:
    write_basic(tmp_path, FEW)
    write(tmp_path / "cases" / "Basic" / "basic_edit.json", basic_cases(FEW))
    (tmp_path / "Basic" / "basic_edit.json").unlink()
    (tmp_path / "Basic").rename(tmp_path / "cases" / "original_images")
    assert len(load("imgedit-basic", tmp_path / "cases").cases()) == 18


def test_a_folder_of_another_name_is_told_with_what_was_expected(tmp_path: Path) -> None:
    write_basic(tmp_path, FEW, "basics")
    with pytest.raises(ImgEditError, match=r"no Basic/basic_edit.json.*it holds basics/.*--data"):
        load("imgedit-basic", tmp_path)


def test_a_renamed_folder_of_pictures_is_told(tmp_path: Path) -> None:
    write_basic(tmp_path, FEW)
    (tmp_path / "Basic" / "daily object").rename(tmp_path / "Basic" / "daily_object")
    with pytest.raises(ImgEditError) as caught:
        load("imgedit-basic", tmp_path)
    assert "daily_object/" in str(caught.value)
    assert "daily object/001.jpg is not there" in str(caught.value)


def test_broken_and_missing_pictures_are_listed_by_case(tmp_path: Path) -> None:
    write_basic(tmp_path, FEW)
    (tmp_path / "Basic" / "animal" / "000.jpg").unlink()
    (tmp_path / "Basic" / "animal" / "004.jpg").write_bytes(b"no picture")
    with pytest.raises(ImgEditError) as caught:
        load("imgedit-basic", tmp_path)
    assert "case 0: " in str(caught.value)
    assert "animal/000.jpg is not there" in str(caught.value)
    assert "no known image format" in str(caught.value)

    cases = load("imgedit-basic", tmp_path, allow_missing=True).cases()
    assert len(cases) == 18
    assert len({case.cluster for case in cases}) == 8


def test_a_picture_outside_the_folder_is_never_read(tmp_path: Path) -> None:
    write(tmp_path / "secret.png", picture(9))
    cases = {"1": {"id": "../../secret.png", "prompt": "Look.", "edit_type": "add"}}
    write(tmp_path / "data" / "Basic" / "basic_edit.json", cases)
    (tmp_path / "data" / "Basic" / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ImgEditError, match="leads out of"):
        load("imgedit-basic", tmp_path / "data")
    cases["1"]["id"] = "link.png"
    write(tmp_path / "data" / "Basic" / "basic_edit.json", cases)
    with pytest.raises(ImgEditError, match="leads out of"):
        load("imgedit-basic", tmp_path / "data")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"7": {"id": "a.jpg"}, "7": {"id": "b.jpg"}}', "more than once .'7'."),
        ('{"7": {"id": "a.jpg", "id": "b.jpg"}}', "more than once .'id'."),
        ('{"7": {"id": "a.jpg", "prompt": "x", "edit_type": "paint"}}', "'paint', none of"),
        ('{"7": {"id": 3, "prompt": "x", "edit_type": "add"}}', "key 7: no id"),
        ('{"7": {"id": "a.jpg", "prompt": " ", "edit_type": "add"}}', "key 7: no instruction"),
        ('{"7": "a.jpg"}', "key 7: no id"),
        ('{"7": {', "is no JSON"),
        ("[1]", "no JSON object"),
        ("[" * 100_000, "nests too deep"),
    ],
)
def test_what_is_wrong_in_a_case_file_is_said(tmp_path: Path, text: str, told: str) -> None:
    write(tmp_path / "Basic" / "basic_edit.json", text)
    with pytest.raises(ImgEditError, match=told):
        load("imgedit-basic", tmp_path)


def test_uge_has_one_task_and_flat_names(tmp_path: Path) -> None:
    suite = load("imgedit-uge", write_uge(tmp_path))
    assert [case.id for case in suite.cases()] == ["1", "2", "3"]
    assert suite.tasks == ("uge",)
    assert suite.revision.startswith("3 cases (")


@pytest.mark.parametrize("kind", ["lines", "keyed", "lines called json"])
def test_dialogues_are_read_as_lines_and_as_an_object(tmp_path: Path, kind: str) -> None:
    rows = [dialogue(1, 2), dialogue(2, 3)]
    for folder in ("content_memory", "content_understand", "version_backtrace"):
        text = "\n".join(json.dumps(row) for row in rows)
        if kind == "keyed":
            text = json.dumps({str(k): row for k, row in enumerate(rows, 1)}, indent=2)
        suffix = "jsonl" if kind == "lines" else "json"
        write(tmp_path / "multiturn" / folder / f"annotation.{suffix}", text)
    for number in (1, 2):
        write(tmp_path / "multiturn" / "pictures" / f"{number:06d}.jpg", picture(number))

    suite = load("imgedit-multiturn", tmp_path)
    cases = suite.cases()
    assert suite.tasks == ABILITIES
    assert [case.id for case in cases[:2]] == ["content_memory-1", "content_memory-2"]
    assert [len(case.turns) for case in cases] == [2, 3] * 3
    assert [turn.starts_from for turn in cases[1].turns] == [0, 1, 2]


def test_a_dialogue_with_a_hole_is_told(tmp_path: Path) -> None:
    row = {"id": "a.jpg", "turn1": "One.", "turn3": "Three."}
    write(tmp_path / "Multiturn" / "content_memory.jsonl", row)
    with pytest.raises(ImgEditError, match="key 1: no instruction"):
        load("imgedit-multiturn", tmp_path)
    with pytest.raises(ImgEditError, match=r"no file of \{id, turn1, turn2\}.*it holds"):
        load("imgedit-multiturn", write_uge(tmp_path / "other"))
