"""Damaged tables: each is named with the remedy, and the remedy mends it."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import rmtree

import pyarrow as pa
import pytest

from resources.home import Home
from resources.lance_tables import StoreError, wait_for
from resources.nodes import NodeRow
from resources.schema import Caption, Head, Partition, Reject, Unit
from resources.store import Batch, Store
from resources.table_health import look_at_tables
from resources.table_mending import lines_of, mend

COMMITS, ROWS = 3, 4


def caption(row_id: str) -> Caption:
    return Caption(
        id=row_id,
        parent_ids=("p",),
        recipe_id="r",
        run_id="run",
        shard="s",
        image_id="i",
        caption="a cat",
        short_caption="a cat",
        object_nouns=("cat", "hat"),
        background_nouns=(),
        describer="d 1",
    )


def unit(unit_id: str, rows: Sequence[str], *, rejects: int = 0) -> Unit:
    return Unit(
        id=unit_id,
        asset="captions",
        partition="s",
        row_ids=tuple(rows),
        rejects=rejects,
        seconds=0.1,
        run_id="run",
    )


def reject(unit_id: str) -> Reject:
    return Reject(
        id=f"x{unit_id}",
        unit_id=unit_id,
        asset="captions",
        partition="s",
        parent_ids=(),
        subject="a file",
        reason="truncated",
        detail="cut",
        run_id="run",
    )


def fill(store: Store) -> None:
    """Do the units that are not done, and finish the partition: what a run does."""
    done = {u.id for u in store.select(Unit)}
    wanted = {f"u{n}": [f"{n}-{i}" for i in range(ROWS)] for n in range(COMMITS)}
    for name, rows in wanted.items():
        if name not in done:
            made = [caption(row) for row in rows]
            units, faults = [unit(name, rows, rejects=1)], [reject(name)]
            store.commit(Batch(rows=made, rejects=faults, units=units))
    every = tuple(row for rows in wanted.values() for row in rows)
    head = Head(
        id=Partition("captions", "s").id,
        asset="captions",
        partition="s",
        row_ids=every,
        rejects="{}",
        figures="{}",
        units=COMMITS,
        recipe_id="r",
        seconds=1.0,
        run_id="run",
        finished_at="2026-01-01T00:00:00+00:00",
    )
    store.finish(head, list(wanted))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Tables of one finished partition."""
    home = Home.of(tmp_path / "home")
    fill(Store(home))
    return home


def data(table: Path) -> Path:
    return sorted(table.glob("data/*.lance"))[-1]


