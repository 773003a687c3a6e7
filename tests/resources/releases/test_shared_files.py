"""Releases of mostly the same rows: the same files, on disk once, and each whole by itself."""

import os
from pathlib import Path

import pytest

from resources.releases.checksums import SUMS, read_sums
from resources.releases.ours import delete, prove
from resources.releases.shared import link_equal
from resources.releases.verify import verify
from tests.resources.releases.small_samples import sample, write

ROWS = [sample(number) for number in range(150)]


def sums(folder: Path) -> dict[str, str]:
    return read_sums((folder / SUMS).read_bytes())[0]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A release, and one that has a row more among its first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resources.releases.huggingface.GROUP_BYTES", 60_000)
        more = [*ROWS[:20], sample(999), *ROWS[20:]]
        layouts = ("huggingface", "webdataset")
        folder = tmp_path_factory.mktemp("two")
        older = write(folder / "older", ROWS, *layouts).folder
        return older, write(folder / "newer", more, *layouts).folder


def test_a_row_more_changes_the_files_around_it_alone(two: tuple[Path, Path]) -> None:
    before, after = ({d: n for n, d in sums(folder).items()} for folder in two)
    for kind in ("data/", "webdataset/"):
        new = [name for digest, name in after.items() if digest not in before and kind in name]
        assert 1 <= len(new) <= 2 < sum(kind in name for name in after.values()) - 2


def test_equal_files_are_linked_and_each_release_stays_sound(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.releases.shared.LEAST_BYTES", 1)
    older, newer = two
    tampered = older / next(n for n, d in sums(older).items() if d in sums(newer).values())
    sound = tampered.read_bytes()
    tampered.write_bytes(sound[::-1])
    link_equal(newer, sums(newer), [older])
    assert verify(newer).sound
    tampered.write_bytes(sound)
    linked = [n for n in sums(newer) if (newer / n).stat().st_nlink == 2]
    assert len(linked) > 4

    proofs = [prove(folder, tell=print) for folder in (older, newer)]
    assert delete(older, proofs[0]) == []
    assert verify(newer).sound
    assert delete(newer, proofs[1]) == []
    assert not newer.exists()


def test_where_links_are_refused_the_files_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("resources.releases.shared.LEAST_BYTES", 1)
    monkeypatch.setattr(os, "link", refuse)
    older, newer = (write(tmp_path / name, ROWS[:3], "huggingface").folder for name in "ab")
    link_equal(newer, sums(newer), [older])
    assert verify(newer).sound
    assert all((newer / name).stat().st_nlink == 1 for name in sums(newer))
