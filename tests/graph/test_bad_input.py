"""A folder of everything that can be wrong with an image: rejects, and the rest goes on."""

import json
import os
import struct
import zlib
from collections import defaultdict
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from PIL import Image

from imgedit_assets.run import run_everything
from imgedit_assets.wanted import Wanted
from models.faults import ImgEditError
from resources.factory import Factory
from resources.schema import FilteredImage, Reject, SourceImage


def photograph(seed: int, width: int = 420, height: int = 360) -> Image.Image:
    """A smooth picture with a few coloured discs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 200 / width, y * 200 / height, (x + y) * 90 / width], axis=2)
    for _ in range(5):
        cx, cy, r = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height, 40
        pixels[(x - cx) ** 2 + (y - cy) ** 2 < r**2] = rng.uniform(0, 255, 3)
    return Image.fromarray(pixels.astype(np.uint8))


def bomb(path: Path) -> None:
    """A PNG whose header says 30,000 x 30,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9999))
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good and bad files side by side."""
    root = tmp_path / "pictures"
    (root / "deep" / "er").mkdir(parents=True)
    photograph(1).save(root / "good.jpg", quality=95)
    photograph(1).save(root / "same.png")
    photograph(2).save(root / "deep" / "er" / 'it\'s "quoted"\nünï 图.jpg', quality=95)
    (root / "copy.jpg").write_bytes((root / "good.jpg").read_bytes())
    photograph(3).convert("CMYK").save(root / "cmyk.jpg")
    Image.fromarray(np.asarray(photograph(4))[..., 0].astype(np.uint16) * 257).save(
        root / "deep16.png"
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph(5, 420, 300).save(root / "rotated.jpg", exif=exif)
    frames = [photograph(6), photograph(7)]
    frames[0].save(root / "animated.gif", save_all=True, append_images=frames[1:])
    (root / "zero.jpg").write_bytes(b"")
    (root / "cut.jpg").write_bytes((root / "good.jpg").read_bytes()[:6000])
    (root / "text.jpg").write_text("not an image at all")
    photograph(8).save(root / "mislabelled.jpg", "PNG")
    Image.new("RGB", (1, 1)).save(root / "dot.png")
    bomb(root / "bomb.png")
    photograph(9).save(tmp_path / "outside.jpg")
    (root / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    return root


def annotations(root: Path, tmp_path: Path) -> Path:
    """COCO annotations: a good box, one outside the image, one for an image that is not there."""
    images = [("good.jpg", 420, 360), ("gone.jpg", 10, 10)]
    document = {
        "images": [
            {"id": i, "file_name": n, "width": w, "height": h} for i, (n, w, h) in enumerate(images)
        ],
        "categories": [{"id": 1, "name": "ball"}],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 1, "bbox": [100, 90, 150, 150]},
            {"id": 2, "image_id": 0, "category_id": 1, "bbox": [9000, 9000, 50, 50]},
        ],
    }
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.slow
def test_every_bad_file_is_a_reject_and_every_good_one_a_row(
    factory: Factory, instance: dg.DagsterInstance, folder: Path, tmp_path: Path
) -> None:
    before = sorted(p for p in folder.rglob("*"))
    wanted = Wanted(
        images=(folder,),
        coco=annotations(folder, tmp_path),
        edit_types=("style_transfer",),
        dataset=False,
    )
    outcome = run_everything(factory, instance, wanted)
    assert not outcome.errors
    reasons: dict[str, set[str]] = defaultdict(set)
    for reject in factory.store.select(Reject):
        reasons[reject.subject.rsplit("/", 1)[-1]].add(reject.reason)
    assert reasons["zero.jpg"] == {"empty_file"}
    assert reasons["cut.jpg"] == {"truncated"}
    assert reasons["text.jpg"] == {"not_an_image"}
    assert reasons["dot.png"] == {"too_small"}
    assert reasons["bomb.png"] == {"decompression_bomb"}
    assert reasons["link.jpg"] == {"outside_folder"}
    assert reasons["good.jpg"] | reasons["copy.jpg"] >= {"duplicate", "bad_annotation"}
    assert "near_duplicate" in reasons["same.png"]
    assert any("bad_annotation" in r for name, r in reasons.items() if "gone" in name)

    (shard,) = outcome.shards
    kept = {r.uri.rsplit("/", 1)[-1] for r in factory.store.current(FilteredImage, shard=shard)}
    assert {"cmyk.jpg", "deep16.png", "rotated.jpg", "animated.gif", "mislabelled.jpg"} <= kept
    rotated = next(
        r for r in factory.store.current(SourceImage, shard=shard) if r.uri.endswith("rotated.jpg")
    )
    assert (rotated.width, rotated.height) == (300, 420)
    assert factory.store.frame("edit_pairs").height == len(kept)
    assert sorted(p for p in folder.rglob("*")) == before


@pytest.mark.slow
def test_new_files_get_a_new_shard_and_old_rows_stay(
    factory: Factory, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    photograph(1).save(folder / "one.jpg")
    wanted = Wanted(images=(folder,), edit_types=("style_transfer",), dataset=False)
    first = run_everything(factory, instance, wanted)
    before = set(factory.store.frame("edit_pairs", ["id"])["id"])
    photograph(2).save(folder / "two.jpg")
    os.utime(folder / "one.jpg", (1, 1))
    second = run_everything(factory, instance, wanted)
    assert len(second.shards) == 2
    assert second.shards[0] == first.shards[0]
    after = set(factory.store.frame("edit_pairs", ["id"])["id"])
    assert before < after


def test_an_unknown_edit_type_names_those_there_are(
    factory: Factory, instance: dg.DagsterInstance
) -> None:
    with pytest.raises(ImgEditError, match="style_transfer"):
        run_everything(factory, instance, Wanted(edit_types=("styl",)))
