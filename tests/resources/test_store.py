"""The store: what readers see while a partition is replaced, and what a crash leaves."""

import asyncio
import multiprocessing
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from resources.arrow import arrow_schema, to_arrow
from resources.home import Home
from resources.lance_tables import INDEX_AFTER_ROWS, StoreError
from resources.locks import LockError
from resources.recipes import table_tag
from resources.schema import (
    Caption,
    Head,
    JudgeProbe,
    Partition,
    Reject,
    ScoredPair,
    Unit,
    Version,
)
from resources.schema.keys import tagged_records
from resources.store import Batch, Selection, Store
from tests.imgedit_assets.lineages import blank


def caption(row_id: str, shard: str = "s", text: str = "a cat") -> Caption:
    return Caption(
        id=row_id,
        parent_ids=("p",),
        recipe_id="r",
        run_id="run",
        shard=shard,
        image_id="i",
        caption=text,
        short_caption=text,
        object_nouns=("cat", "hat"),
        background_nouns=(),
        describer="d 1",
    )


def unit(unit_id: str, *rows: str, shard: str = "s") -> Unit:
    return Unit(
        id=unit_id,
        asset="captions",
        partition=shard,
        row_ids=rows,
        rejects=0,
        seconds=0.1,
        run_id="run",
    )


def head(*rows: str, shard: str = "s") -> Head:
    where = Partition("captions", shard)
    return Head(
        id=where.id,
        asset="captions",
        partition=shard,
        row_ids=rows,
        rejects="{}",
        figures="{}",
        units=len(rows),
        recipe_id="r",
        seconds=1.0,
        run_id="run",
        finished_at="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(Home.of(tmp_path))


def test_a_row_comes_back_as_it_went_in(store: Store) -> None:
    row = caption("1", text='it\'s a "cat"\nüber 猫')
    store.commit(Batch(rows=[row], units=[unit("u", "1")]))
    store.finish(head("1"), ["u"])
    assert store.current(Caption, shard="s") == [row]
    assert store.find("1") == row
    assert store.frame("captions")["object_nouns"].to_list() == [["cat", "hat"]]


def test_readers_see_the_old_partition_until_the_new_one_is_finished(store: Store) -> None:
    store.commit(Batch(rows=[caption("1"), caption("2")], units=[unit("u", "1", "2")]))
    assert store.current(Caption, shard="s") == []
    store.finish(head("1", "2"), ["u"])
    store.commit(Batch(rows=[caption("3")], units=[unit("v", "3")]))
    assert [r.id for r in store.current(Caption, shard="s")] == ["1", "2"]
    assert store.frame("captions").height == 2
    store.finish(head("3", "1"), ["v"])
    assert [r.id for r in store.current(Caption, shard="s")] == ["3", "1"]
    assert store.find("2") is None


def test_finishing_leaves_other_shards_alone(store: Store) -> None:
    for shard in ("a", "b"):
        row = caption(f"1{shard}", shard)
        store.commit(Batch(rows=[row], units=[unit(f"u{shard}", row.id, shard=shard)]))
        store.finish(head(row.id, shard=shard), [f"u{shard}"])
    store.finish(head(shard="a"), [])
    assert store.current(Caption, shard="a") == []
    assert [r.id for r in store.current(Caption, shard="b")] == ["1b"]


def test_doing_a_torn_batch_again_inserts_nothing_twice(store: Store) -> None:
    store.commit(Batch(rows=[caption("1"), caption("2")]))
    store.commit(Batch(rows=[caption("1"), caption("2")], units=[unit("u", "1", "2")]))
    assert len(store.select(Caption)) == 2


def test_what_no_longer_belongs_takes_its_rejects_and_versions_along(store: Store) -> None:
    reject = Reject(
        id="x",
        unit_id="u",
        asset="captions",
        partition="s",
        parent_ids=(),
        subject="it's",
        reason="truncated",
        detail="",
        run_id="run",
    )
    version = Version(
        id="v",
        parent_id="",
        row_id="1",
        asset="captions",
        partition="s",
        codec="source",
        x0=0,
        y0=0,
        x1=1,
        y1=1,
        payload=b"bytes",
    )
    store.commit(
        Batch(rows=[caption("1")], versions=[version], rejects=[reject], units=[unit("u", "1")])
    )
    store.finish(head("1"), ["u"])
    assert store.chain("v")[0].payload == b"bytes"
    store.finish(head(), [])
    assert not store.select(Reject)
    with pytest.raises(StoreError, match="not in"):
        store.chain("v")


def _write(home: Home, shard: str) -> None:
    store = Store(home)
    for i in range(5):
        row = caption(f"{shard}{i}", shard)
        store.commit(Batch(rows=[row], units=[unit(f"u{row.id}", row.id, shard=shard)]))
    store.finish(head(*(f"{shard}{i}" for i in range(5)), shard=shard), [])


def test_processes_that_write_at_once_lose_nothing(store: Store) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write, args=(store.home, s)) for s in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [w.exitcode for w in writers] == [0, 0]
    assert store.frame("captions").height == 10


def test_a_home_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="IMGEDIT_HOME"):
        Store(Home.of(tmp_path / "file")).insert(Caption, [caption("1")])


def test_tables_of_another_version_are_refused_with_the_remedy(store: Store) -> None:
    import lancedb

    lancedb.connect(store.uri).create_table(
        "captions", schema=pa.schema([("id", pa.string()), ("old", pa.string())])
    )
    with pytest.raises(StoreError, match="new folder"):
        store.insert(Caption, [caption("1")])


