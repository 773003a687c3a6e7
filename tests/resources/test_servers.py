"""One set of servers for each home, and none outlives the process that has started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from resources.servers import ServerError, occupied

ADDRESS = "http://127.0.0.1:3000"

OCCUPY = f"""
import sys, time
from pathlib import Path
from resources.servers import occupied
with occupied(Path(sys.argv[1]), "{ADDRESS}"):
    print("occupied", flush=True)
    time.sleep(60)
"""

POLITE = """
import sys, time
from dagster._utils.interrupts import setup_interrupt_handlers
setup_interrupt_handlers()
try:
    print(*sys.argv[1:], repr(sys.stdin.read()), flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("ended", flush=True)
"""
"""Takes signals as Dagster's servers do."""

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""

LEASHED = """
import signal, sys
from resources import leash
signal.signal(signal.SIGINT, signal.SIG_IGN)
leash.PATIENCE_S = float(sys.argv.pop(1))
leash.main()
"""
"""Started as from a job in the background, which ignores Ctrl-C."""

PARENT = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {LEASHED!r}, *sys.argv[1:]], stdin=subprocess.PIPE)
time.sleep(60)
"""


def test_a_second_one_is_refused_and_told_where_the_first_is(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OCCUPY, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "occupied\n"
        with pytest.raises(ServerError, match=rf"pid {process.pid} since .*, {ADDRESS};"):
            occupied(tmp_path, "http://127.0.0.1:4000").__enter__()
        process.kill()
    with occupied(tmp_path, ADDRESS):
        pass


@pytest.mark.parametrize(
    ("arguments", "first", "last"),
    [
        (["60", "polite", "--port", "7"], "--port 7 ''\n", "ended\n"),
        (["0.5", "deaf"], "deaf\n", ""),
    ],
)
def test_a_server_ends_with_the_process_that_started_it(
    tmp_path: Path, arguments: list[str], first: str, last: str
) -> None:
    (tmp_path / "polite.py").write_text(POLITE)
    (tmp_path / "deaf.py").write_text(DEAF)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == first
        parent.send_signal(signal.SIGKILL)
        # The end of what the server says is the end of the server.
        assert parent.stdout.read() == last
