"""What SIGTERM does after a run of Dagster's in a process that ignores Ctrl-C."""

import subprocess
import sys

RUN = """
import os, signal, sys
import dagster as dg
from resources.sigterm import sigterm_kept

@dg.op
def nothing(): ...

@dg.job
def idle(): nothing()

with sigterm_kept():
    assert idle.execute_in_process().success
os.kill(os.getpid(), signal.SIGTERM)
print("still here")
"""

IGNORING = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + f"exec({RUN!r})"


def test_a_command_of_a_scripts_background_can_be_ended_after_a_run() -> None:
    done = subprocess.run([sys.executable, "-c", IGNORING], capture_output=True, check=False)
    assert done.returncode == -15, done.stderr
    assert b"still here" not in done.stdout
