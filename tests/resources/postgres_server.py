"""A Postgres server that a test starts in a folder of its own: Debian's, where it is installed."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil

BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
IS_INSTALLED = BIN is not None or shutil.which("initdb") is not None


class Postgres:
    """A server in a folder of its own, on a socket there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # It refuses to run as root.
        self.user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        folder.chmod(0o777)
        self._do("initdb", "-U", "lab", "-A", "trust", "--no-sync", "-D", folder / "data")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c fsync=off"
        log = self.folder / "log"
        self._do("pg_ctl", "-D", self.folder / "data", "-l", log, "-o", options, "-w", "start")

    def stop(self, *, check: bool = True) -> None:
        self._do("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop", check=check)

    def kill(self) -> None:
        """Without warning, with its helpers: none may be left when it starts again."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        server = psutil.Process(pid)
        ended = [*server.children(recursive=True), server]
        for one in ended:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(ended)

    @property
    def url(self) -> str:
        return f"postgresql://lab@/postgres?host={self.folder}"

    def _do(self, program: str, *args: object, check: bool = True) -> None:
        path = BIN / program if BIN else program
        subprocess.run([path, *map(str, args)], check=check, stdout=subprocess.DEVNULL, **self.user)
