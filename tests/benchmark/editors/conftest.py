from pathlib import Path

import pytest

from tests.benchmark.editors.benching import write_suite


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small suite, and a home of its own."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    return write_suite(tmp_path / "data")
