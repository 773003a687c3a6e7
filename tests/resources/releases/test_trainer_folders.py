"""Folders of pairs for trainers: their names, their lists, and the way back by `imgedit import`."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from models.images import decode, read_header
from resources.releases.read import ReadPair, list_release, load_pair
from resources.releases.sample import ReleaseSample
from resources.releases.verify import verify
from tests.resources.releases.small_samples import Release, samples


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_target_has_a_source_of_the_same_name_and_a_caption(release: Release) -> None:
    folder = release("folders").folder
    train = [s for s in samples() if s.split == "train" and s.reference is None]
    names = {path.name for path in (folder / "control").iterdir()}
    assert names == {f"{s.id}.png" for s in train}
    assert {p.name for p in (folder / "target").glob("*.png")} == names
    for one in train:
        target = folder / "target" / f"{one.id}.png"
        assert target.with_suffix(".txt").read_text() == one.instruction
        assert read_header(target.read_bytes()).format == "PNG"
    assert len(list(folder.glob("validation/target/*.txt"))) == 1


def test_the_lists_name_every_pair_as_musubi_and_diffsynth_ask(release: Release) -> None:
    folder = release("folders").folder
    said = lines(folder / "metadata.jsonl")
    assert list(said[0])[:3] == ["image_path", "control_path", "caption"]
    with (folder / "metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["image", "prompt", "edit_image"]
    assert [(r["image"], r["prompt"], r["edit_image"]) for r in rows] == [
        (s["image_path"], s["caption"], s["control_path"]) for s in said
    ]
    assert all((folder / r[name]).is_file() for r in rows for name in ("image", "edit_image"))


def test_a_pair_with_a_second_image_lies_apart_and_numbers_both(release: Release) -> None:
    folder = release("folders").folder / "with_reference"
    (shown,) = [s for s in samples() if s.reference and s.split == "train"]
    (line,) = lines(folder / "metadata.jsonl")
    assert line["control_path_0"] == f"control/{shown.id}.png"
    assert line["control_path_1"] == f"reference/{shown.id}.png"
    assert (folder / line["control_path_1"]).is_file()


@pytest.mark.parametrize("without", [(), ("jsonl",), ("jsonl", "csv")], ids=str)
def test_what_was_written_is_read_back(
    release: Release, small_samples: list[ReleaseSample], without: tuple[str, ...]
) -> None:
    folder = release("folders").folder
    for suffix in without:
        (folder / "SHA256SUMS").unlink(missing_ok=True)
        for path in folder.rglob(f"metadata.{suffix}"):
            path.unlink()
    pairs = [load_pair(ref) for ref in list_release(folder)]
    read = {p.instruction: p for p in pairs if isinstance(p, ReadPair)}
    assert len(pairs) == len(read) == len(small_samples)
    for one in small_samples:
        pair = read[one.instruction]
        for name in ("source", "target"):
            stored = decode(getattr(one, name).payload)
            assert np.array_equal(decode(getattr(pair, name)), stored)
        if len(without) < 2:
            told = (pair.label, pair.licence, pair.attribution, pair.reference is None)
            assert told == (one.edit_type, one.licence, one.attribution, one.reference is None)


def test_they_can_be_verified_loaded_and_replaced(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datasets import load_dataset

    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    release("folders")
    folder = release("folders").folder
    report = verify(folder)
    assert (report.problems, report.rows) == ([], 8)
    assert load_dataset(str(folder), split="train")["caption"][0] == samples()[0].instruction
    picture = next((folder / "control").iterdir())
    picture.write_bytes(next((folder / "target").glob("*.png")).read_bytes())
    assert {str(problem.damage) for problem in verify(folder).problems} == {"changed_file"}


def test_the_card_tells_each_trainer_where_to_look(release: Release) -> None:
    card = (release("folders").folder / "README.md").read_text()
    for word in ("control_path:", "image_directory =", "conditioning", "--dataset_metadata_path"):
        assert word in card
    assert "row_checksum" not in card
    assert (
        "--original_image_column source"
        in (release("huggingface").folder / "README.md").read_text()
    )
