"""What a release looks like once it is written, and what stays when writing it fails."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.faults import ImgEditError
from resources.releases.columns import COLUMNS
from resources.releases.sample import IMAGE_COLUMNS, VALUE_COLUMNS, Layout, ReleaseSample
from resources.releases.verify import verify
from tests.resources.releases.small_samples import FACTS, Release, sample, write


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def test_load_dataset_reads_every_split_with_typed_features(
    release: Release, small_samples: list[ReleaseSample]
) -> None:
    from datasets import Image, load_dataset

    folder = release("huggingface", "webdataset").folder
    splits = load_dataset(str(folder))

    assert {name: len(split) for name, split in splits.items()} == {
        "train": 6,
        "validation": 1,
        "test": 1,
    }
    train = splits["train"]
    assert train.column_names == [column.name for column in COLUMNS]
    assert all(train.features[name] == Image() for name in IMAGE_COLUMNS)
    first, said = small_samples[0], train[0]
    assert said["instruction"] == first.instruction
    assert said["boxes"] == [[b.x0, b.y0, b.x1, b.y1] for b in first.boxes]
    assert said["source"].size == (first.width, first.height)
    assert said["reference"] is None
    assert said["unsafe"] == first.unsafe


def test_image_bytes_are_kept_to_the_byte(
    release: Release, small_samples: list[ReleaseSample]
) -> None:
    from datasets import Image, load_dataset

    folder = release("huggingface").folder
    raw = load_dataset(str(folder), split="train").cast_column("source", Image(decode=False))
    assert raw[0]["source"]["bytes"] == small_samples[0].source.payload


def test_published_classes_load_by_name_with_paths_beside_the_images(release: Release) -> None:
    from datasets import load_dataset

    folder = release("imgedit").folder
    single = load_dataset(str(folder), "alter", split="train")
    assert {"input_images", "output_images", "prompt"} <= set(single.column_names)
    assert all((folder / p).is_file() for row in single for p in row["input_images"])
    multi = load_dataset(str(folder), "content_memory", split="train")
    (turns,) = multi["data"]
    assert [len(turn["output_images"]) for turn in turns] == [1, 1]


def test_webdataset_reads_the_tars(release: Release, small_samples: list[ReleaseSample]) -> None:
    import webdataset as wds

    folder = release("webdataset").folder
    tar = folder / "webdataset" / "train-000000.tar"
    read = list(wds.WebDataset(str(tar), shardshuffle=False, empty_check=False).decode("rgb8"))
    assert [one["__key__"] for one in read] == [s.id for s in small_samples if s.split == "train"]
    assert read[0]["json"]["instruction"] == small_samples[0].instruction
    assert read[0]["source.jpg"].shape == (48, 64, 3)


def test_datasets_reads_the_tars_with_one_column_for_each_image(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    of = [sample(n) for n in range(7)]
    of[1] = replace(of[1], source=of[1].target)
    tar = release("webdataset", of=of).folder / "webdataset" / "train-000000.tar"
    files = {"train": str(tar)}
    pairs = load_dataset(
        "webdataset", data_files=files, split="train", cache_dir=str(tmp_path / "c")
    )
    assert pairs.num_rows == 7
    assert {"source.jpg", "target.webp", "reference.webp", "mask.png"} <= set(pairs.column_names)
    assert [row["source.jpg"].size for row in pairs] == [(64, 48)] * 7
    assert [row["reference.webp"].size == (1, 1) for row in pairs] == [not o.reference for o in of]


def test_the_same_samples_give_the_same_tars(release: Release) -> None:
    first = (release("webdataset").folder / "webdataset" / "train-000000.tar").read_bytes()
    assert (release("webdataset").folder / "webdataset" / "train-000000.tar").read_bytes() == first


def test_croissant_is_valid_and_its_records_can_be_read(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlcroissant

    folder = release("huggingface", "webdataset").folder
    monkeypatch.chdir(folder)
    dataset = mlcroissant.Dataset(jsonld="croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    records = list(dataset.records(record_set="pairs"))
    assert len(records) == 8
    assert records[0]["pairs/source"].size == (64, 48)


@pytest.mark.parametrize("layout", ["huggingface", "webdataset", "imgedit", "folders"])
def test_sha256sum_accepts_the_checksums(release: Release, layout: str) -> None:
    folder = release(layout).folder
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, check=False)
    assert done.returncode == 0


def test_shards_stay_below_their_size_and_hold_every_row(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.releases.huggingface.GROUP_BYTES", 60_000)
    many = [sample(number) for number in range(120)]
    folder = release("huggingface", "webdataset", of=many).folder
    shards = sorted((folder / "data").iterdir())
    tars = sorted((folder / "webdataset").iterdir())
    assert len(shards) > 1
    assert len(tars) > 1
    assert all(path.stat().st_size <= 1_000_000 for path in [*shards, *tars])
    assert [p.name for p in shards] == [
        f"train-{n:05d}-of-{len(shards):05d}.parquet" for n in range(len(shards))
    ]
    ids = [i for path in shards for i in pq.read_table(path)["id"].to_pylist()]
    assert ids == [one.id for one in many]


def test_columns_are_those_of_a_sample() -> None:
    described = [column.name for column in COLUMNS]
    assert sorted(described) == sorted([*IMAGE_COLUMNS, *VALUE_COLUMNS, "row_checksum"])
    assert set(ReleaseSample.__dataclass_fields__) <= set(described)


def test_an_interrupted_export_leaves_nothing_and_the_next_one_cleans_up(
    tmp_path: Path, release: Release
) -> None:
    def breaking() -> Iterator[ReleaseSample]:
        yield sample(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "release", breaking(), "huggingface")
    assert not (tmp_path / "release").exists()
    release("huggingface")
    left = {path.name for path in tmp_path.iterdir()} - {".release.lock", "cache"}
    assert left == {"release"}


def test_an_interrupted_export_keeps_the_release_that_was_there(
    tmp_path: Path, release: Release
) -> None:
    before = (release("huggingface").folder / "SHA256SUMS").read_bytes()
    with pytest.raises(ImgEditError, match="nothing to release"):
        write(tmp_path / "release", iter(()), "huggingface")
    assert (tmp_path / "release" / "SHA256SUMS").read_bytes() == before


def test_what_is_no_release_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(ImgEditError, match="is no release"):
        write(tmp_path / "thesis", [sample(0)], "huggingface")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_place_may_be_named_by_a_detour(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    layouts: tuple[Layout, ...] = ("huggingface", "webdataset", "imgedit")
    write(tmp_path / "other" / ".." / "release", [sample(0)], *layouts)
    assert verify(tmp_path / "release").sound


def test_a_torn_dialogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImgEditError, match="must follow each other"):
        write(tmp_path / "release", [sample(9, turn=1, turns=2), sample(0)], "imgedit")


def test_the_card_counts_what_was_written_and_escapes_what_it_is_told(release: Release) -> None:
    folder = release("huggingface").folder
    card = (folder / "README.md").read_text()
    assert "| alter | 4 | 1 | 1 | 6 |" in card
    assert "arithmetic \\| no network" in card
    assert "0.67 to 0.93" in card
    assert card.startswith("---\npretty_name: small\nlicense: cc-by-4.0\n")


def test_croissant_states_the_size_and_digest_of_each_shard(release: Release) -> None:
    folder = release("huggingface").folder
    document = json.loads((folder / "croissant.json").read_text())
    files = [f for f in document["distribution"] if f["@type"] == "cr:FileObject"]
    sums = (folder / "SHA256SUMS").read_text()
    assert len(files) == 3
    assert all(f"{file['sha256']}  {file['contentUrl']}\n" in sums for file in files)


NASTY = "CC | BY\n---\nlicense: mit\n---\n<script>alert(1)</script> [x](http://host)"


def test_what_others_say_cannot_change_the_card(tmp_path: Path) -> None:
    import yaml
    from markdown_it import MarkdownIt

    facts = replace(FACTS, name=NASTY, summary=NASTY, command=f"x\n```\n{NASTY}", profile=NASTY)
    one = replace(sample(0), licence=NASTY, attribution=NASTY)
    write(tmp_path / "release", [one], "huggingface", facts=facts)
    card = (tmp_path / "release" / "README.md").read_text()
    head, _, body = card.removeprefix("---\n").partition("\n---\n")
    assert yaml.safe_load(head)["license"] == "other"
    assert yaml.safe_load(head)["pretty_name"] == NASTY
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    kinds = {t.type for token in tokens for t in (token, *(token.children or ()))}
    assert kinds.isdisjoint({"html_block", "html_inline", "link_open", "hr"})
    assert [t.type for t in tokens].count("fence") == 2
    (row,) = [line for line in body.splitlines() if line.startswith("| CC")]
    assert row.replace("\\|", "").count("|") == 4
    document = json.loads((tmp_path / "release" / "croissant.json").read_text())
    assert (document["name"], document["license"]) == (NASTY, [NASTY])
    assert verify(tmp_path / "release").sound
