"""Processes that share a ledger, and processes that are killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.resources.chat.chatting import chatting, questions

ROOT = Path(__file__).parents[3]
WINDOW_S = 1.0
"""Between a reply's leaving the server and its commit, on a machine that does much else."""


@contextmanager
def asking(url: str, folder: Path, first: int, last: int) -> "Iterator[subprocess.Popen[str]]":
    """A process that asks some questions."""
    command = [
        sys.executable,
        "-m",
        "tests.resources.chat.asking",
        url,
        str(folder),
        str(first),
        str(last),
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_process_pays_nothing_that_was_answered_again(tmp_path: Path) -> None:
    script = {"latency_s": 0.01, "hold_after": 300}
    with chatting(tmp_path, script) as (client, server):
        with asking(server.base_url, tmp_path, 0, 600) as process:
            # What is under way at the end is held back: 64 requests wait for their answers.
            while server.journal()["requests"] < 364:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        answered = server.journal()["billed"]
        server.release()
        client.answer(questions(600))
        journal = server.journal()
    assert answered == 300
    assert journal["billed"] == journal["distinct"] == 600
    assert journal["billed_more_than_once"] == []
    assert journal["requests"] == 664


def test_what_a_kill_at_any_moment_costs_is_what_was_on_its_way(tmp_path: Path) -> None:
    with chatting(tmp_path, {"latency_s": 0.1, "latency_sigma": 0.3}) as (client, server):
        with asking(server.base_url, tmp_path, 0, 800) as process:
            while server.journal()["billed"] < 300:
                time.sleep(0.01)
            process.kill()
            killed_at = time.time()
        client.answer(questions(800))
        journal = server.journal(full=True)
        (spending,) = client._opened().ledger.spending()
    twice = journal["billed_more_than_once"]
    assert journal["distinct"] == spending.requests == 800
    # The one window that is left: replies that had reached the machine but not the ledger.
    assert len(twice) <= 64
    assert all(abs(journal["billed_at"][key][0] - killed_at) <= WINDOW_S for key in twice)
    print(f"{len(twice)} of 800 requests were paid twice")


def test_two_processes_share_a_ledger(tmp_path: Path) -> None:
    with chatting(tmp_path, {"latency_s": 0.02}) as (client, server):
        with (
            asking(server.base_url, tmp_path, 0, 400) as one,
            asking(server.base_url, tmp_path, 400, 800) as other,
        ):
            assert one.wait(60) == other.wait(60) == 0
        client.answer(questions(800))
        journal = server.journal()
        (spending,) = client._opened().ledger.spending()
    assert journal["billed"] == journal["distinct"] == 800
    assert (spending.requests, spending.saved_requests) == (800, 800)