def test_columns_that_came_later_hold_nothing_in_the_rows_from_before(store: Store) -> None:
    import lancedb

    late = ("flaw", "reason", "judge", "adherence", "quality", "preservation")
    whole = arrow_schema(JudgeProbe)
    schema = pa.schema([column for column in whole if column.name not in late])
    values = {c.name: {"string": "", "double": 1.0}.get(str(c.type), []) for c in schema}
    table = pa.Table.from_pylist([values | {"id": "a"}], schema=schema)
    lancedb.connect(store.uri).create_table("judge_probes", table)
    (before,) = store.select(JudgeProbe)
    assert (before.degree, before.reason, before.judge) == (1.0, "", "")
    assert np.isnan([before.adherence, before.quality, before.preservation]).all()
    store.insert(JudgeProbe, [replace(before, id="b", quality=2.0)])
    # Opened anew: columns that came to its end stand in another order than the record's.
    assert Store(store.home).by_ids(JudgeProbe, ["b"])["b"].quality == 2.0

    scored = to_arrow(ScoredPair, [blank(ScoredPair, id="a", good_probability=0.5)])
    old = scored.drop_columns(["good_probability"])
    lancedb.connect(store.uri).create_table("scored_pairs", old)
    store.insert(ScoredPair, [blank(ScoredPair, id="b", good_probability=0.5)])
    found = {row.id: row.good_probability for row in store.select(ScoredPair)}
    assert found == {"a": None, "b": 0.5}


def many(start: int, rows: int) -> pa.Table:
    """Captions as an Arrow table."""
    return to_arrow(Caption, [caption(f"{i:024x}", shard=str(i % 7)) for i in range(start, rows)])


def unindexed(store: Store) -> dict[str, int]:
    """How many captions each index does not know."""

    import lancedb

    async def count() -> dict[str, int]:
        db = await lancedb.connect_async(store.uri)
        table = await db.open_table("captions")
        stats = {i.columns[0]: await table.index_stats(i.name) for i in await table.list_indices()}
        return {column: s.num_unindexed_rows for column, s in stats.items() if s}

    return asyncio.run(count())


def test_versions_that_nobody_reads_any_more_go_whatever_the_number_of_fragments(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(store.uri, "captions.lance")
    for text in ("one", "two", "three", "four"):
        store.upsert(Caption, [caption("1", text=text)])
    before = len(list(folder.glob("_versions/*.manifest")))
    store.compact([Caption])
    assert len(list(folder.glob("_versions/*.manifest"))) == before, "somebody may read them"
    for place in ("resources.lance_tables", "resources.store"):
        monkeypatch.setattr(f"{place}.READ_FOR", timedelta(seconds=0.2))
    time.sleep(0.3)
    store.compact([Caption])
    assert len(list(folder.glob("_versions/*.manifest"))) <= 2
    assert len(list(folder.glob("data/*.lance"))) == 1
    assert store.by_ids(Caption, ["1"])["1"].caption == "four"


def test_a_large_table_is_indexed_and_what_comes_later_is_found_as_well(store: Store) -> None:
    store.append(Caption, many(0, INDEX_AFTER_ROWS + 1))
    store.compact([Caption])
    assert unindexed(store) == {"id": 0, "shard": 0}
    late = caption("late", shard="3")
    store.commit(Batch(rows=[late]))
    assert store.by_ids(Caption, ["late", f"{5:024x}", "none"]).keys() == {"late", f"{5:024x}"}
    assert late in store.select(Caption, Partition("captions", "3").where_rows)
    # A few rows may wait while a run goes on, but not at its end.
    store.compact([Caption])
    assert unindexed(store)["id"] == 1
    store.compact()
    assert unindexed(store) == {"id": 0, "shard": 0}


def test_indexed_rows_are_inserted_once_and_forgotten(store: Store) -> None:
    store.append(Caption, many(0, INDEX_AFTER_ROWS + 1))
    store.compact([Caption])
    again = caption(f"{3:024x}", text="another")
    store.commit(Batch(rows=[again]))
    assert store.by_ids(Caption, [again.id])[again.id].caption == "a cat"
    store.forget(Caption, f"id = '{again.id}'")
    assert store.by_ids(Caption, [again.id]) == {}


def test_several_tables_are_read_at_once(store: Store) -> None:
    store.commit(Batch(rows=[caption("1")], units=[unit("u", "1")]))
    captions, units = store.frames(
        [
            Selection(record=Caption, columns=["id", "shard"], where="id = '1'"),
            Selection(record=Unit, columns=["row_ids"]),
        ]
    )
    assert captions.rows() == [("1", "s")]
    assert units["row_ids"].to_list() == [["1"]]


def test_a_row_is_found_by_its_tag_and_without_one(store: Store) -> None:
    tagged = caption(table_tag("captions") + "0" * 22)
    store.commit(Batch(rows=[tagged, caption("untagged")]))
    assert store.find(tagged.id) == tagged
    assert store.find("untagged") == caption("untagged")
    assert tagged_records(tagged.id)[0] is Caption


HOLD_PARTITION = """
import sys, time
from resources.home import Home
from resources.schema import Partition
from resources.store import Store
with Store(Home.of(sys.argv[1])).locked(Partition("captions", "s")):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_partition_whose_holder_is_stopped_is_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_LOCK_TIMEOUT_S", "1.5")
    told: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_PARTITION, store.home.uri], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        where = Partition("captions", "s")
        with (
            pytest.raises(LockError, match=rf"captions\|s: held by pid {process.pid} \(stopped"),
            store.locked(where, tell=told.append),
        ):
            pass
        process.kill()
    assert told[0].startswith(f"waiting for partition captions|s, held by pid {process.pid}")
