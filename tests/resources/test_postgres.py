"""Dagster's history in Postgres: shared by homes, its password in no file, its end told."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.home import HOME_VARIABLE, PROFILE_VARIABLE
from resources.instance import POSTGRES_VARIABLE, HomeError, enter_home, open_instance

pytest.importorskip("dagster_postgres", reason="the extra `cluster` is not installed")
BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
if BIN is None and shutil.which("initdb") is None:
    pytest.skip("Debian's postgresql is not installed", allow_module_level=True)


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

    @property
    def url(self) -> str:
        return f"postgresql://lab@/postgres?host={self.folder}"

    def _do(self, program: str, *args: object, check: bool = True) -> None:
        path = BIN / program if BIN else program
        subprocess.run([path, *map(str, args)], check=check, stdout=subprocess.DEVNULL, **self.user)


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    # A socket's path may have 107 bytes, which pytest's own folders may exceed.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        made = Postgres(Path(folder))
        made.start()
        yield made
        made.stop(check=False)


@pytest.fixture
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Postgres) -> None:
    for name in (PROFILE_VARIABLE, "DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "first"))
    monkeypatch.setenv(POSTGRES_VARIABLE, postgres.url)


@pytest.mark.usefixtures("_environment")
def test_homes_share_one_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    with open_instance() as instance:
        instance.add_dynamic_partitions("shard", ["studio-0000"])
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "second"))
    with open_instance() as instance:
        assert instance.get_dynamic_partitions("shard") == ["studio-0000"]
    settings = (enter_home() / "dagster.yaml").read_text("utf-8")
    assert settings.count("postgres_url") == 1
    assert postgres.url not in settings

    postgres.stop()
    with pytest.raises(HomeError, match="check that it is up"), open_instance():
        pass
    postgres.start()
    with open_instance() as instance:
        assert instance.get_dynamic_partitions("shard") == ["studio-0000"]

    monkeypatch.delenv(POSTGRES_VARIABLE)
    with pytest.raises(HomeError, match="IMGEDIT_POSTGRES is not set"):
        enter_home()
