import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.programs import KEPT_BYTES, MOST_BYTES, Message, Program, ProgramError
from models.faults import FaultError, Reason

STAND_IN = """\
import json, os, subprocess, sys, time

def say(**message):
    print(json.dumps(message), flush=True)

say_ready = lambda: say(ready=True, name="stand-in", version="3")
print("loading", file=sys.stderr)
hello = json.loads(sys.stdin.readline())
assert hello == {"hello": "imgedit-program/1", "verb": "test"}, hello
"""
ECHO = "say_ready()\nfor line in sys.stdin:\n    asked = json.loads(line)\n"

Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Makes programs of a text, and ends them."""
    made = []

    def begin(text: str, **options: object) -> Program:
        script = tmp_path / f"program{len(made)}.py"
        script.write_text(STAND_IN + text)
        options = {"start_s": 20.0} | options
        program = Program([sys.executable, str(script)], verb="test", **options)  # type: ignore[arg-type]
        made.append(program)
        return program

    yield begin
    for program in made:
        program.close()


def ask(program: Program, timeout_s: float = 20.0, **request: object) -> Message:
    return program.ask(request, timeout_s=timeout_s)


def fault(program: Program, timeout_s: float = 20.0, **request: object) -> FaultError:
    with pytest.raises(FaultError) as told:
        ask(program, timeout_s, **request)
    return told.value


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def ends(pid: int, within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_running(pid)


def test_replies_are_of_their_requests(start: Start) -> None:
    program = start(ECHO + '    say(id=asked["id"], ok=True, said=asked["word"])')
    assert program.start()["name"] == "stand-in"
    words = ["one", "zwölf", "x" * 300_000]
    assert [ask(program, word=word)["said"] for word in words] == words


def test_other_output_is_passed_over_and_kept(start: Start, tmp_path: Path) -> None:
    text = """\
    print("50 %|#####     |")
    print("{'not': 'json'}")
    print("[1]")
    say(id="another", ok=True)
    say(progress=1)
    print("to the other output", file=sys.stderr)
    say(id=asked["id"], ok=True)
    say(id=asked["id"], ok=True, again=True)
