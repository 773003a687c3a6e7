"""Labels as other tools write them: they land on their objects, or it is said why they do not."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.annotation import AnnotatedObject, Annotation, spoken
from models.colour_profiles import upright
from models.detect.annotations import AnnotationDetector
from models.detect.detection import DetectRequest
from models.faults import Fault, ImgEditError, Reason
from resources.home import Home
from resources.registration import register
from resources.sources.coco import read_coco
from resources.sources.folder import FolderSource
from resources.sources.frame import fit
from resources.store import Store
from tests.resources.sources.test_sources_folder import by_name, coco, put

SIGN = [{"id": 13, "name": "stop sign"}]
LABEL = {"id": 1, "image_id": 1, "category_id": 13, "bbox": [2, 3, 5, 4]}
ONE = [{"id": 1, "file_name": "0001.png", "width": 20, "height": 10}]


def drawn(box: tuple[float, float, float, float], *size: int) -> Annotation:
    thing = AnnotatedObject(name="sign", box=box)
    return Annotation(objects=(thing,), drawn_on=(size[0], size[1]))


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_boxes_of_the_stored_picture_are_turned_with_it(orientation: int) -> None:
    pixels = np.zeros((80, 640, 3), np.uint8)
    pixels[20:40, 10:110] = 255
    rows, columns = np.nonzero(upright(pixels, orientation)[..., 0])
    box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    stored = drawn((10, 20, 110, 40), 640, 80)
    fitted, faults = fit(stored, 80, 640, orientation)
    assert fitted.objects[0].box == box
    assert (fitted.drawn_on, faults) == ((640, 80), ())
    turned = drawn((1, 2, 3, 40), 80, 640)
    assert fit(turned, 80, 640, orientation)[0].objects[0].box == (1, 2, 3, 40)
    # A thumbnail that forgot its EXIF: half the size, and turned.
    half, _ = fit(stored, 40, 320, orientation)
    assert half.objects[0].box == tuple(value / 2 for value in box)


def test_boxes_of_another_size_are_scaled_and_of_another_aspect_left_out() -> None:
    halved, faults = fit(drawn((100, 50, 300, 250), 1024, 768), 512, 384)
    assert (halved.objects[0].box, faults) == ((50, 25, 150, 125), ())
    rounded, faults = fit(drawn((0, 0, 1023, 681), 1023, 681), 341, 227)
    assert (rounded.objects[0].box, faults) == ((0, 0, 341, 227), ())
    cropped, (fault,) = fit(drawn((100, 50, 300, 250), 1024, 768), 512, 512)
    assert (cropped.objects, cropped.left_out, cropped.drawn_on) == ((), 1, None)
    assert (fault.reason, "1024 x 768" in fault.detail) == (Reason.BAD_ANNOTATION, True)


def test_labels_that_were_left_out_are_no_main_subject() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[20:40, 20:40] = (255, 0, 0)
    without, fault = AnnotationDetector().detect(
        [
            DetectRequest(image=image, object_nouns=(), background_nouns=(), annotation=said)
            for said in (Annotation(), Annotation(left_out=2))
        ]
    )
    assert not isinstance(without, Fault)
    assert isinstance(fault, Fault)
    assert (fault.reason, fault.detail[:14]) == (Reason.BAD_ANNOTATION, "its 2 label(s)")


def test_crowds_are_left_out_and_counted(tmp_path: Path) -> None:
    put(tmp_path / "0001.png")
    labels = [LABEL, LABEL | {"id": 2, "iscrowd": 1}, LABEL | {"id": 3, "iscrowd": 0}]
    path = coco(tmp_path / "c.json", images=ONE, categories=SIGN, annotations=labels)
    (item,) = FolderSource(tmp_path, coco=path).items()
    assert (len(item.annotation.objects), item.annotation.left_out) == (2, 1)
    assert [issue.reason for issue in item.issues] == [Reason.NO_OBJECT]


def test_ids_are_compared_as_text_and_lvis_names_files_by_their_address(tmp_path: Path) -> None:
    path = coco(
        tmp_path / "c.json",
        images=[{"id": 1, "coco_url": "http://images.invalid/val2017/0001.png"}],
        categories=[{"id": 13, "name": "bow_(decorative_ribbons)"}],
        annotations=[LABEL | {"image_id": "1", "category_id": "13"}],
    )
    (entry,) = read_coco(path).entries.values()
    assert (entry.file_name, [o.name for o in entry.objects]) == ("0001.png", ["bow"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("mail_slot", "mail slot"), ("bow_(decorative_ribbons)", "bow"), ("hot dog", "hot dog")),
        *(("cap_(headwear)_stand", "cap stand"), ("(other)", "other"), ("_", "")),
    ],
)
def test_names_are_words(name: str, said: str) -> None:
    assert spoken(name) == said


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["sub\\0001.png", ".\\SUB\\0001.PNG", "C:\\data\\0001.png"])
def test_files_of_other_systems_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    put(tmp_path / "sub" / "0001.png")
    document = {"images": [{"id": 1, "file_name": name}], "categories": SIGN}
    (tmp_path / "c.json").write_text(
        json.dumps(document | {"annotations": [LABEL]}), encoding=encoding
    )
    (item,) = FolderSource(tmp_path, coco=tmp_path / "c.json").items()
    assert [o.name for o in item.annotation.objects] == ["stop sign"]


@pytest.mark.parametrize(
    ("label", "names", "said"),
    [
        (LABEL, ["a/0001.png", "b/0001.png"], r"ambiguous.*\(a/0001.png, b/0001.png\)"),
        (LABEL, ["other.png"], "'0001.png' is not among the folder's images; give --images"),
        (LABEL | {"image_id": 9}, ["0001.png"], "of image 9, not listed; 'image_id' must be"),
    ],
)
def test_labels_of_no_image_at_all_are_an_error(
    tmp_path: Path, label: dict[str, object], names: list[str], said: str
) -> None:
    for name in names:
        put(tmp_path / name)
    path = coco(tmp_path / "c.json", images=ONE, categories=SIGN, annotations=[label])
    with pytest.raises(ImgEditError, match=said):
        list(FolderSource(tmp_path, coco=path).items())


def test_images_without_labels_are_counted(tmp_path: Path) -> None:
    put(tmp_path / "0001.png")
    put(tmp_path / "0002.png")
    path = coco(tmp_path / "c.json", images=ONE, categories=SIGN, annotations=[LABEL])
    source = FolderSource(tmp_path, coco=path)
    assert register(Store(Home.of(tmp_path / "home")), source, shard_size=9).unlabelled == 1
    assert [o.box for o in by_name(list(source.items()))["0001.png"].annotation.objects] == [
        (2, 3, 7, 7)
    ]


@pytest.mark.parametrize(
    ("text", "seems"),
    [
        ('{"images": [], "annotations": [{"segments_info": []}]}', "COCO panoptic: give the file"),
        ("ImageID,Source,LabelName,XMin\nab,x,/m/0,0.1\n", "an Open Images CSV"),
        ('<?xml version="1.0"?><annotations><image id="0"/></annotations>', "CVAT XML"),
        ("<annotation><object><name>cat</name></object></annotation>", "Pascal VOC XML"),
        ("0 0.3 0.4 0.2 0.2\n", "YOLO labels"),
        ('[{"id": 1, "data": {"image": "a.jpg"}, "annotations": []}]', "Label Studio's tasks"),
        ('[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]', "list of COCO results"),
        ('{"shapes": [], "imagePath": "a.jpg"}', "labelme"),
    ],
)
def test_other_formats_are_named_with_what_to_give(tmp_path: Path, text: str, seems: str) -> None:
    (tmp_path / "labels").write_text(text)
    with pytest.raises(ImgEditError, match=f"it seems to be .*{seems}"):
        read_coco(tmp_path / "labels")
