"""Benchmark folders: images wherever they lie, prompts in every published shape."""

import json
import os
import shutil
from pathlib import Path

import pytest
from skimage import data

from models.faults import ImgEditError
from models.images import encode_jpeg
from models.similarity.phash import perceptual_hash
from resources.benchmarks import read_benchmark


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in the layout of ImgEdit-Bench."""
    root = tmp_path / "Bench"
    (root / "singleturn" / "animal").mkdir(parents=True)
    (root / "singleturn" / "animal" / "cat.jpg").write_bytes(encode_jpeg(data.chelsea()))
    (root / "uge").mkdir()
    (root / "uge" / "000029784.jpg").write_bytes(encode_jpeg(data.astronaut()))
    case = {"id": "animal/cat.jpg", "prompt": "Remove the cat.", "edit_type": "remove"}
    (root / "singleturn" / "singleturn.json").write_text(json.dumps({"12": case}))
    uge = {"1": {"id": "000029784.jpg", "prompt": "Make the rocket larger."}}
    (root / "uge" / "prompts.json").write_text(json.dumps(uge))
    (root / "multiturn").mkdir()
    turns = [
        {"id": "1.jpg", "turn1": "Add a hat.", "turn2": "Make it red."},
        {"id": "2.jpg", "turn1": "Remove it.", "turn2": "Undo.", "turn3": "Add a dog."},
    ]
    lines = "\n".join(json.dumps(t) for t in turns)
    (root / "multiturn" / "annotation.jsonl").write_text(lines + "\n\n")
    (root / "singleturn" / "rubric.json").write_text(json.dumps({"remove": "Score <edit_prompt>"}))
    (root / "results.json").write_text(json.dumps([1, {"12": "5"}]))
    return root


def test_images_and_prompts_of_all_three_suites_are_found(folder: Path) -> None:
    benchmark = read_benchmark(folder)
    assert benchmark.name == "Bench"
    assert not benchmark.problems
    assert [i.path for i in benchmark.images] == [
        "singleturn/animal/cat.jpg",
        "uge/000029784.jpg",
    ]
    assert {p.key: p.text for p in benchmark.prompts} == {
        "singleturn/singleturn.json:12": "Remove the cat.",
        "uge/prompts.json:1": "Make the rocket larger.",
        "multiturn/annotation.jsonl:1:turn1": "Add a hat.",
        "multiturn/annotation.jsonl:1:turn2": "Make it red.",
        "multiturn/annotation.jsonl:2:turn1": "Remove it.",
        "multiturn/annotation.jsonl:2:turn2": "Undo.",
        "multiturn/annotation.jsonl:2:turn3": "Add a dog.",
    }


def test_hashes_are_those_of_the_pictures(folder: Path) -> None:
    cat, astronaut = read_benchmark(folder).images
    assert (cat.phash ^ perceptual_hash(data.chelsea())).bit_count() <= 4
    assert (astronaut.phash ^ perceptual_hash(data.chelsea())).bit_count() > 12


def test_broken_files_are_named_and_the_rest_is_read(folder: Path) -> None:
    (folder / "uge" / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (folder / "uge" / "prompts.json").write_text('{"1": {"id"')
    for name in ("pipe.json", "pipe.png"):
        os.mkfifo(folder / "uge" / name)
    (folder / "uge" / "latin.json").write_bytes(b'{"1": {"prompt": "caf\xe9"}}')
    with (folder / "multiturn" / "annotation.jsonl").open("a") as file:
        file.write('{"id": "3.jpg", "turn1"\n')
    benchmark = read_benchmark(folder)
    assert len(benchmark.images) == 2
    assert len(benchmark.prompts) == 6
    broken = sorted(problem.split(": ")[0] for problem in benchmark.problems)
    assert broken == [
        "multiturn/annotation.jsonl:4",
        "uge/cut.png",
        "uge/latin.json",
        "uge/pipe.json",
        "uge/pipe.png",
        "uge/prompts.json",
    ]


def test_linked_folders_are_read_once(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "uge", tmp_path / "elsewhere")
    (folder / "uge").symlink_to(tmp_path / "elsewhere")
    (folder / "uge" / "round").symlink_to(folder)
    (folder / "again").symlink_to(folder / "singleturn")
    assert len(read_benchmark(folder).images) == 2


@pytest.mark.parametrize("content", [{}, {"notes.txt": b"hello"}, {"results.json": b'{"1": "5"}'}])
def test_a_folder_without_cases_is_an_error(tmp_path: Path, content: dict[str, bytes]) -> None:
    for name, raw in content.items():
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(ImgEditError, match=rf"{tmp_path}: no image and no prompt.*expected"):
        read_benchmark(tmp_path)


def test_a_folder_of_broken_files_says_what_is_broken(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(ImgEditError, match=r"1 broken files the first is a\.jpg: not_an_image"):
        read_benchmark(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="nowhere: cannot be read: No such file"):
        read_benchmark(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "prompts.json").write_text("{}")
    with pytest.raises(ImgEditError, match=r"prompts\.json: cannot be read: Not a directory"):
        read_benchmark(tmp_path / "prompts.json")


@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_a_problem_of_its_own(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cases.json")
    (tmp_path / "endless.jsonl").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "good.json").write_text('{"1": {"id": "a.jpg", "prompt": "make it red"}}')
    found = read_benchmark(tmp_path)
    assert [prompt.text for prompt in found.prompts] == ["make it red"]
    assert len(found.problems) == 4
