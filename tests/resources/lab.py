"""A lab on one machine: nodes of Ray, a home on an object store, Postgres where it is installed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from resources.home import Home
from resources.schema import ASSET_ROWS, Version
from resources.store import Store
from tests.programs import free_port
from tests.resources.postgres_server import IS_INSTALLED, Postgres
from tests.resources.s3_server import s3_server

RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"]
HOME = "s3://bucket/lab"
TOKEN = "0123456789abcdef" * 4


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
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()

    def end_all(self) -> None:
        """Whichever there are."""
        for which, node in enumerate(self.started):
            if node.poll() is None:
                self.end(which)

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
        raise TimeoutError(log.read_text())


@contextmanager
def lab(folder: Path) -> Iterator[tuple[dict[str, str], Postgres | None]]:
    """What every process of the lab is told, and its database.

    Args:
        folder: For the database, whose socket's path may have 107 bytes.
    """
    with s3_server():
        env = os.environ | {"IMGEDIT_HOME": HOME, "PYTHONWARNINGS": "ignore"}
        env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN}
        if not IS_INSTALLED:
            yield env, None
            return
        folder.chmod(0o755)  # the database has a user of its own
        (folder / "pg").mkdir()
        database = Postgres(folder / "pg")
        database.start()
        try:
            yield env | {"IMGEDIT_POSTGRES": database.url}, database
        finally:
            database.stop(check=False)


def rows(home: Home) -> tuple[dict[str, set[str]], dict[str, str]]:
    """The current rows' ids by asset, and the hashes of all pixels."""
    store = Store(home)
    ids = {asset: set(store.frame(asset, ["id"])["id"]) for asset in ASSET_ROWS}
    return ids, {version.id: version.sha256 for version in store.select(Version)}
