"""Reading releases back: ours in every layout, and folders that other people made."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.edit_types.spec import Operation
from models.faults import Fault, ImgEditError, Reason
from resources.releases.read import ReadPair, list_release, load_pair, of_subjects
from resources.releases.sample import Layout, ReleaseSample
from resources.releases.stored import PairRef
from tests.resources.releases.small_samples import OPERATION, Release, sample

LAYOUTS: tuple[Layout, ...] = ("huggingface", "webdataset", "imgedit")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_reads_back_as_it_was_written(
    release: Release, small_samples: list[ReleaseSample], layout: Layout
) -> None:
    folder = release(layout).folder
    refs = {ref.name: ref for ref in list_release(folder)}
    assert set(refs) == {one.id for one in small_samples}
    for written in small_samples:
        pair = load_pair(PairRef.from_json(refs[written.id].to_json()))
        assert isinstance(pair, ReadPair)
        assert pair.uri == f"release://{folder}#{written.id}"
        assert pair.source == written.source.payload
        assert pair.target == written.target.payload
        assert pair.reference == (written.reference.payload if written.reference else None)
        assert (pair.width, pair.height) == (written.width, written.height)
        assert (pair.label, pair.instruction) == (written.edit_type, written.instruction)
        assert pair.operations == (OPERATION,)
        assert (pair.masks, pair.turn) == (written.masks, written.turn)
        assert (pair.dialogue, pair.given_score) == (written.dialogue_id, written.score)
        assert (pair.licence, pair.attribution) == (written.licence, written.attribution)


def operations(*subjects: int) -> tuple[Operation, ...]:
    return tuple(replace(OPERATION, subject=subject) for subject in subjects)


@pytest.mark.parametrize(
    ("subjects", "masks", "read", "kept"),
    [
        ((0,), ("a",), (0,), ("a",)),
        ((0, 1), ("a", "b"), (0, 1), ("a", "b")),
        ((2,), ("c",), (0,), ("c",)),
        ((1,), ("a", "b"), (0,), ("b",)),
        ((1, 1), (), (0, 0), ()),
        ((0, 1), (), (), ()),
        ((4,), ("a", "b"), (), ("a", "b")),
        ((-1,), ("a", "b"), (), ("a", "b")),
        ((), ("a", "b"), (), ("a", "b")),
    ],
)
def test_the_subjects_of_operations_index_the_masks_that_are_kept(
    subjects: tuple[int, ...], masks: tuple[str, ...], read: tuple[int, ...], kept: tuple[str, ...]
) -> None:
    """A row holds the masks of its own subjects, or of all subjects of its dialogue."""
    assert of_subjects(operations(*subjects), masks) == (operations(*read), kept)


def test_operations_that_are_none_are_a_fault(published: Path) -> None:
    _singles(published, [_row("a", operations='[{"edit_type": 7}]'), _row("b")])
    first, second = [load_pair(ref) for ref in list_release(published)]
    assert isinstance(first, Fault)
    assert first.reason is Reason.BAD_ROW
    assert isinstance(second, ReadPair)


def test_twins_are_read_once(release: Release) -> None:
    assert len(list(list_release(release("huggingface", "webdataset").folder))) == 8


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder as the published repository has it: three columns, unpacked archives."""
    one = sample(0)
    for name in ("a", "b"):
        folder = tmp_path / "set" / "Singleturn" / "results_remove_laion_part5" / name
        folder.mkdir(parents=True)
        (folder / "original.png").write_bytes(one.source.payload)
        (folder / "result.png").write_bytes(one.target.payload)
    (tmp_path / "set" / "Parquet").mkdir()
    _singles(tmp_path / "set", [_row("a"), _row("b")])
    return tmp_path / "set"


def _row(name: str, **other: object) -> dict[str, object]:
    home = f"results_remove_laion_part5/{name}"
    return {
        "input_images": [f"{home}/original.png"],
        "output_images": [f"{home}/result.png"],
        "prompt": "Remove it.",
        **other,
    }


def _singles(root: Path, rows: list[dict[str, object]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), root / "Parquet" / "remove_part5.parquet")


def test_a_published_folder_is_read_without_our_columns(published: Path) -> None:
    pairs = [load_pair(ref) for ref in list_release(published)]
    assert [p.instruction for p in pairs if isinstance(p, ReadPair)] == ["Remove it."] * 2
    assert {p.label for p in pairs if isinstance(p, ReadPair)} == {"remove"}
    assert len({p.uri for p in pairs if isinstance(p, ReadPair)}) == 2


def test_published_dialogues_are_read_turn_by_turn(published: Path) -> None:
    rows = [{"data": [_row("a"), _row("b", prompt="Undo that.")]}]
    path = published / "Parquet" / "version_backtracking_part0.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    pairs = [p for ref in list_release(published) if isinstance(p := load_pair(ref), ReadPair)]
    turns = [p for p in pairs if p.label == "version_backtracking"]
    assert [(p.turn, p.instruction) for p in turns] == [(1, "Remove it."), (2, "Undo that.")]
    assert len({p.dialogue for p in turns}) == 1
    assert turns[0].dialogue


