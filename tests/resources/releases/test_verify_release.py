"""Every kind of damage to a release is found, and a sound one is called sound."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.images import encode_jpeg
from models.masks import Rle
from resources.releases.checksums import SUMS, sha256_of
from resources.releases.damage import Damage
from resources.releases.renditions import encode
from resources.releases.verify import verify
from tests.resources.releases.small_samples import Release, sample

Rows = list[dict[str, Any]]
SHARD = "data/train-00000-of-00001.parquet"
TAR = "webdataset/train-000000.tar"
SINGLES = "Parquet/alter_part0.parquet"


def reseal(folder: Path) -> None:
    """State the checksums and sizes of the files as they are now: only their content can tell."""
    document = json.loads((folder / "croissant.json").read_text())
    for item in document["distribution"]:
        if item["@type"] == "cr:FileObject" and (folder / item["contentUrl"]).is_file():
            item["sha256"] = sha256_of(folder / item["contentUrl"])
            item["contentSize"] = f"{(folder / item['contentUrl']).stat().st_size} B"
    (folder / "croissant.json").write_text(json.dumps(document))
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != SUMS]
    lines = [f"{sha256_of(p)}  {p.relative_to(folder).as_posix()}\n" for p in files]
    (folder / SUMS).write_text("".join(lines))


def rewrite(path: Path, edit: Callable[[Rows], object]) -> None:
    """Change the rows of a Parquet file in place."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    edit(rows)
    columns = [f for f in table.schema if not rows or f.name in rows[0]]
    pq.write_table(pa.Table.from_pylist(rows, pa.schema(columns)), path)


def found(folder: Path) -> set[Damage]:
    return {problem.damage for problem in verify(folder).problems}


@pytest.mark.parametrize("layouts", [("huggingface", "webdataset"), ("webdataset",), ("imgedit",)])
def test_a_release_as_it_was_written_is_sound(release: Release, layouts: tuple[str, ...]) -> None:
    told: list[tuple[int, int]] = []
    folder = release(*layouts).folder
    report = verify(folder, progress=lambda done, total: told.append((done, total)))
    rows = 8 * len(layouts)
    assert report.problems == []
    assert told == [(done, rows) for done in range(1, rows + 1)]
    assert report.summary.startswith(f"{rows} rows")
    assert json.loads(json.dumps(report.as_dict()))["sound"]
    assert report.files == sum(path.is_file() for path in folder.rglob("*"))


def test_what_a_download_leaves_is_passed_over(release: Release) -> None:
    folder = release("huggingface").folder
    (folder / ".gitattributes").write_text("*.parquet filter=lfs")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "note").write_text("fetched")
    assert verify(folder).sound


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


def _climbing_sum(folder: Path) -> None:
    with (folder / SUMS).open("a") as file:
        file.write(f"{'0' * 64}  ../../etc/passwd\n")


def _bad_sum(folder: Path) -> None:
    with (folder / SUMS).open("a") as file:
        file.write("no checksum\n")


def _link(folder: Path) -> None:
    outside = folder.parent / "outside"
    (folder / SHARD).rename(outside)
    (folder / SHARD).symlink_to(outside)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3000])


def _size_that_lies(folder: Path) -> None:
    path = folder / "croissant.json"
    path.write_text(path.read_text().replace('"contentSize": "', '"contentSize": "9'))


