"""Importing a release: what is not as it was written is a reject, and the rest goes on."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.stages.imported import ImportedPairs, unknown_pairs
from resources.factory import Factory
from resources.registration import register, registered_shards
from resources.releases.renditions import encode
from resources.releases.source import ReleaseSource
from resources.schema import ImportedPair, Reject

Row = dict[str, Any]
NAME = "data/train-00000-of-00001.parquet"


def picture(seed: int) -> bytes:
    """Noise of its own."""
    return encode(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8)).payload


def pair(number: int) -> Row:
    """A pair that says what its images are."""
    source, target = picture(2 * number), picture(2 * number + 1)
    return {
        "id": f"pair{number}",
        "edit_type": "alter",
        "instruction": f"Make it colour {number}.",
        "turn": 1,
        "turns": 1,
        "source": {"bytes": source, "path": None},
        "target": {"bytes": target, "path": None},
        "source_checksum": sha256(source).hexdigest(),
        "target_checksum": sha256(target).hexdigest(),
    }


def swap(row: Row) -> None:
    row["source"], row["target"] = row["target"], row["source"]


def exchange(row: Row) -> None:
    """Other pixels, which decode."""
    row["target"] = {"bytes": picture(99), "path": None}


def forget(row: Row) -> None:
    del row["source_checksum"], row["target_checksum"]


def released(folder: Path, rows: list[Row], *, sums: bool = False) -> Path:
    path = folder / NAME
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    if sums:
        (folder / "SHA256SUMS").write_text(f"{sha256(path.read_bytes()).hexdigest()}  {NAME}\n")
    return folder


def imported(factory: Factory, folder: Path) -> tuple[PartitionReport, list[ImportedPair]]:
    register(factory.store, ReleaseSource(folder), shard_size=100)
    (shard,) = registered_shards(factory.store)
    report = materialise(ImportedPairs(factory, shard=shard))
    return report, factory.store.current(ImportedPair, shard=shard)


def test_a_result_of_the_sources_aspect_is_scaled_and_one_of_another_is_a_reject(
    factory: Factory, tmp_path: Path
) -> None:
    rows = [pair(0), pair(1), pair(2)]
    for row, size in zip(rows[1:], ((126, 96), (48, 48)), strict=True):
        forget(row)
        target = np.zeros((size[1], size[0], 3), np.uint8)
        row["target"] = {"bytes": encode(target).payload, "path": None}
    report, taken = imported(factory, released(tmp_path / "release", rows))
    assert [row.scaled_from for row in taken] == ["", "126x96"]
    assert factory.store.render(taken[1].target_version_id).shape == (48, 64, 3)
    assert report.rejects == {"bad_row": 1}


def test_an_object_that_was_taken_out_stands_on_white(factory: Factory, tmp_path: Path) -> None:
    row = {**pair(0), "edit_type": "reference_extract"}
    forget(row)
    row["target"] = {"bytes": encode(np.zeros((24, 10, 3), np.uint8)).payload, "path": None}
    _, (taken,) = imported(factory, released(tmp_path / "release", [row]))
    shown = factory.store.render(taken.target_version_id)
    assert taken.scaled_from == "10x24"
    assert (shown[12:36, 27:37] == 0).all()
    assert (shown == 0).all(axis=2).sum() == 240
    assert shown.shape == (48, 64, 3)
    assert shown.max() == 255


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("Background", "background_change"),
        ("adjust_canny", "alter"),
        ("reference_extract", "object_extraction"),
        ("reference_replace", "visual_edit"),
        ("attribute_modification", "alter"),
        ("Remove an existing object", "remove"),
        ("Change an object's attribute (e.g., colour)", "alter"),
        ("Turn into a figurine", "unknown"),
    ],
)
def test_a_class_is_known_by_others_words_or_kept_as_unknown(
    factory: Factory, tmp_path: Path, said: str, label: str
) -> None:
    folder = released(tmp_path / "release", [{**pair(0), "edit_type": said}])
    _, taken = imported(factory, folder)
    assert [row.label for row in taken] == [label]
    told = unknown_pairs(factory.store, registered_shards(factory.store))
    assert told.startswith("1 of 1 pairs") if label == "unknown" else told == ""


DAMAGED: dict[str, tuple[Callable[[Row], object], str]] = {
    "swapped": (swap, "swapped"),
    "exchanged": (exchange, "changed_row"),
    "huge turn": (lambda row: row.update(turn=10**18), "bad_row"),
    "turn of no end": (lambda row: row.update(turns=10**9), "bad_row"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_pair_is_a_reject_and_the_others_are_taken(
    factory: Factory, tmp_path: Path, name: str
) -> None:
    damage, reason = DAMAGED[name]
    rows = [pair(0), pair(1), pair(2)]
    damage(rows[1])
    report, taken = imported(factory, released(tmp_path / "release", rows))
    assert [row.instruction for row in taken] == ["Make it colour 0.", "Make it colour 2."]
    assert report.rejects == {reason: 1}
    (reject,) = factory.store.select(Reject)
    assert f"{NAME} row 1" in reject.detail


def test_rows_of_a_file_that_fails_its_checksum_are_rejects(
    factory: Factory, tmp_path: Path
) -> None:
    rows = [pair(0), pair(1)]
    for row in rows:
        forget(row)
    folder = released(tmp_path / "release", rows, sums=True)
    exchange(rows[1])
    pq.write_table(pa.Table.from_pylist(rows), folder / NAME)
    report, taken = imported(factory, folder)
    assert taken == []
    assert report.rejects == {"changed_file": 2}


def test_a_file_that_is_listed_and_not_there_is_a_reject(factory: Factory, tmp_path: Path) -> None:
    folder = released(tmp_path / "release", [pair(0)], sums=True)
    with (folder / "SHA256SUMS").open("a") as file:
        file.write(f"{'0' * 64}  data/train-00001-of-00002.parquet\n")
    report, taken = imported(factory, folder)
    assert len(taken) == 1
    assert report.rejects == {"missing_file": 1}


def test_a_release_without_checksums_is_taken_as_it_is(factory: Factory, tmp_path: Path) -> None:
    rows = [pair(0), pair(1)]
    for row in rows:
        forget(row)
    report, taken = imported(factory, released(tmp_path / "release", rows))
    assert len(taken) == 2
    assert report.rejects == {}