"""
    program = start(ECHO + text, log=tmp_path / "log")
    program.start()
    assert all("again" not in ask(program) for _ in range(3))
    program.close()
    kept = (tmp_path / "log").read_text()
    assert all(said in kept for said in ("50 %", "{'not'", "another", "to the other output"))


def test_what_it_says_no_to_is_a_fault_and_it_goes_on(start: Start) -> None:
    text = '    say(id=asked["id"], **{"error": "too large"} if asked["large"] else {"ok": True})'
    program = start(ECHO + text + "\n    print(os.getpid(), file=sys.stderr)")
    program.start()
    assert fault(program, large=True).fault.detail == "the program says: too large"
    assert ask(program, large=False)["ok"] is True


def test_reply_that_does_not_say_how_it_went_is_a_fault(start: Start) -> None:
    program = start(ECHO + '    say(id=asked["id"], image="x.png")')
    program.start()
    assert fault(program).fault.reason is Reason.BAD_REPLY


@pytest.mark.parametrize(
    ("does", "timeout_s", "reason", "told"),
    [
        ("sys.exit(3)", 20, Reason.WORKER_ERROR, "died with code 3"),
        ("os.kill(os.getpid(), 9)", 20, Reason.WORKER_ERROR, "died with code 137"),
        ("time.sleep(60)", 0.5, Reason.WORKER_ERROR, "timed out after 0.5 s"),
        ("os.close(1); time.sleep(60)", 0.5, Reason.WORKER_ERROR, "timed out"),
        ('sys.stdout.write(\'{"id": "\'); sys.exit()', 20, Reason.WORKER_ERROR, 'line b\'{"id"'),
        ('while True: print("flood" * 1000)', 20, Reason.BAD_REPLY, "flooded its output"),
        ('while True: say(id="0", ok=True)', 20, Reason.BAD_REPLY, "flooded its output"),
        ('while True: sys.stdout.write("x" * 9999)', 20, Reason.BAD_REPLY, "flooded its output"),
    ],
)
def test_misbehaviour_is_a_fault_and_the_next_request_meets_a_new_program(
    does: str, timeout_s: float, reason: Reason, told: str, start: Start
) -> None:
    text = (
        f'    if asked["bad"]:\n        {does}\n    say(id=asked["id"], ok=True, pid=os.getpid())'
    )
    program = start(ECHO + text)
    program.start()
    first = ask(program, bad=False)["pid"]
    found = fault(program, timeout_s, bad=True).fault
    assert (found.reason, told in found.detail) == (reason, True), found.detail
    assert len(found.detail) < 2000
    assert isinstance(first, int)
    assert not is_running(first)
    assert ask(program, bad=False)["pid"] != first


def test_flood_of_errors_takes_no_memory_and_does_no_harm(start: Start, tmp_path: Path) -> None:
    size = 2 * MOST_BYTES
    text = f'    sys.stderr.write("e" * {size})\n    say(id=asked["id"], ok=True)'
    program = start(ECHO + text, log=tmp_path / "log")
    program.start()
    assert ask(program)["ok"] is True
    program.close()
    assert (tmp_path / "log").stat().st_size == KEPT_BYTES


def test_restarts_are_bounded_in_a_row_only(start: Start) -> None:
    text = '    os._exit(1) if asked["bad"] else say(id=asked["id"], ok=True)'
    program = start(ECHO + text, restarts=1)
    program.start()
    for bad in (True, False, True, False, True):
        if bad:
            assert "died" in fault(program, bad=True).fault.detail
        else:
            ask(program, bad=False)
    assert "died" in fault(program, bad=True).fault.detail
    stopped = [fault(program, bad=False).fault for _ in range(2)]
    assert [each.reason for each in stopped] == [Reason.MODEL_UNAVAILABLE] * 2
    assert "2 times in a row" in stopped[0].detail


def test_death_between_requests_costs_none(start: Start) -> None:
    text = '    say(id=asked["id"], ok=True, pid=os.getpid())\n    sys.exit()'
    program = start(ECHO + text)
    program.start()
    first = ask(program)["pid"]
    assert isinstance(first, int)
    assert ends(first)
    time.sleep(0.3)
    assert ask(program)["pid"] != first


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("time.sleep(60)", "timed out after 1 s"),
        ('print("no such weights", file=sys.stderr); sys.exit(2)', "code 2.*no such weights"),
        ('say(ready=False, name="x")\ntime.sleep(60)', "timed out"),
    ],
)
def test_program_that_gets_not_ready_is_an_error_with_the_remedy(
    text: str, told: str, start: Start
) -> None:
    with pytest.raises(ProgramError, match=rf'(?s){told}.*\{{"ready": true\}}'):
        start(text, start_s=1.0).start()


def test_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="no-such-program: No such file or directory"):
        Program(["no-such-program"], verb="test").start()
    with pytest.raises(ProgramError, match=r"no-such-folder"):
        Program(["true"], verb="test", folder=tmp_path / "no-such-folder").start()
    with pytest.raises(ProgramError, match=r"the log .*: Is a directory"):
        Program(["true"], verb="test", log=tmp_path).start()


def test_what_it_started_ends_with_it(start: Start) -> None:
    child = 'child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])\n'
    text = '    say(id=asked["id"], ok=True, pid=child.pid)'
    program = start(child + ECHO + text)
    program.start()
    pid = ask(program)["pid"]
    assert isinstance(pid, int)
    assert is_running(pid)
    program.close()
    assert ends(pid)


def test_it_ends_when_this_process_is_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        STAND_IN
        + "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + "say(ready=True, pid=os.getpid())\nwhile True: time.sleep(1)\n"
    )
    starter = (
        "import sys, time\nfrom benchmark.programs import Program\n"
        f"p = Program([sys.executable, {str(tmp_path / 'program.py')!r}], verb='test')\n"
        "print(p.start()['pid'], flush=True)\ntime.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_running(pid)
        os.kill(process.pid, 9)
    assert ends(pid)
