"""Nothing is asked of another machine, and nothing is written outside the home."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import IMGEDIT, PAIRS_ALONE

pytestmark = pytest.mark.slow

SEALED = Path(__file__).with_name("sealed.py")
UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--mount")
ROOT = Path(__file__).parents[2]

PROFILE = """
name = "tiny"
[sources]
scenes_per_shard = 1
clips_per_shard = 0
photos = false
[edits]
types = ["remove", "background_change"]
"""


@dataclass
class Outcome:
    """What commands did."""

    codes: list[int]
    said: list[str]
    """The end of what each told."""
    asked: list[str]
    """Names and addresses outside loopback."""


class Place:
    """A home of ours beside a user's own folder, a working folder and a temporary one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home, self.user, self.work, self.temporary = (
            root / name for name in ("home", "user", "work", "temporary")
        )
        for folder in (self.user, self.work, self.temporary):
            folder.mkdir()
        self.profile = root / "tiny.toml"
        self.profile.write_text(PROFILE + PAIRS_ALONE)

    def run(self, *commands: tuple[str, ...], sealed_from: int) -> Outcome:
        """Run commands one after another; the user's folder is read-only from one of them on."""
        task = {
            "commands": commands,
            "writable": str(self.root),
            "read_only": str(self.user),
            "sealed_from": sealed_from,
        }
        done = subprocess.run(
            [*UNSHARE, sys.executable, str(SEALED)],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            cwd=self.work,
            env=self._environment(),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Outcome(**json.loads(done.stdout))

    def _environment(self) -> dict[str, str]:
        """Of a user who has set nothing but where things are."""
        return {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.user),
            "TMPDIR": str(self.temporary),
            "IMGEDIT_HOME": str(self.home),
            "IMGEDIT_PROFILE": str(self.profile),
        }

    def left(self) -> list[str]:
        """What lies outside the home."""
        folders = (self.user, self.work, self.temporary)
        return [str(f.relative_to(self.root)) for folder in folders for f in folder.rglob("*")]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place that can be sealed off."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs unshare (util-linux) and ip (iproute2)")
    place = Place(tmp_path)
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"user namespaces are not allowed here: {tried.stderr.strip()}")
    return place


def test_what_is_asked_for_is_heard(place: Place) -> None:
    ask = """
import contextlib, socket, sys
for ask in (
    lambda: socket.getaddrinfo("telemetry.example", 443),
    lambda: socket.create_connection(("203.0.113.7", 443), timeout=5),
    lambda: socket.create_connection(("2001:db8::7", 443), timeout=5),
    lambda: socket.create_connection(("127.0.0.1", 9), timeout=5),
):
    with contextlib.suppress(OSError):
        ask()
open(sys.argv[1] + "/written", "w")
"""
    commands = [
        (sys.executable, "-c", ask, str(folder)) for folder in (place.user, place.user, ROOT)
    ]
    outcome = place.run(*commands, sealed_from=1)
    assert outcome.asked == [
        *("2001:db8::7 port 443", "203.0.113.7 port 443", "name telemetry.example"),
    ]
    assert outcome.codes == [0, 1, 1]
    assert place.left() == ["user/written"]


def test_the_graph_asks_nobody_and_keeps_to_its_home(place: Place) -> None:
    release = str(place.home / "releases" / "latest")
    commands = (
        ("run", "--studio", "1"),
        ("search", "a dog"),
        ("verify", release),
        ("import", release),
        ("figures",),
    )
    outcome = place.run(*((*IMGEDIT, *command) for command in commands), sealed_from=2)
    assert outcome.codes == [0] * len(commands), outcome.said
    assert (outcome.asked, place.left()) == ([], [])
