"""Dagster's databases stay open, and each statement is compiled once."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from resources.instance import open_instance


def test_a_statement_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    with open_instance() as instance:
        storage = instance.event_log_storage
        with storage.index_connection() as first, first.begin_nested():
            engine = first.engine
        compiled = len(engine._compiled_cache)
        for number in range(3):
            instance.add_dynamic_partitions("shard", [f"s-{number}"])
        grown = len(engine._compiled_cache)
        with storage.index_connection() as again:
            assert again.engine is engine
        instance.add_dynamic_partitions("shard", ["s-9"])
        assert compiled < grown == len(engine._compiled_cache)
        assert instance.get_dynamic_partitions("shard") == ["s-0", "s-1", "s-2", "s-9"]
    assert isinstance(instance, dg.DagsterInstance)


def test_a_folder_that_was_removed_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    for key in ("first", "second"):
        with open_instance() as instance:
            instance.add_dynamic_partitions("shard", [key])
            assert instance.get_dynamic_partitions("shard") == [key]
        shutil.rmtree(tmp_path)
