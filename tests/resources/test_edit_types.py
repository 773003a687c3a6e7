"""Edit types that others wrote: none of them takes a run along, and each is named."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from resources.edit_types import find_types
from resources.profile import Edits

SOUND = """
from dataclasses import replace
from models.edit_types.add import EDIT_TYPE as ADD
EDIT_TYPE = replace(ADD, name="zoom")
"""

HOSTILE = {
    "exits.py": ("import sys\nsys.exit('no GPU here')\n", r"SystemExit: no GPU here, line 2"),
    "raises_base.py": ("\nraise BaseException('x')\n", r"BaseException: x, line 2"),
    "interrupts.py": ("raise KeyboardInterrupt\n", r"KeyboardInterrupt, line 1"),
    "ends.py": ("import os\n\nos._exit(0)\n", r"os\._exit\(0\), line 3"),
    "aborts.py": ("import os\nos.abort()\n", r"os\.abort\(\), line 2"),
    "forks.py": ("import os\nif os.fork():\n    os._exit(0)\n", r"forks the process, line 2"),
    "crashes.py": ("import ctypes\nctypes.string_at(0)\n", r"crashed: SIGSEGV, line 2"),
    "killed.py": (
        "import os, signal\nprint('so long')\nimport sys; sys.stdout.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n",
        r"crashed: SIGKILL, after printing 'so long'",
    ),
    "loops.py": (
        "\n\nwhile True:\n    pass\n",
        r"still at it after 4 s, line [34]: .*load_limit_s",
    ),
    "waits.py": (
        "import sys\ntext = sys.stdin.read()\n1 / len(text)\n",
        r"ZeroDivisionError.*line 3",
    ),
    "hungry.py": ("all = bytearray(200 << 30)\n", r"MemoryError, line 1"),
    "nests.py": ("x = " + "(" * 5000 + ")" * 5000 + "\n", r"cannot be imported \("),
    "minus.py": ("x = " + "-" * 200_000 + "1\n", r"cannot be imported \("),
    "itself.py": (
        "from pathlib import Path\nfrom resources.edit_types import find_types\n"
        "from resources.profile import Edits\n"
        "find_types(Edits(folders=(str(Path(__file__).parent),)), Path('/nowhere'))\n",
        r"must not load the edit types while it is imported, line 4",
    ),
    "evil_getattr.py": (
        "def __getattr__(name):\n    raise SystemExit(name)\n",
        r"SystemExit: EDIT_TYPE, line 2",
    ),
    "broken.py": ("raise ValueError('half written')\n", r"ValueError: half written, line 1"),
    "misspelt.py": ("def f(:\n", r"SyntaxError: .*, line 1"),
    "empty.py": ("", r"exports no EDIT_TYPE"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a profile names."""
    there = tmp_path / "types"
    there.mkdir()
    return there


def test_no_file_takes_the_process_along_and_each_is_named(folder: Path, home: Path) -> None:
    for name, (text, _) in HOSTILE.items():
        (folder / name).write_text(text, "utf-8")
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    (folder / "zoom.py").write_text(SOUND, "utf-8")
    edits = Edits(folders=(str(folder),), load_limit_s=4)
    found = find_types(edits, home)
    assert list(found.types)[13:] == ["zoom"]
    said = {Path(line.partition(".py")[0]).name + ".py": line for line in found.problems}
    expected = {name: pattern for name, (_, pattern) in HOSTILE.items()}
    expected |= dict.fromkeys(("pipe.py", "folder.py"), "is not a regular file; mend it")
    assert said.keys() == expected.keys()
    assert not [said[name] for name, text in expected.items() if not re.search(text, said[name])]
    assert not any("\n" in line for line in found.problems)

    started = time.monotonic()
    assert find_types(edits, home).problems == found.problems
    assert time.monotonic() - started < 4, "what loops is not tried again"


def imports(folder: Path) -> list[str]:
    """Who imported the file that counts."""
    return (folder / "log").read_text("utf-8").split()


def test_a_sound_file_is_tried_once_until_it_is_saved_again(folder: Path, home: Path) -> None:
    counts = f"""
import os, sys
with open({str(folder / "log")!r}, "a") as log:
    print("here" if os.getpid() == {os.getpid()} else "aside", file=log)
print("hello")
"""
    file = folder / "zoom.py"
    file.write_text(counts + SOUND, "utf-8")
    edits = Edits(folders=(str(folder),))
    for _ in range(3):
        assert "zoom" in find_types(edits, home).types
    assert imports(folder) == ["aside", "here", "here", "here"]
    os.utime(file, (1, 1))
    find_types(edits, home)
    assert imports(folder)[4:] == ["aside", "here"]
    (home / "edit_types.json").write_text("{ half", "utf-8")
    find_types(edits, home)
    assert imports(folder)[6:] == ["aside", "here"]


def test_what_a_file_prints_is_not_among_the_results(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "zoom.py").write_text("print('hello')" + SOUND, "utf-8")
    find_types(Edits(folders=(str(folder),)), home)
    assert capsys.readouterr().out == ""


def test_looking_makes_no_home(folder: Path, tmp_path: Path) -> None:
    (folder / "zoom.py").write_text(SOUND, "utf-8")
    assert "zoom" in find_types(Edits(folders=(str(folder),)), tmp_path / "none").types
    assert not (tmp_path / "none").exists()


def test_a_file_is_tried_again_once_the_package_that_it_lacks_is_there(
    folder: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "zoom.py").write_text("import lately_installed" + SOUND, "utf-8")
    edits = Edits(folders=(str(folder),))
    (problem,) = find_types(edits, home).problems
    assert "No module named 'lately_installed', line 1" in problem
    (tmp_path / "lately_installed.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert "zoom" in find_types(edits, home).types


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\nos._exit(0)\n", r"os\._exit\(0\)\); fix or uninstall its package"),
        ("raise SystemExit\n", r"cannot be loaded \(SystemExit\); fix or uninstall"),
    ],
)
def test_an_installed_package_is_tried_as_well(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    info = tmp_path / "plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[imgedit.edit_types]\nzoom = hostile_plugin.zoom\n")
    package = tmp_path / "hostile_plugin"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "zoom.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("hostile_plugin", "hostile_plugin.zoom"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    (problem,) = find_types(Edits(), home).problems
    assert re.search(said, problem), problem
    (package / "zoom.py").write_text(SOUND, "utf-8")
    assert "zoom" in find_types(Edits(), home).types


def test_a_trial_ends_what_it_started(folder: Path, home: Path, tmp_path: Path) -> None:
    stays = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with open({str(tmp_path / "pid")!r}, "w") as note:
    note.write(str(child.pid))
"""
    (folder / "zoom.py").write_text(stays + "1 / 0", "utf-8")
    (problem,) = find_types(Edits(folders=(str(folder),)), home).problems
    assert "ZeroDivisionError" in problem
    give_up_at = time.monotonic() + 10
    while is_running((tmp_path / "pid").read_text()):
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def is_running(pid: str) -> bool:
    """Whether a process has not ended; one that nobody has waited for yet counts as ended."""
    state = Path("/proc", pid, "stat")
    return state.exists() and state.read_text().split()[2] != "Z"
