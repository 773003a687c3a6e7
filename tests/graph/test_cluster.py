"""A lab in small: two nodes of Ray, a home on an object store, Postgres, and a node's end."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from resources.home import Home
from resources.schema import ASSET_ROWS, Version
from resources.store import Store
from tests.programs import IMGEDIT, PAIRS_ALONE, free_port
from tests.resources.postgres_server import IS_INSTALLED, Postgres
from tests.resources.s3_server import s3_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra `cluster` is not installed"),
]

RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
HOME = "s3://bucket/lab"
TOKEN = "0123456789abcdef" * 4

PROFILE = """
name = "lab"
[sources]
scenes_per_shard = 1
clips_per_shard = 0
photos = false
[edits]
types = ["remove"]
[checks]
probed_edits = 0
"""


class Nodes:
    """Nodes of Ray on this machine, each ended with all that it runs."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._folder, self._env = folder, env
        self.started: list[subprocess.Popen[bytes]] = []
        self.address = f"127.0.0.1:{free_port()}"
        port, place = self.address.partition(":")[2], str(folder / "ray")
        head = ("--head", f"--port={port}", f"--temp-dir={place}", "--include-dashboard=false")
        self._start(*head, "--num-cpus=0")

    def add(self) -> None:
        """Another one, with a core."""
        self._start(f"--address={self.address}", "--num-cpus=1")

    def end(self, which: int) -> None:
        """Without warning."""
        process = self.started[which]
        for one in [*psutil.Process(process.pid).children(recursive=True), process]:
            one.kill()
        process.wait()

    def _start(self, *options: str) -> None:
        log = self._folder / f"node-{len(self.started)}.log"
        with log.open("wb") as sink:
            started = subprocess.Popen([*RAY, *options], env=self._env, stdout=sink, stderr=sink)
        self.started.append(started)
        # One after the other: two that begin at once on one machine may choose the same ports.
        for _ in range(600):
            if b"--block" in log.read_bytes():
                return
            assert started.poll() is None, log.read_text()
            time.sleep(0.1)
        pytest.fail(log.read_text())


@pytest.fixture
def folder() -> Iterator[Path]:
    # The path of a socket may have 107 bytes, which pytest's own folders may exceed.
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the database has a user of its own
        yield Path(folder)


@pytest.fixture
def lab(folder: Path) -> Iterator[dict[str, str]]:
    """What every process of the lab is told."""
    with s3_server():
        env = os.environ | {"IMGEDIT_HOME": HOME, "PYTHONWARNINGS": "ignore"}
        env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
        if not IS_INSTALLED:
            yield env
            return
        (folder / "pg").mkdir()
        database = Postgres(folder / "pg")
        database.start()
        yield env | {"IMGEDIT_POSTGRES": database.url}
        database.stop(check=False)


def rows(home: Home) -> tuple[dict[str, set[str]], dict[str, str]]:
    """The current rows' ids by asset, and the hashes of all pixels."""
    store = Store(home)
    ids = {asset: set(store.frame(asset, ["id"])["id"]) for asset in ASSET_ROWS}
    return ids, {version.id: version.sha256 for version in store.select(Version)}


def test_a_lab_makes_what_a_laptop_makes_though_a_node_ends(
    folder: Path, lab: dict[str, str], tmp_path: Path
) -> None:
    nodes = Nodes(folder, lab)
    profile = folder / "lab.toml"
    engine = f'[engine]\nkind = "ray"\naddress = "{nodes.address}"\n'
    profile.write_text(PROFILE + PAIRS_ALONE + engine)
    command = [*IMGEDIT, "run", "--profile", str(profile)]
    try:
        # It waits for a node, and takes those that join while it is under way.
        with (folder / "run.log").open("wb") as log:
            run = subprocess.Popen(command, env=lab, cwd=tmp_path, stdout=log, stderr=log)
        nodes.add()
        nodes.add()
        said = folder / "run.log"
        while b"edit_pairs" not in said.read_bytes() and run.poll() is None:
            time.sleep(0.2)
        assert run.poll() is None, said.read_text()
        nodes.end(1)
        assert run.wait(600) == 0, said.read_text()
    finally:
        for which, node in enumerate(nodes.started):
            if node.poll() is None:
                nodes.end(which)
    verified = subprocess.run(
        [*IMGEDIT, "verify"], env=lab, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "sound" in verified.stderr

    laptop = tmp_path / "laptop"
    profile.write_text(PROFILE + PAIRS_ALONE)
    alone = os.environ | {"IMGEDIT_HOME": str(laptop)}
    subprocess.run(command, env=alone, capture_output=True, check=True)
    ids, pixels = rows(Home.of(HOME))
    assert (ids, pixels) == rows(Home.of(laptop))
    assert ids["accepted_pairs"]
