"""`imgedit up`: the real servers, started, asked and stopped."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.browser.dagster_api import wait_until

# Tests that run under nohup, or in a script's background, hand on what is to be ignored.
CODE = """
import signal
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
from imgedit_assets.cli import main
main()
"""
IMGEDIT_UP = [sys.executable, "-X", "faulthandler", "-c", CODE, "up"]

QUESTION = "{repositoriesOrError{... on RepositoryConnection{nodes{location{name}}}}}"


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(home: Path, port: int, cwd: Path, *more: str) -> "subprocess.Popen[str]":
    """The command, running in a folder that is not the project's."""
    return subprocess.Popen(
        [*IMGEDIT_UP, "--port", str(port), *more],
        env={**os.environ, "IMGEDIT_HOME": str(home)},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What it has said, once it has ended; one that does not end has to say where it is."""
    try:
        return process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        pytest.fail(f"it did not end within 60 s:\n{process.communicate(timeout=20)[1]}")


def answered(port: int) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"query": QUESTION})
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    answer: dict[str, object] = json.loads(connection.getresponse().read())
    return answer


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = (map(int, line.split()) for line in listed.stdout.splitlines())
    return [child for child, parent in pairs if parent == pid]


def listened_to(pids: list[int]) -> set[int]:
    """The TCP ports that some processes listen on."""
    held = {file for pid in pids for file in open_files(pid)}
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    # The fourth field is the state, 0A for a listener; the tenth is the socket's number.
    return {
        int(row[1].rpartition(":")[2], 16)
        for row in rows
        if row[3] == "0A" and f"socket:[{row[9]}]" in held
    }


def open_files(pid: int) -> Iterator[str]:
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(file.readlink())


def is_alive(pid: int) -> bool:
    """Whether it runs; the orphans of a killed process may wait for a reaper for ever."""
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, check=False)
    return state.stdout.strip() not in (b"", b"Z")


def keep_databases(servers: Sequence[int]) -> int:
    """How many of some servers have one of Dagster's databases open, ten times in a row."""
    kept = set(servers)
    for _ in range(10):
        kept = {pid for pid in kept if any(name.endswith(".db") for name in open_files(pid))}
        time.sleep(0.1)
    return len(kept)


@pytest.mark.slow
def test_up_serves_the_graph_until_it_is_told_to_stop(tmp_path: Path, port: int) -> None:
    with started(tmp_path / "home", port, tmp_path) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
            nodes = answered(port)["data"]["repositoriesOrError"]["nodes"]  # type: ignore[index]
            assert nodes == [{"location": {"name": "imgedit"}}]
            servers = children_of(process.pid)
            assert len(servers) == 3
            # The code server does whatever it is told, so nobody else may reach it.
            workers = [child for server in servers for child in children_of(server)]
            assert listened_to([*servers, *workers]) == {port}
            # Webserver and daemon: opened for each question, they cost a third more.
            wait_until(lambda: keep_databases(servers) == 2, what="open databases", timeout_s=60)
        finally:
            process.send_signal(signal.SIGTERM)
        _, said = ended(process)
    assert process.returncode == 0
    assert said.strip().endswith("stopped")
    assert not [pid for pid in servers if is_alive(pid)]


@pytest.mark.slow
def test_what_a_killed_one_left_is_in_nobodys_way(tmp_path: Path, port: int) -> None:
    home = tmp_path / "home"
    with started(home, port, tmp_path) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline()
        orphans = children_of(killed.pid)
        killed.kill()
    assert len(orphans) == 3
    with started(home, port, tmp_path) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == f"http://127.0.0.1:{port}"
            assert not [pid for pid in orphans if is_alive(pid)]
            second = started(home, port + 1, tmp_path)
            _, refused = ended(second)
            servers = children_of(process.pid)
        finally:
            # A closed terminal.
            process.send_signal(signal.SIGHUP)
        _, said = ended(process)
    assert second.returncode == 1
    assert f"runs already on {home}: pid {process.pid} since" in refused
    assert f"http://127.0.0.1:{port};" in refused
    assert process.returncode == 0
    assert said.strip().endswith("stopped")
    assert not [pid for pid in servers if is_alive(pid)]


def test_a_port_in_use_is_told_in_a_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = started(tmp_path / "home", taken.getsockname()[1], tmp_path)
        _, said = ended(process)
    assert process.returncode == 1
    assert len(said.strip().splitlines()) == 1
    assert "choose another with --port" in said


def test_a_host_that_is_no_name_is_wrong_usage(tmp_path: Path, port: int) -> None:
    with started(tmp_path / "home", port, tmp_path, "--allow-host", "https://a.example") as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "is no host name" in said
