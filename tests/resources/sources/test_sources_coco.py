"""COCO files as strangers write them: one bad entry is one fault."""

import json
from pathlib import Path

import pytest

from models.faults import ImgEditError, Reason
from resources.sources.coco import Coco, read_coco
from resources.sources.folder import FolderSource
from resources.sources.item import SourceItem

GOOD = [10, 20, 30, 40]


def read(folder: Path, *, images: list[object] | None = None, **more: object) -> Coco:
    path = folder / "coco.json"
    images = [{"id": 1, "file_name": "a.png"}] if images is None else images
    document = {"images": images, "categories": [{"id": 7, "name": "cat"}], "annotations": []}
    path.write_text(json.dumps(document | more))
    return read_coco(path)


def label(**fields: object) -> dict[str, object]:
    return {"id": 1, "image_id": 1, "category_id": 7, "bbox": GOOD} | fields


@pytest.mark.parametrize(
    "size",
    [
        *(10**400, -5, float("nan"), float("inf"), "wide", [1], 2.5, 10**9),
    ],
)
def test_a_size_that_none_can_have_is_an_issue_of_its_image(tmp_path: Path, size: object) -> None:
    images = [{"id": 1, "file_name": "a.png", "width": size, "height": 5}]
    images += [{"id": 2, "file_name": "b.png", "width": "640", "height": 480.0}]
    entries = read(tmp_path, images=images, annotations=[label()]).entries
    assert (entries["a.png"].width, len(entries["a.png"].issues)) == (None, 1)
    assert (entries["b.png"].width, entries["b.png"].height) == (640, 480)
    assert len(entries["a.png"].objects) == 1


@pytest.mark.parametrize(
    "box",
    [
        *([1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, None], [10**400, 0, 1, 1], {"x": 1}, "box"),
        *([float("nan"), 0, 1, 1], [0, float("-inf"), 1, 1], [1e308, 0, 1.7e308, 1]),
    ],
)
def test_a_box_of_no_numbers_costs_its_label_only(tmp_path: Path, box: object) -> None:
    coco = read(tmp_path, annotations=[label(bbox=box), label(id=2)])
    entry = coco.entries["a.png"]
    assert [o.box for o in entry.objects] == [(10, 20, 40, 60)]
    assert len(entry.issues) + len(coco.orphans) == 1
    item = SourceItem(uri="file:///a.png", annotation=entry.annotation())
    assert SourceItem.from_json(item.to_json()) == item


def test_entries_that_are_none_cost_themselves_only(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.png"}, {}, "x", {"id": None, "file_name": "b.png"}]
    categories = [{"id": 7, "name": "c\ud800t"}, {"id": 8}, 9]
    labels = [label(), label(image_id=None), None, label(category_id=8), label(category_id=[7])]
    coco = read(tmp_path, images=images, categories=categories, annotations=labels)
    (entry,) = coco.entries.values()
    assert [o.name for o in entry.objects] == ["c\\ud800t"]
    assert len(entry.issues) == 1
    assert {f.reason for f in coco.orphans} == {Reason.BAD_ANNOTATION}
    assert len(coco.orphans) == 8


def test_shapes_of_any_kind_beside_a_box_are_passed_over(tmp_path: Path) -> None:
    shapes = [[[1, 2, 3]], {"counts": "x" * 999, "size": [0, -1]}, [[]], "no", None]
    coco = read(tmp_path, annotations=[label(segmentation=s) for s in shapes])
    assert len(coco.entries["a.png"].objects) == len(shapes)


def test_file_names_reach_no_other_file(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").touch()
    (tmp_path / "secret.png").touch()
    odd = ["../secret.png", str(tmp_path / "secret.png"), "a\0b.png", "x" * 300, "\U0001f600.png"]
    odd += ["\ud800.png", "", "/", ".."]
    images = [{"id": n, "file_name": name} for n, name in enumerate(odd)]
    read(tmp_path, images=[*images, {"id": 99, "file_name": "a.png", "width": 10**400}])
    items = list(FolderSource(folder, coco=tmp_path / "coco.json").items())
    assert [i.uri for i in items if not i.fault] == [(folder / "a.png").as_uri()]
    assert len({i.uri for i in items}) == len(odd) + 1
    for item in items:
        item.to_json().encode()
        item.uri.encode("ascii")


@pytest.mark.parametrize(
    "text",
    [
        *('{"images": ' + "[" * 100_000, '{"images": [' + "9" * 5000 + "]}"),
        *('{"images": [{"id": 1}]}', "null", '{"images": [], "annotations": 5}', "\xff"),
    ],
)
def test_what_is_no_coco_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "coco.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ImgEditError, match=r"is not COCO JSON \(.+\); it needs 'images'"):
        read_coco(path)
    (tmp_path / "device.json").symlink_to("/dev/zero")
    with pytest.raises(ImgEditError, match="not a regular file; give a readable COCO file"):
        read_coco(tmp_path / "device.json")
