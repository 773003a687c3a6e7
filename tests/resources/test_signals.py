"""What SIGTERM and Ctrl-C do in a run of Dagster's, and after it."""

import signal
import subprocess
import sys
import time

import pytest
from dagster._utils.interrupts import capture_interrupts

from resources.signals import interrupts_heard, sigterm_kept

RUN = """
import os, signal, sys
import dagster as dg
from resources.signals import sigterm_kept

@dg.op
def nothing(): ...

@dg.job
def idle(): nothing()

with sigterm_kept():
    assert idle.execute_in_process().success
os.kill(os.getpid(), signal.SIGTERM)
print("still here")
"""

WAITING = """
import os, signal, time
from concurrent.futures import ThreadPoolExecutor
from resources.signals import wake_on_interrupt

signal.signal(signal.SIGINT, signal.default_int_handler)
wake_on_interrupt()
slow = ThreadPoolExecutor(1).submit(time.sleep, 20)
began = time.monotonic()
try:
    print("waiting", flush=True)
    slow.result()
except KeyboardInterrupt:
    print(time.monotonic() - began, flush=True)
os._exit(0)
"""

IGNORING = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + f"exec({RUN!r})"


def test_a_command_of_a_scripts_background_can_be_ended_after_a_run() -> None:
    done = subprocess.run([sys.executable, "-c", IGNORING], capture_output=True, check=False)
    assert done.returncode == -15, done.stderr
    assert b"still here" not in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_dagster_forgets_is_heard(number: signal.Signals) -> None:
    went_on = []

    def run() -> None:
        with interrupts_heard(), sigterm_kept():
            with capture_interrupts():
                signal.raise_signal(number)
            went_on.append(number)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert went_on == [number]


def test_other_signals_end_nothing() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    with interrupts_heard():
        signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    assert signal.set_wakeup_fd(-1) == -1


def test_a_wait_for_a_thread_ends_with_ctrl_c() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert float(process.stdout.read()) < 15