def newest(table: Path) -> Path:
    return min(table.glob("_versions/*.manifest"))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def zero(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def flip_the_end(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for place in range(len(content) - 400, len(content) - 300):
        content[place] ^= 0xFF
    file.write_bytes(content)


def be_a_file(table: Path) -> None:
    rmtree(table)
    table.touch()


Harm = Callable[[Path], object]
HARMS: dict[str, tuple[Harm, str]] = {
    "data deleted": (lambda t: data(t).unlink(), r"data/\w+\.lance is gone"),
    "data cut": (lambda t: cut(data(t)), r"data/\w+\.lance is cut off"),
    "data empty": (lambda t: data(t).write_bytes(b""), r"data/\w+\.lance is cut off"),
    "data flipped": (lambda t: flip_the_end(data(t)), r"\.lance: \S+"),
    "all data deleted": (lambda t: rmtree(t / "data"), r"data/\w+\.lance is gone"),
    "manifest zeroed": (lambda t: zero(newest(t)), r"\.lance: \S+"),
    "manifest empty": (lambda t: newest(t).write_bytes(b""), r"\.lance: \S+"),
    "manifest cut": (lambda t: cut(newest(t)), r"\.lance: \S+"),
    "manifest deleted": (lambda t: newest(t).unlink(), r"version \d is gone, and \d is read"),
    "versions deleted": (lambda t: rmtree(t / "_versions"), "data is there, but no version of it"),
    "a file in its place": (be_a_file, r"\.lance: \S+"),
}


@pytest.mark.parametrize(
    ("harm", "record"),
    [
        *((harm, Caption) for harm in HARMS),
        *(
            (harm, record)
            for harm in ("data deleted", "manifest zeroed", "versions deleted")
            for record in (Unit, Head, Reject, NodeRow)
        ),
    ],
)
def test_damage_is_found_and_mended_and_the_next_run_makes_what_is_gone(
    home: Home, harm: str, record: type[Caption | Unit | Head | Reject | NodeRow]
) -> None:
    before = {r: sorted(Store(home).column(r, "id", "true")) for r in (Caption, Reject, Unit)}
    table = Path(home.tables, f"{record.TABLE}.lance")
    HARMS[harm][0](table)
    (damage,) = look_at_tables(home)
    assert damage.table == record.TABLE
    assert re.search(HARMS[harm][1], damage.detail), damage.detail
    assert "/root/" not in damage.detail

    *_, remedy = lines_of(mend(home))
    assert not look_at_tables(home)
    assert remedy.endswith("imgedit run --shards s") or record is NodeRow
    fill(Store(home))
    store = Store(home)
    assert {r: sorted(store.column(r, "id", "true")) for r in before} == before
    assert len(store.current(Caption, shard="s")) == COMMITS * ROWS
    assert {n.id for n in store.select(NodeRow)} >= set(before[Caption])
    assert not look_at_tables(home)


def test_a_sound_home_and_an_absent_one_are_left_alone(home: Home, tmp_path: Path) -> None:
    Path(home.tables, "captions.lance", "thesis.tex").write_text("not ours")
    Path(home.tables, "captions.lance", "data", "notes.txt").write_text("not ours")
    assert not look_at_tables(home)
    done = mend(home)
    assert (done.lines, done.shards) == ([], [])
    assert not done.aside.exists()
    assert not look_at_tables(Home.of(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({"id": ["1"], "new": [1]}), r"it lacks .*caption.*; it has besides new"),
        (None, r"it has of another type image_id"),
    ],
)
def test_a_table_of_another_version_is_told_by_its_columns_and_left_alone(
    home: Home, table: pa.Table | None, said: str
) -> None:
    import lancedb

    folder = Path(home.tables, "captions.lance")
    db = lancedb.connect(home.tables)
    if table is None:
        was = db.open_table("captions").to_arrow()
        place = was.schema.get_field_index("image_id")
        table = was.set_column(place, "image_id", pa.array([1] * len(was)))
    rmtree(folder)
    db.create_table("captions", table)
    pattern = rf"other columns than this version of imgedit writes \({said}\): set IMGEDIT_HOME"
    with pytest.raises(StoreError, match=pattern):
        Store(home).select(Caption)
    (damage,) = look_at_tables(home)
    assert re.search(pattern, damage.detail)
    with pytest.raises(StoreError, match="written by another version of imgedit"):
        mend(home)
    assert lancedb.connect(home.tables).open_table("captions").to_arrow() == table


def test_a_lost_index_is_found_and_goes(home: Home) -> None:
    import lancedb
    from lancedb.index import BTree

    table = wait_for(wait_for(lancedb.connect_async(home.tables)).open_table("captions"))
    wait_for(table.create_index("id", config=BTree()))
    for file in Path(home.tables, "captions.lance", "_indices").rglob("*.lance"):
        file.unlink()
    with pytest.raises(StoreError, match=r"table captions in .* is damaged"):
        Store(home).select(Caption, "id = '0-1'")
    assert [damage.table for damage in look_at_tables(home)] == ["captions"]
    *_, remedy = lines_of(mend(home))
    assert remedy == "nothing has to be made again"
    assert len(Store(home).select(Caption, "id = '0-1'")) == 1


def test_no_table_is_mended_beside_a_run(home: Home) -> None:
    store = Store(home)
    newest(Path(home.tables, "captions.lance")).unlink()
    with (
        store.locked(Partition("captions", "s")),
        pytest.raises(StoreError, match=r"a run is at work .*captions\.s.*let it end"),
    ):
        mend(home)
    assert len(mend(home).lines) == 1


@pytest.mark.parametrize("work", ["insert", "select", "column", "frame"])
def test_every_use_of_a_damaged_table_is_one_line_with_the_remedy(home: Home, work: str) -> None:
    zero(data(Path(home.tables, "captions.lance")))
    store = Store(home)
    uses: dict[str, Callable[[], object]] = {
        "insert": lambda: store.insert(Caption, [caption("new")]),
        "select": lambda: store.select(Caption),
        "column": lambda: store.column(Caption, "caption", "true"),
        "frame": lambda: store.frame("captions"),
    }
    with pytest.raises(StoreError, match=r"^table captions in .*`imgedit doctor --mend`") as caught:
        uses[work]()
    assert "\n" not in str(caught.value)
    assert ".rs:" not in str(caught.value)
