"""Locks between real processes: waited for with a word, given up with the holder's number."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resources.locks import LockError, held, taken

HOLD = """
import sys, time
from pathlib import Path
from resources.locks import held
with held(Path(sys.argv[1]), "a thing"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holding(path: Path) -> "Iterator[subprocess.Popen[str]]":
    """Another process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "thing.lock"


def test_who_waits_is_told_at_once_and_goes_on_when_the_holder_is_killed(path: Path) -> None:
    told: list[str] = []
    with holding(path) as process:
        threading.Timer(1.5, process.kill).start()
        with held(path, "a thing", tell=told.append):
            assert str(os.getpid()) in path.read_text()
    (line,) = told
    assert line.startswith(f"waiting for a thing, held by pid {process.pid} since 20")


def test_a_stopped_holder_is_named_and_given_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.locks.STOPPED_TIMEOUT_S", 1.5)
    told: list[str] = []
    with holding(path) as process:
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(LockError) as given_up, held(path, "a thing", tell=told.append):
            pass
    assert f"pid {process.pid} (stopped: `kill -CONT {process.pid}`" in told[0]
    assert f"a thing: held by pid {process.pid} (stopped" in str(given_up.value)


def test_a_time_out_of_the_environment_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_LOCK_TIMEOUT_S", "0.2")
    with holding(path) as process:
        started = time.monotonic()
        with pytest.raises(LockError, match=rf"pid {process.pid} .*IMGEDIT_LOCK_TIMEOUT_S"):
            held(path, "a thing").__enter__()
        assert time.monotonic() - started < 5
    monkeypatch.setenv("IMGEDIT_LOCK_TIMEOUT_S", "soon")
    with pytest.raises(LockError, match="a number of seconds"):
        held(path, "a thing").__enter__()


def test_a_lock_is_had_at_once_or_not(path: Path) -> None:
    with holding(path):
        assert taken(path) is None
    lock = taken(path)
    assert lock is not None
    lock.release()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_with_the_remedy(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    # Stands for a network file system without locks.
    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(LockError, match="a folder on a local disk"), held(path, "a thing"):
        pass


def test_a_file_of_the_user_with_the_name_of_a_lock_keeps_its_words(path: Path) -> None:
    path.write_text("my notes")
    with held(path, "a thing"):
        assert path.read_text() == "my notes"