FILES: dict[str, tuple[Callable[[Path], object], Damage]] = {
    "missing": (lambda f: (f / TAR).unlink(), Damage.MISSING_FILE),
    "no card": (lambda f: (f / "README.md").unlink(), Damage.MISSING_FILE),
    "no metadata": (lambda f: (f / "croissant.json").unlink(), Damage.MISSING_FILE),
    "extra": (lambda f: (f / "data" / "notes.txt").write_text("hm"), Damage.EXTRA_FILE),
    "changed Parquet": (lambda f: _flip(f / SHARD), Damage.CHANGED_FILE),
    "changed tar": (lambda f: _flip(f / TAR), Damage.CHANGED_FILE),
    "cut Parquet": (lambda f: _cut(f / SHARD), Damage.TRUNCATED),
    "cut tar": (lambda f: _cut(f / TAR), Damage.TRUNCATED),
    "empty Parquet": (lambda f: (f / SHARD).write_bytes(b""), Damage.TRUNCATED),
    "empty tar": (lambda f: (f / TAR).write_bytes(b""), Damage.EMPTY_FILE),
    "no checksums": (lambda f: (f / SUMS).unlink(), Damage.NO_CHECKSUMS),
    "a line that is none": (_bad_sum, Damage.BAD_METADATA),
    "a path that climbs": (_climbing_sum, Damage.OUTSIDE_FOLDER),
    "a link out": (_link, Damage.OUTSIDE_FOLDER),
    "metadata that is no JSON": (
        lambda f: (f / "croissant.json").write_text("{"),
        Damage.BAD_METADATA,
    ),
    "metadata that lies": (_size_that_lies, Damage.TRUNCATED),
}


@pytest.mark.parametrize("name", FILES)
def test_damage_to_files_is_found(release: Release, name: str) -> None:
    damage, kind = FILES[name]
    folder = release("huggingface", "webdataset").folder
    damage(folder)
    assert kind in found(folder)


def swap(one: str, two: str) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        for row in rows:
            row[one], row[two] = row[two], row[one]

    return edit


