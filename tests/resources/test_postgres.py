"""Dagster's history in Postgres: shared by homes, its password in no file, its end told."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.home import HOME_VARIABLE, PROFILE_VARIABLE
from resources.instance import POSTGRES_VARIABLE, HomeError, enter_home, open_instance
from tests.resources.postgres_server import IS_INSTALLED, Postgres

pytest.importorskip("dagster_postgres", reason="the extra `cluster` is not installed")
if not IS_INSTALLED:
    pytest.skip("Debian's postgresql is not installed", allow_module_level=True)


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
