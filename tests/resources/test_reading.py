import os
from pathlib import Path

import pytest

from models.faults import FaultError, Reason
from resources.reading import open_regular, parse_json, parse_toml, read_regular


def test_a_file_is_read_whole_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"some bytes")
    (tmp_path / "link").symlink_to("file")

    assert read_regular(tmp_path / "link", max_bytes=10) == b"some bytes"


@pytest.mark.timeout(10)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()

    for path in (tmp_path / "fifo", tmp_path / "folder", Path("/dev/zero")):
        with pytest.raises(FaultError, match="not a regular file") as caught:
            open_regular(path)
        assert caught.value.fault.reason == Reason.UNREADABLE


def test_a_loop_of_links_and_a_path_with_a_nul_are_faults(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    for path in (tmp_path / "a", Path("nul\0here"), tmp_path / ("x" * 300)):
        with pytest.raises(FaultError) as caught:
            open_regular(path)
        assert caught.value.fault.reason == Reason.UNREADABLE
    with pytest.raises(FaultError) as caught:
        open_regular(tmp_path / "absent")
    assert caught.value.fault.reason == Reason.MISSING_FILE


def test_a_larger_file_is_left_unread(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789a")

    with pytest.raises(FaultError, match="11 bytes, more than the 10 allowed"):
        read_regular(tmp_path / "file", max_bytes=10)


def test_text_that_nests_too_deep_is_an_error_of_its_value() -> None:
    with pytest.raises(ValueError, match="nests too deep"):
        parse_json("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ValueError, match="nests too deep"):
        parse_toml("a = " + "[" * 100_000 + "]" * 100_000)
    assert parse_json(b'{"a": [1]}') == {"a": [1]}
    assert parse_toml("a = 1") == {"a": 1}