def put(**values: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[0].update(values)


def image(data: bytes) -> dict[str, object]:
    return {"bytes": data, "path": None}


def _drop(column: str) -> Callable[[Rows], None]:
    def edit(rows: Rows) -> None:
        for row in rows:
            del row[column]

    return edit


LARGER = encode(np.zeros((60, 70, 3), np.uint8)).payload
WRONG_MASK = encode_jpeg(np.zeros((48, 64, 3), np.uint8))
CORNER = np.zeros((48, 64), bool)
CORNER[40:, 56:] = True
CORNER_MASK = Rle.encode(CORNER).counts


def _also_the_corner(rows: Rows) -> None:
    """As if the turn had edited one subject more."""
    first = rows[0]
    first["masks"], first["boxes"] = (
        [*first["masks"], CORNER_MASK],
        [*first["boxes"], [56, 40, 64, 48]],
    )
    union = Rle(counts=first["masks"][0], height=48, width=64).decode() | CORNER
    first["mask"] = image(encode(np.repeat(union[..., None] * np.uint8(255), 3, axis=2)).payload)


def _only_the_corner(rows: Rows) -> None:
    rows[0].update(masks=[CORNER_MASK], boxes=[[56, 40, 64, 48]])
    rows[0]["mask"] = image(encode(np.repeat(CORNER[..., None] * np.uint8(255), 3, axis=2)).payload)


OTHER_MASK = Rle.encode(np.ones((10, 10), bool)).counts
ROWS: dict[str, tuple[Callable[[Rows], object], Damage]] = {
    "source for target": (swap("source", "target"), Damage.SWAPPED),
    "instruction for class": (swap("instruction", "edit_type"), Damage.SWAPPED),
    "quality for preservation": (swap("quality", "preservation"), Damage.CHANGED_ROW),
    "one id for another": (swap("pair_id", "instruction_id"), Damage.CHANGED_ROW),
    "column gone": (_drop("judge"), Damage.MISSING_COLUMN),
    "source gone": (_drop("source"), Damage.BAD_ROW),
    "null source": (put(source=None), Damage.MISSING_COLUMN),
    "other words": (put(instruction="Do something else."), Damage.CHANGED_ROW),
    "no words": (put(instruction=" "), Damage.BAD_VALUE),
    "null turn": (put(turn=None), Damage.BAD_VALUE),
    "text for an image": (put(target=image(b"no image")), Damage.NOT_AN_IMAGE),
    "cut image": (put(target=image(LARGER[: len(LARGER) // 2])), Damage.TRUNCATED),
    "larger target": (put(target=image(LARGER)), Damage.WRONG_SIZE),
    "wrong width": (put(width=65), Damage.WRONG_SIZE),
    "mask that is none": (put(masks=["~~~"]), Damage.BAD_MASK),
    "mask of another size": (put(masks=[OTHER_MASK]), Damage.BAD_MASK),
    "mask image of nothing": (put(mask=image(WRONG_MASK)), Damage.BAD_MASK),
    "box outside": (put(boxes=[[8, 8, 16, 240]]), Damage.BAD_BOX),
    "box of three": (put(boxes=[[8, 8, 16]]), Damage.BAD_VALUE),
    "mask of what did not change": (_also_the_corner, Damage.BAD_MASK),
    "change beyond the mask": (_only_the_corner, Damage.BAD_MASK),
    "mask grown over all": (put(grow_px=300), Damage.BAD_MASK),
    "score of nine": (put(score=9.0), Damage.BAD_VALUE),
    "score that is no mean": (put(score=4.4), Damage.BAD_VALUE),
    "adherence that caps nothing": (put(adherence=3.6, quality=4.9), Damage.BAD_VALUE),
    "score that is none": (put(unsafe=float("nan")), Damage.BAD_VALUE),
    "other share": (put(changed_frac=0.5), Damage.WRONG_CHANGE),
    "other split": (put(split="test"), Damage.BAD_VALUE),
    "no split": (put(split="training"), Damage.BAD_VALUE),
    "recipes in prose": (put(recipes="with butter"), Damage.BAD_VALUE),
    "id twice": (lambda rows: rows.append(rows[0]), Damage.DUPLICATE_ID),
    "turn gone": (lambda rows: rows.pop(), Damage.TORN_DIALOGUE),
    "row gone": (lambda rows: rows.pop(0), Damage.UNLIKE_TWINS),
}


@pytest.mark.parametrize("name", ROWS)
def test_damage_to_rows_is_found_without_the_help_of_checksums(release: Release, name: str) -> None:
    edit, kind = ROWS[name]
    folder = release("huggingface", "webdataset").folder
    rewrite(folder / SHARD, edit)
    reseal(folder)
    assert kind in found(folder)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_also_the_corner, "only 0.00 of what mask 2 shows has changed"),
        (_only_the_corner, "128 px changed more than 0 px beyond the masks"),
        (put(grow_px=300), "the edit may reach 300 px beyond its masks, 8 at most"),
    ],
)
def test_a_mask_that_is_not_what_the_edit_changed_is_named(
    release: Release, damage: Callable[[Rows], None], words: str
) -> None:
    folder = release("huggingface").folder
    rewrite(folder / SHARD, damage)
    assert words in {p.detail for p in verify(folder).problems if p.damage is Damage.BAD_MASK}


def test_masks_without_a_bound_are_said_to_be_unchecked(release: Release) -> None:
    anywhere = replace(sample(0), grow_px=None)
    report = verify(release("huggingface", of=[anywhere, sample(1)]).folder)
    assert report.sound
    assert any("1 of 2 rows changed where their masks are" in line for line in report.unchecked)


def test_a_source_that_is_its_target_is_found(release: Release) -> None:
    one = sample(0)
    twin = replace(one, target=one.source, changed_frac=0.0)
    assert Damage.WRONG_CHANGE in found(release("huggingface", of=[twin]).folder)


@pytest.mark.parametrize("layout", ["huggingface", "webdataset", "imgedit"])
def test_an_image_in_two_splits_is_found(release: Release, layout: str) -> None:
    one = sample(0)
    leak = replace(one, id="other", split="test", image_id="another")
    assert Damage.SPLIT_LEAK in found(release(layout, of=[one, leak]).folder)


def retar(path: Path, edit: Callable[[tarfile.TarInfo, bytes], tuple[str, bytes]]) -> None:
    """Change the members of a tar in place."""
    with tarfile.open(path) as tar:
        members = [(m, file.read()) for m in tar if (file := tar.extractfile(m))]
    with tarfile.open(path, "w") as tar:
        for member, data in members:
            member.name, data = edit(member, data)  # noqa: PLW2901
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def _lie(member: tarfile.TarInfo, data: bytes) -> tuple[str, bytes]:
    return member.name, data.replace(b'"instruction": "Make', b'"instruction": "Take')


def _rename(old: str, new: str) -> Callable[[tarfile.TarInfo, bytes], tuple[str, bytes]]:
    return lambda member, data: (member.name.replace(old, new), data)


TARS: dict[str, tuple[Callable[[tarfile.TarInfo, bytes], tuple[str, bytes]], Damage]] = {
    "JSON that lies": (_lie, Damage.UNLIKE_TWINS),
    "JSON that is none": (
        lambda m, d: (m.name, b"{" if m.name.endswith("json") else d),
        Damage.BAD_ROW,
    ),
    "JSON that is a list": (
        lambda m, d: (m.name, b"[]" if m.name.endswith("json") else d),
        Damage.BAD_ROW,
    ),
    "no JSON": (_rename(".json", ".txt"), Damage.BAD_ROW),
    "member that climbs": (_rename("pair0001t1", "../pair0001t1"), Damage.OUTSIDE_FOLDER),
    "absolute member": (_rename("pair0001t1", "/pair0001t1"), Damage.OUTSIDE_FOLDER),
    "other key": (_rename("pair0001t1", "pair7777t1"), Damage.BAD_VALUE),
    "source for target": (_rename(".source.", ".target2."), Damage.MISSING_COLUMN),
    "target twice": (_rename(".source.jpg", ".target.jpg"), Damage.BAD_ROW),
}


@pytest.mark.parametrize("name", TARS)
def test_damage_to_tars_is_found_without_the_help_of_checksums(release: Release, name: str) -> None:
    edit, kind = TARS[name]
    folder = release("huggingface", "webdataset").folder
    retar(folder / TAR, edit)
    reseal(folder)
    assert kind in found(folder)


PATHS: dict[str, tuple[Callable[[Rows], object], Damage]] = {
    "climbs": (put(input_images=["../../secret.png"]), Damage.OUTSIDE_FOLDER),
    "absolute": (put(output_images=["/etc/passwd"]), Damage.OUTSIDE_FOLDER),
    "missing": (put(output_images=["Singleturn/none.png"]), Damage.MISSING_FILE),
    "input for output": (swap("input_images", "output_images"), Damage.SWAPPED),
    "no image": (put(mask_image="README.md"), Damage.NOT_AN_IMAGE),
}


@pytest.mark.parametrize("name", PATHS)
def test_damage_to_paths_is_found_without_the_help_of_checksums(
    release: Release, name: str
) -> None:
    edit, kind = PATHS[name]
    folder = release("imgedit").folder
    rewrite(folder / SINGLES, edit)
    reseal(folder)
    assert kind in found(folder)


def test_an_exchanged_image_file_is_found(release: Release) -> None:
    folder = release("imgedit").folder
    one, two = sorted((folder / "Singleturn" / "alter_part0").glob("*/result.webp"))[:2]
    one.write_bytes(two.read_bytes())
    reseal(folder)
    assert Damage.CHANGED_ROW in found(folder)


def test_a_problem_says_where_and_what(release: Release) -> None:
    folder = release("huggingface").folder
    rewrite(folder / SHARD, put(score=9.0))
    reseal(folder)
    lines = [str(problem) for problem in verify(folder).problems]
    assert f"{SHARD} row 0: bad_value: score is 9.0, not 1 to 5" in lines
