"""What an export may replace: an unchanged release of ours, and nothing that is the user's."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from models.faults import ImgEditError
from resources.releases.checksums import SUMS
from resources.releases.folder import MARK, staged
from tests.resources.releases.small_samples import Release, sample, write

Change = Callable[[Path], object]


def summed(folder: Path) -> None:
    """Give a folder the checksums of all its files, as `sha256sum` would."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != SUMS]
    digests = {f: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    lines = [f"{d}  {f.relative_to(folder).as_posix()}\n" for f, d in digests.items()]
    (folder / SUMS).write_text("".join(lines))


def everything(folder: Path) -> dict[str, bytes | str]:
    """Every file and link under a folder."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else "folder"
    return found


def replace(folder: Path) -> list[str]:
    """Write another release there; returns what was told."""
    told: list[str] = []
    write(folder, [sample(0)], "huggingface", tell=told.append)
    return told


def test_a_folder_with_checksums_is_no_release_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / "precious"
    (folder / "photos").mkdir(parents=True)
    (folder / "thesis.tex").write_text("years of work")
    (folder / "photos" / "cat.jpg").write_bytes(b"cat")
    summed(folder)
    before = everything(folder)
    with pytest.raises(ImgEditError, match=r"no unchanged release of ours: croissant\.json"):
        replace(folder)
    assert everything(tmp_path / "precious") == before


def edited(folder: Path) -> None:
    (folder / "README.md").write_text("my own notes about it")


def same_size(folder: Path) -> None:
    shard = next((folder / "data").iterdir())
    data = shard.read_bytes()
    shard.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])


def linked(folder: Path) -> None:
    shard = next((folder / "data").iterdir())
    elsewhere = folder.parent / "elsewhere.parquet"
    shard.rename(elsewhere)
    shard.symlink_to(elsewhere)


def linked_folder(folder: Path) -> None:
    (folder / "data").rename(folder.parent / "elsewhere")
    (folder / "data").symlink_to(folder.parent / "elsewhere")


def added_and_summed(folder: Path) -> None:
    (folder / "data" / "more.parquet").write_bytes(b"mine")
    summed(folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: (f / "notes.txt").write_text("mine"), "notes.txt is not in SHA256SUMS"),
        (lambda f: (f / ".git").mkdir(), ".git/ is not in SHA256SUMS"),
        (lambda f: (f / "data" / "empty").mkdir(), "data/empty/ is not in"),
        (lambda f: (f / "data" / ".hidden").write_text("mine"), "data/.hidden is not in"),
        (lambda f: (f / "link").symlink_to("/etc"), "link is a link"),
        (lambda f: os.mkfifo(f / "pipe"), "pipe is no regular file"),
        (lambda f: (f / "a\x1b[31m\udcff").write_text("mine"), r"a\x1b[31m\udcff"),
        (lambda f: (f / "README.md").unlink(), "README.md is missing"),
        (edited, "README.md was changed"),
        (same_size, "was changed"),
        (linked, "is a link"),
        (linked_folder, "data is a link"),
        (added_and_summed, "croissant.json does not tell of these files"),
        (lambda f: (f / SUMS).write_text("rubbish"), "is not in"),
    ],
)
def test_a_release_that_somebody_changed_is_left_alone(
    release: Release, change: Change, named: str
) -> None:
    folder = release("huggingface").folder
    change(folder)
    before = everything(folder.parent)
    with pytest.raises(ImgEditError) as refused:
        replace(folder)
    assert named in str(refused.value)
    assert "name another folder" in str(refused.value)
    after = everything(folder.parent)
    after.pop(".release.lock")
    before.pop(".release.lock")
    assert after == before


@pytest.mark.parametrize("layout", ["huggingface", "webdataset", "imgedit"])
def test_an_unchanged_release_of_any_layout_is_replaced(release: Release, layout: str) -> None:
    folder = release(layout).folder  # type: ignore[arg-type]
    assert replace(folder) == []
    assert {p.name for p in folder.iterdir()} == {"README.md", "croissant.json", SUMS, "data"}
    assert {p.name for p in folder.parent.iterdir()} == {"release", ".release.lock"}


def test_what_came_while_the_new_one_was_written_survives_and_is_named(release: Release) -> None:
    folder = release("huggingface").folder
    told: list[str] = []
    with staged(folder, tell=told.append) as fresh:
        (fresh / "new").touch()
        (folder / "data" / "mine.txt").write_text("mine")
        (folder / "README.md").write_text("edited just now")
    kept = folder.with_name("release.kept-1")
    assert {p.name for p in folder.iterdir()} == {"new"}
    assert (kept / "data" / "mine.txt").read_text() == "mine"
    assert (kept / "README.md").read_text() == "edited just now"
    assert len(list(kept.rglob("*"))) == 3
    (line,) = told
    assert str(kept) in line
    assert "data/mine.txt" in line


def test_what_came_to_an_empty_place_meanwhile_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "place"

    def meanwhile() -> None:
        with staged(folder):
            folder.mkdir()
            (folder / "mine.txt").write_text("mine")

    with pytest.raises(ImgEditError, match="place cannot be written"):
        meanwhile()
    assert everything(folder) == {"mine.txt": b"mine"}


@pytest.mark.parametrize("inside", [("photo.jpg",), ("new/photo.jpg",), ("new/a", MARK)])
def test_a_hidden_folder_of_the_user_is_no_leftover(
    tmp_path: Path, inside: tuple[str, ...]
) -> None:
    for name in inside:
        (tmp_path / ".release.partial" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / ".release.partial" / name).write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(ImgEditError, match=r"\.release\.partial is in the way"):
        replace(tmp_path / "release")
    after = everything(tmp_path)
    after.pop(".release.lock")
    assert after == before


def test_a_second_export_waits_for_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    with ThreadPoolExecutor(1) as pool:
        with suppress(KeyboardInterrupt), staged(folder):
            second = pool.submit(replace, folder)
            time.sleep(1.5)
            assert not second.done()
            raise KeyboardInterrupt
        (line,) = second.result(30)
    assert line.startswith(f"waiting for the export to {folder}, held by pid {os.getpid()} since")
    assert (folder / SUMS).is_file()


def test_a_hidden_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("years of work")
    (tmp_path / ".release.partial").symlink_to(tmp_path / "precious")
    with pytest.raises(ImgEditError, match=r"\.release\.partial is in the way"):
        replace(tmp_path / "release")
    assert (tmp_path / "precious" / "thesis.tex").read_text() == "years of work"


KILLED = """
import os, signal, sys
from pathlib import Path
from resources.releases.folder import staged
calls = 0
def count(event, args):
    global calls
    if event == {event!r} and ".release.partial" in str(args):
        calls += 1
        if calls == {number}:
            os.kill(os.getpid(), signal.SIGKILL)
with staged(Path({folder!r})) as fresh:
    (fresh / "new").touch()
    sys.addaudithook(count)
"""
"""Replaces a release by a folder with one file, and dies before its n-th call of a kind."""


def killed(folder: Path, event: str, number: int) -> None:
    code = KILLED.format(event=event, number=number, folder=str(folder))
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (folder.parent / ".release.partial" / MARK).is_file()


@pytest.mark.parametrize("number", [1, 2])
def test_a_swap_that_was_killed_before_its_end_is_undone(release: Release, number: int) -> None:
    folder = release("huggingface").folder
    before = everything(folder)
    killed(folder, "os.rename", number)
    assert folder.is_dir() == (number == 1)
    with pytest.raises(KeyboardInterrupt), staged(folder):
        raise KeyboardInterrupt
    assert everything(folder) == before
    assert replace(folder) == []
    assert {p.name for p in folder.parent.iterdir()} == {"release", ".release.lock"}


@pytest.mark.parametrize("number", [1, 3])
def test_a_swap_that_was_killed_after_its_end_is_finished(release: Release, number: int) -> None:
    folder = release("huggingface").folder
    killed(folder, "os.remove", number)
    assert everything(folder) == {"new": b""}
    with pytest.raises(ImgEditError, match="is no release"):
        replace(folder)
    assert {p.name for p in folder.parent.iterdir()} == {"release", ".release.lock"}
    assert everything(folder) == {"new": b""}
