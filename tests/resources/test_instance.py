"""Dagster's home: settings that this version of Dagster accepts, and kept once they are there."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from resources.home import HOME_VARIABLE, PROFILE_VARIABLE
from resources.instance import HomeError, enter_home, open_instance


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of the test's own; what the test changes is put back."""
    for name in (PROFILE_VARIABLE, "DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.delenv(PROFILE_VARIABLE)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))


def test_the_settings_are_accepted_and_quiet() -> None:
    with open_instance() as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        assert instance.run_monitoring_enabled
        pools = instance.get_concurrency_config().pool_config
        assert pools.default_pool_limit == 1
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml"])
def test_settings_of_the_user_are_kept(name: str) -> None:
    settings = enter_home() / name
    settings.write_text("telemetry: {enabled: false}\n")
    enter_home()
    assert settings.read_text() == "telemetry: {enabled: false}\n"


def test_children_find_the_same_home_and_profile_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(HOME_VARIABLE, "")
    folder = enter_home("mine.toml")
    assert folder == tmp_path / ".imgedit" / "dagster"
    assert os.environ[HOME_VARIABLE] == str(tmp_path / ".imgedit")
    assert os.environ[PROFILE_VARIABLE] == str(tmp_path / "mine.toml")
    assert os.environ["DAGSTER_HOME"] == str(folder)


def test_a_home_that_cannot_be_made_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(HomeError, match=HOME_VARIABLE):
        enter_home()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("telemetry: {enabled: ", "while parsing"),
        ("", "it is empty"),
        ("- a list\n", "no table"),
        ("[" * 5000, "RecursionError|recursion"),
        ("\0\0", "unacceptable character|special characters"),
        ("no_such_setting: 1\n", "no_such_setting"),
        ("run_monitoring: {enabled: maybe}\n", "enabled"),
    ],
)
def test_settings_that_are_damaged_name_the_file_and_the_remedy(text: str, says: str) -> None:
    settings = enter_home() / "dagster.yaml"
    settings.write_text(text)
    with pytest.raises(HomeError, match=says) as caught, open_instance():
        pass
    assert f"{settings} cannot be used" in str(caught.value)
    assert "remove it" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert settings.read_text() == text


@pytest.mark.timeout(20)
def test_settings_that_are_no_file_are_refused_at_once() -> None:
    settings = enter_home() / "dagster.yaml"
    settings.unlink()
    os.mkfifo(settings)
    with pytest.raises(HomeError, match="not a regular file"):
        enter_home()


@pytest.mark.timeout(20)
def test_a_workspace_that_is_no_file_is_replaced() -> None:
    workspace = enter_home() / "workspace.yaml"
    workspace.unlink()
    os.mkfifo(workspace)
    enter_home()
    assert "imgedit_assets.definitions" in workspace.read_text()


def test_a_profile_that_is_a_loop_of_links_is_left_to_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    enter_home("loop.toml")
    assert os.environ[PROFILE_VARIABLE] == str(tmp_path / "loop.toml")


OPENS = """
import sys, time
from resources.instance import open_instance
import dagster, sqlalchemy.exc, alembic.util, dagster._core.storage.runs.sqlite
print("ready", flush=True)
sys.stdin.readline()
with open_instance() as instance:
    instance.get_runs_count()
"""


def test_processes_that_meet_in_a_new_home_leave_it_sound(tmp_path: Path) -> None:
    environment = os.environ | {HOME_VARIABLE: str(tmp_path / "home")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        assert len(revisions(tmp_path / "home" / "dagster" / name)) == 1


def revisions(database: Path) -> list[str]:
    """What Dagster wrote down of a database's tables."""
    with closing(sqlite3.connect(database)) as opened:
        return [row[0] for row in opened.execute("SELECT version_num FROM alembic_version")]


@pytest.mark.parametrize(
    "name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"]
)
def test_a_home_of_two_revisions_is_mended(name: str) -> None:
    with open_instance() as instance:
        database = Path(instance.root_directory) / name
    (newest,) = revisions(database)
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO alembic_version VALUES ('5771160a95ad')")
    with open_instance() as instance:
        assert instance.get_runs_count() == 0
        assert instance.schedule_storage
        assert not instance.schedule_storage.all_instigator_state()
    if name != "history/runs/index.db":  # which is never asked for its revision again
        assert revisions(database) == [newest]


@pytest.mark.parametrize("content", [b"no database at all, but text", b"SQLite format 3\0" * 80])
def test_a_damaged_database_is_named_with_the_remedy(content: bytes) -> None:
    with open_instance() as instance:
        folder = Path(instance.root_directory)
    (folder / "history" / "runs.db").write_bytes(content)
    for leftover in (folder / "history").glob("runs.db-*"):
        leftover.unlink()
    with (
        pytest.raises(HomeError, match=r"dagster .*move that folder elsewhere.*history"),
        open_instance(),
    ):
        pass
    folder.rename(folder.with_name("aside"))
    with open_instance() as instance:
        assert instance.get_runs_count() == 0
