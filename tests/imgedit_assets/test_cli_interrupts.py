"""Ctrl-C: one line that is true of the command, and the shell's exit code, whenever it comes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTED = """
import builtins, os, signal, sys, threading
# Whoever runs the tests in the background has it ignored, which children inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
if {hangs}:
    threading.Thread(target=threading.Event().wait).start()
# As of a library whose thread does not come to it any more.
async def work(): pass
builtins.handed = [work()]  # outlives all modules
builtins.handed.append(builtins.handed)
from imgedit_assets.cli import main
main()
"""
"""The command line, interrupted while it imports a module."""

RESUMED = "interrupted: finished work is kept; the same command resumes where it stopped"
KEPT = "interrupted: the folder holds what it held before, or the whole new release"


def interrupted(
    module: str, home: Path, *arguments: str, hangs: bool = False
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED.format(module=module, hangs=hangs), *arguments],
        env={**os.environ, "IMGEDIT_HOME": str(home)},
        cwd=home.parent,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("module", "command", "line"),
    [
        ("typer", ("status",), "interrupted"),
        ("imgedit_assets.tally", ("status",), "interrupted"),
        ("resources.releases.verify", ("verify", "."), "interrupted"),
        ("imgedit_assets.run", ("import", "."), RESUMED),
        ("resources.claims", ("backfill",), RESUMED),
        ("resources.factory", ("export", "new"), KEPT),
        ("resources.doctor", ("doctor",), "interrupted"),
    ],
)
def test_a_command_ends_with_one_line(
    tmp_path: Path, module: str, command: tuple[str, ...], line: str
) -> None:
    with interrupted(module, tmp_path / "home", *command) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == f"{line}\n"


def test_a_second_one_ends_a_process_whose_threads_do_not(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with interrupted("resources.releases.verify", home, "verify", ".", hangs=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "interrupted\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == ""
