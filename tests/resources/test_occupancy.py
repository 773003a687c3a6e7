"""One occupant for each home; what a killed one left is ended, and nobody else's process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.occupancy import RECORD, OccupiedError, note_child, occupied

ADDRESS = "http://127.0.0.1:3000"

OCCUPY = """
import os, subprocess, sys, time
from pathlib import Path
from resources.occupancy import note_child, occupied
folder = Path(sys.argv[1])
with occupied(folder, pid=os.getpid(), address="http://127.0.0.1:3000", tell=print):
    # One that ends when it is asked to, and one that does not.
    ignore = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    for command in (["sleep", "60"], [sys.executable, "-c", ignore]):
        child = subprocess.Popen(command, start_new_session=True)
        note_child(folder, child.pid)
        print(child.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def occupant(tmp_path: Path) -> "Iterator[tuple[subprocess.Popen[str], list[int]]]":
    """Another process that occupies the folder, and the two that it has started."""
    with subprocess.Popen(
        [sys.executable, "-c", OCCUPY, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        children = [int(process.stdout.readline()) for _ in range(2)]
        yield process, children
        process.kill()
    for child in children:
        if is_alive(child):
            os.kill(child, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, check=False)
    return state.stdout.strip() not in (b"", b"Z")


def occupy(folder: Path) -> list[str]:
    """Occupy the folder for a moment; returns what was told."""
    told: list[str] = []
    with occupied(folder, pid=os.getpid(), address=ADDRESS, tell=told.append):
        pass
    return told


def test_a_second_one_is_refused_and_told_where_the_first_is(
    tmp_path: Path, occupant: "tuple[subprocess.Popen[str], list[int]]"
) -> None:
    process, children = occupant
    with pytest.raises(OccupiedError, match=f"pid {process.pid}, {ADDRESS}"):
        occupy(tmp_path)
    assert all(map(is_alive, children))


def test_what_a_killed_one_left_is_ended_even_if_it_does_not_listen(
    tmp_path: Path,
    occupant: "tuple[subprocess.Popen[str], list[int]]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resources.occupancy.PATIENCE_S", 0.5)
    process, children = occupant
    process.kill()
    process.wait()
    assert all(map(is_alive, children))
    (line,) = occupy(tmp_path)
    assert f"(pid {process.pid}) has left: {children[0]}, {children[1]}" in line
    assert not any(map(is_alive, children))
    assert occupy(tmp_path) == []
    assert not (tmp_path / RECORD).exists()


def test_a_process_that_has_got_the_number_since_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as strangers:
        note_child(tmp_path, strangers.pid)
        record = json.loads((tmp_path / RECORD).read_text())
        record["children"][0]["started"] += "0"
        (tmp_path / RECORD).write_text(json.dumps(record))
        assert occupy(tmp_path) == []
        assert strangers.poll() is None
        strangers.kill()


@pytest.mark.parametrize("text", ["", "[]", '{"children": [1]}', '{"children": [{"pid": "x"}]}'])
def test_a_record_that_is_none_stops_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / RECORD).write_text(text)
    assert occupy(tmp_path) == []
