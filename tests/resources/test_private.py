"""Who may read a home and its ledger."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.chat.ledger import FILE, Ledger
from resources.doctor import examine
from resources.home import Home
from resources.instance import enter_home
from resources.private import make_home
from resources.schema import SourceImage
from resources.store import Store


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _wide_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def opened(folder: Path) -> dict[str, int]:
    """The rights of every file of a ledger that is open."""
    ledger = Ledger(folder)
    ledger.count_saved("u", "m", requests=1, usd=0.0)
    found = {file.name: rights(file) for file in folder.iterdir()}
    ledger.close()
    return found


def test_a_new_home_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "above" / "home"))
    for name in ("IMGEDIT_PROFILE", "DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    enter_home()
    assert rights(tmp_path / "above" / "home") == 0o700
    assert rights(tmp_path / "above") == 0o777
    assert Store(Home.of(tmp_path / "other")).select(SourceImage) == []
    assert rights(tmp_path / "other") == 0o700


def test_a_home_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    make_home(tmp_path / "home")
    assert rights(tmp_path / "home") == 0o755


def test_a_ledger_is_its_owners_alone(tmp_path: Path) -> None:
    found = opened(tmp_path / "ledger")
    assert found == dict.fromkeys((FILE, f"{FILE}-wal", f"{FILE}-shm"), 0o600)


def test_a_ledger_of_wider_rights_is_narrowed_with_what_lies_beside_it(tmp_path: Path) -> None:
    assert opened(tmp_path)
    (tmp_path / FILE).chmod(0o644)
    (tmp_path / f"{FILE}-wal").touch(0o644)
    assert set(opened(tmp_path).values()) == {0o600}


def test_a_ledger_in_a_folder_of_a_group_stays_the_groups(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger").chmod(0o2775)
    assert set(opened(tmp_path / "ledger").values()) == {0o660}
    (tmp_path / "ledger" / FILE).chmod(0o664)
    assert set(opened(tmp_path / "ledger").values()) == {0o660}


def test_an_open_ledger_keeps_its_locks_when_it_is_opened_again(tmp_path: Path) -> None:
    first = Ledger(tmp_path)
    first.begin_batch("a", "u", "m", ["k"], at=0.0)
    second = Ledger(tmp_path)
    second.begin_batch("b", "u", "m", ["k"], at=1.0)
    assert [each.tag for each in first.pending_batches("u", "m")] == ["a", "b"]
    first.close()
    second.close()


def test_doctor_says_how_an_open_home_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    told = {}
    for mode in (0o755, 0o700):
        make_home(tmp_path / "home")
        (tmp_path / "home").chmod(mode)
        (found,) = (each for each in examine("no-such-profile") if each.name == "home")
        told[mode] = (found.ok, "chmod 700" in found.detail)
    assert told == {0o755: (True, True), 0o700: (True, False)}
