"""Releases made to do harm: each bad thing is one problem and one reject, in little memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from models.faults import Fault, ImgEditError
from resources.releases.checksums import SUMS
from resources.releases.croissant import CROISSANT
from resources.releases.damage import Damage
from resources.releases.limits import MAX_TURNS
from resources.releases.read import ReadPair, list_release, load_pair
from resources.releases.verify import verify
from tests.resources.releases import hostile
from tests.resources.releases.hostile import PARQUET, TARS, Make
from tests.resources.releases.small_samples import Release

MOST_MB = 500

HOSTILE = (sys.executable, "-m", hostile.__name__)
"""Run from the root, where pytest is."""

FILES = {"huggingface": (PARQUET, "parquet"), "webdataset": (TARS, "tar")}


@pytest.fixture
def infested(release: Release) -> Callable[[str], Path]:
    """A sound release, without a list of its files, with every hostile file of its layout in it."""

    def make(layout: str) -> Path:
        folder = release(layout).folder
        (folder / SUMS).unlink()
        files, suffix = FILES[layout]
        for name, make in files.items():
            make(folder / f"{name}.{suffix}")
        return folder

    return make


@pytest.mark.timeout(60)
@pytest.mark.parametrize("layout", FILES)
def test_each_hostile_file_is_found_in_little_memory_and_the_sound_pairs_are_read(
    infested: Callable[[str], Path], layout: str
) -> None:
    files, suffix = FILES[layout]
    folder = infested(layout)
    read = [*HOSTILE, str(folder)]
    done = subprocess.run(read, capture_output=True, check=True, text=True, timeout=50)
    told = json.loads(done.stdout)
    assert told["sound"] == 8
    assert told["most_mb"] < MOST_MB
    for name in files:
        for lines in (told["problems"], told["faults"]):
            assert len([line for line in lines if line.startswith(f"{name}.{suffix}")]) == 1


@pytest.mark.timeout(60)
def test_an_image_in_a_thousand_rows_is_not_in_memory_a_thousand_times(tmp_path: Path) -> None:
    hostile.one_image_in_every_row(tmp_path / "same.parquet")
    read = [*HOSTILE, str(tmp_path)]
    told = json.loads(subprocess.run(read, capture_output=True, check=True, timeout=50).stdout)
    assert len(told["faults"]) == 1000
    assert told["most_mb"] < MOST_MB


@pytest.mark.timeout(10)
def test_a_dialogue_of_many_turns_is_one_reject_at_once(release: Release) -> None:
    folder = release("imgedit").folder
    hostile.dialogue(20_000)(folder / "Parquet" / "many_part0.parquet")
    hostile.dialogue(MAX_TURNS)(folder / "Parquet" / "most_part0.parquet")
    pairs = [load_pair(ref) for ref in list_release(folder)]
    assert sum(isinstance(pair, ReadPair) for pair in pairs) == 8
    faults = [pair for pair in pairs if isinstance(pair, Fault)]
    (many,) = [fault.detail for fault in faults if "many_part0" in fault.detail]
    assert "20,000 turns, more than 64" in many
    assert sum("most_part0" in fault.detail for fault in faults) == MAX_TURNS


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


STRANGE: dict[str, tuple[str, Make, str]] = {
    "metadata that is a FIFO": (CROISSANT, os.mkfifo, "not a regular file"),
    "metadata that nests deep": (
        CROISSANT,
        lambda path: path.write_text("[" * 100_000),
        "nests too deep",
    ),
    "metadata of a number without end": (
        CROISSANT,
        lambda path: path.write_text("1" * 10_000),
        "no Croissant document",
    ),
    "checksums that are a FIFO": (SUMS, os.mkfifo, "not a regular file"),
    "checksums that lie elsewhere": (
        SUMS,
        lambda path: path.symlink_to("/etc/passwd"),
        "outside the folder",
    ),
    "a link to itself": ("note", _loop, "loop"),
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", STRANGE)
def test_strange_files_are_problems_and_nothing_hangs(release: Release, name: str) -> None:
    path, make, said = STRANGE[name]
    folder = release("huggingface").folder
    (folder / path).unlink(missing_ok=True)
    make(folder / path)
    lines = [str(problem) for problem in verify(folder).problems]
    assert any(said in line for line in lines)
    assert not any("root:" in line for line in lines)


@pytest.mark.timeout(30)
def test_folders_may_nest_deeper_than_the_stack(release: Release) -> None:
    folder = release("huggingface").folder
    innermost = str(folder)
    for _ in range(1100):
        innermost += "/n"
        Path(innermost).mkdir()
    Path(innermost, "note.txt").write_text("here")
    try:
        (problem,) = verify(folder).problems
        assert problem.damage is Damage.EXTRA_FILE
        assert problem.path.endswith("n/note.txt")
        assert len(list(list_release(folder))) == 8
    finally:
        # What clears the folders of tests away is not made for it.
        subprocess.run(["rm", "-r", str(folder / "n")], check=True)


def test_checksums_that_cannot_be_read_end_the_import_with_the_remedy(release: Release) -> None:
    folder = release("huggingface").folder
    (folder / SUMS).unlink()
    os.mkfifo(folder / SUMS)
    with pytest.raises(ImgEditError, match="not a regular file; fetch it again, or remove it"):
        list(list_release(folder))


def test_a_name_cannot_steer_the_terminal(release: Release) -> None:
    folder = release("huggingface").folder
    (folder / "\x1b[2J\udcff").write_text("")
    lines = [str(problem) for problem in verify(folder).problems]
    assert lines
    assert all(line.isprintable() for line in lines)