def test_packed_archives_are_named_with_what_to_do(published: Path) -> None:
    (published / "Singleturn" / "remove_part6.tar.split.000").write_bytes(b"tar")
    _singles(published, [_row("missing")])
    (fault,) = [load_pair(ref) for ref in list_release(published)]
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.MISSING_FILE
    assert "cat Singleturn/remove_part6.tar.split.* | tar -x" in fault.detail


@dataclass(frozen=True)
class Broken:
    row: dict[str, object]
    reason: Reason


BROKEN = {
    "missing": Broken(_row("nowhere"), Reason.MISSING_FILE),
    "climbs": Broken(_row("a", input_images=["../../../etc/passwd"]), Reason.OUTSIDE_FOLDER),
    "absolute": Broken(_row("a", input_images=["/etc/passwd"]), Reason.OUTSIDE_FOLDER),
    "nul": Broken(_row("a", input_images=["a\0b"]), Reason.OUTSIDE_FOLDER),
    "no paths": Broken(_row("a", output_images=[]), Reason.BAD_ROW),
    "null paths": Broken(_row("a", output_images=None), Reason.BAD_ROW),
    "no prompt": Broken(_row("a", prompt=None), Reason.BAD_ROW),
    "blank prompt": Broken(_row("a", prompt="  "), Reason.BAD_ROW),
    "a folder": Broken(_row("a", input_images=["Singleturn"]), Reason.UNREADABLE),
    "mask that does not fit": Broken(_row("a", masks=["0"]), Reason.BAD_ROW),
    "mask that is none": Broken(_row("a", masks=["é"]), Reason.BAD_ROW),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_a_fault_and_the_others_are_read(published: Path, name: str) -> None:
    _singles(published, [BROKEN[name].row, _row("b")])
    first, second = [load_pair(ref) for ref in list_release(published)]
    assert isinstance(first, Fault)
    assert first.reason is BROKEN[name].reason
    assert "remove_part5.parquet row 0" in first.detail
    assert isinstance(second, ReadPair)


Spoil = Callable[[Path], object]
SPOILT: dict[str, tuple[Spoil, Reason]] = {
    "text": (lambda p: p.write_text("no image"), Reason.NOT_AN_IMAGE),
    "empty": (lambda p: p.write_bytes(b""), Reason.EMPTY_FILE),
    "cut": (lambda p: p.write_bytes(p.read_bytes()[:200]), Reason.TRUNCATED),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_image_is_a_fault(published: Path, name: str) -> None:
    spoil, reason = SPOILT[name]
    spoil(published / "Singleturn" / "results_remove_laion_part5" / "a" / "original.png")
    fault = load_pair(next(iter(list_release(published))))
    assert isinstance(fault, Fault)
    assert fault.reason is reason


def test_a_link_out_of_the_folder_is_not_followed(published: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(sample(0).source.payload)
    image = published / "Singleturn" / "results_remove_laion_part5" / "a" / "original.png"
    image.unlink()
    image.symlink_to(secret)
    fault = load_pair(next(iter(list_release(published))))
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.OUTSIDE_FOLDER


def test_a_cut_parquet_is_one_fault_and_the_other_files_are_read(release: Release) -> None:
    folder = release("huggingface").folder
    shard = folder / "data" / "train-00000-of-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:-2000])
    loaded = [load_pair(ref) for ref in list_release(folder)]
    assert [p.reason for p in loaded if isinstance(p, Fault)] == [Reason.TRUNCATED]
    assert sum(isinstance(p, ReadPair) for p in loaded) == 2


def test_a_cut_tar_gives_what_stands_before_the_cut(release: Release) -> None:
    folder = release("webdataset").folder
    tar = folder / "webdataset" / "train-000000.tar"
    tar.write_bytes(tar.read_bytes()[: tar.stat().st_size // 2])
    loaded = [load_pair(ref) for ref in list_release(folder)]
    assert [p.reason for p in loaded if isinstance(p, Fault)] == [Reason.TRUNCATED]
    assert sum(isinstance(p, ReadPair) for p in loaded) > 2


def test_parquet_without_the_columns_says_what_it_has(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(ImgEditError, match=r"has the columns text; .* --columns source="):
        list(list_release(tmp_path))


def test_a_folder_without_data_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="no Parquet file and no tar"):
        list(list_release(tmp_path))
    with pytest.raises(ImgEditError, match="is not a folder"):
        list(list_release(tmp_path / "nowhere"))


def test_the_same_id_twice_is_a_fault_of_the_second(published: Path) -> None:
    _singles(published, [_row("a", id="x"), _row("b", id="x")])
    first, second = list_release(published)
    assert first.fault is None
    assert second.fault is not None
    assert first.uri != second.uri


@pytest.mark.parametrize("data", [[None], [[]], [["text"]]], ids=["null", "empty", "no turns"])
def test_a_dialogue_without_turns_is_a_fault(published: Path, data: list[object]) -> None:
    path = published / "Parquet" / "content_memory_part0.parquet"
    pq.write_table(pa.table({"data": data}), path)
    first, *others = [load_pair(ref) for ref in list_release(published)]
    assert isinstance(first, Fault)
    assert first.reason is Reason.BAD_ROW
    assert len(others) == 2
