"""What a file of annotations seems to be, where it is none that is read."""

import re
from collections.abc import Mapping

_HEAD_BYTES = 4096
_OF_BYTES: tuple[tuple[bytes, str], ...] = (
    (rb"PK\x03\x04", "a ZIP archive: unpack it, and give the JSON file inside"),
    (rb"\x1f\x8b", "a gzip file: unpack it first"),
    (rb"PAR1", "a Parquet file: convert its boxes to COCO JSON"),
    (rb"(?s)\s*<.*<annotations\b", "CVAT XML: export the task from CVAT as 'COCO 1.0'"),
    (rb"(?s)\s*<.*<?annotation>", "Pascal VOC XML: convert its files to one COCO JSON"),
    (rb"\s*<", "XML: convert it to COCO JSON"),
    (
        rb"ImageID,.*LabelName",
        "an Open Images CSV: convert it to COCO JSON; its boxes are shares of the sides, "
        "and its labels are codes that class-descriptions-boxable.csv names",
    ),
    (
        rb"\s*\d+(\s+[\d.eE+-]+){4,}\s*(\n|$)",
        "YOLO labels: convert them to COCO JSON; their boxes are shares of the sides, centre first",
    ),
    (rb"[^\n{\[]+[,\t][^\n]+\n", "a CSV table: convert it to COCO JSON"),
)
_OF_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"shapes", "imagePath"}), "labelme: convert its files to one COCO JSON"),
    (frozenset({"_via_img_metadata"}), "a VIA project: export it as 'COCO format'"),
    (
        frozenset({"data", "annotations"}),
        "a list of Label Studio's tasks: export the project as 'COCO'",
    ),
    (frozenset({"data", "predictions"}), "a list of Label Studio's tasks: export it as 'COCO'"),
    (frozenset({"image", "annotations"}), "CreateML: convert it to COCO JSON"),
    (
        frozenset({"image_id", "category_id"}),
        "a bare list of COCO results: put it under 'annotations', beside 'images' and 'categories'",
    ),
)
PANOPTIC = (
    "COCO panoptic: give the file of the instances instead (instances_val2017.json beside "
    "panoptic_val2017.json), or convert it, as panopticapi's panoptic2detection_coco_format.py does"
)


def format_of_bytes(data: bytes) -> str:
    """The format that bytes which are no JSON seem to have, with the remedy; empty if none."""
    head = data[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf")
    return next((said for pattern, said in _OF_BYTES if re.match(pattern, head)), "")


def format_of_json(value: object) -> str:
    """The format that a JSON document seems to have which is not COCO; empty if none."""
    one = value[0] if isinstance(value, list) and value else value
    if not isinstance(one, Mapping):
        return ""
    labels = one.get("annotations")
    if isinstance(labels, list) and labels and _has_segments(labels[0]):
        return PANOPTIC
    if "images" in one:
        return ""
    return next((said for keys, said in _OF_KEYS if keys <= one.keys()), "")


def _has_segments(label: object) -> bool:
    return isinstance(label, Mapping) and "segments_info" in label
