"""Headers, decoding, masks and patches against the libraries beneath them, on one core."""

import io
import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import polars as pl
import simplejpeg
from embedded import embedded_factory, run_stages
from gates import Measured, medians
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as coco

from models.faults import Reason
from models.geometry import Bitmap, Rgb
from models.images import decode_reduced, encode_jpeg, read_header
from models.masks import Rle
from models.regions.gate import GateThresholds, gate
from resources.schema import EditPair, SourceImage

JPEG_SIZE_PX = (2016, 1344)
"""2.7 megapixels: a photograph that passes the paper's filter of 1280 px."""

SHORT_SIDE_PX = 512
REGIONS = 200_000

STORAGE_SCENES = 3
STORAGE_TYPES = ("add", "alter", "remove", "replace")
"""The edits of one object, which paint a region and leave the rest of the photograph alone."""


def _photograph() -> Rgb:
    """Soft shapes under fine grain: a JPEG of it takes 1 MB, as a photograph's does."""
    width, height = JPEG_SIZE_PX
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (height // 96, width // 96, 3)).astype(np.float32)
    soft = cv2.resize(coarse, JPEG_SIZE_PX, interpolation=cv2.INTER_CUBIC)
    return (soft + rng.normal(0, 4, soft.shape)).clip(0, 255).astype(np.uint8)


def resolution_filter() -> Iterator[Measured]:
    """Reading the size from the header against Pillow decoding every pixel to learn it."""
    data = encode_jpeg(_photograph(), quality=90)
    headers = 200

    def ours() -> list[bool]:
        return [read_header(data).short_side_px >= 1280 for _ in range(headers)]

    def theirs() -> bool:
        return min(np.asarray(Image.open(io.BytesIO(data))).shape[:2]) >= 1280

    mine, full = medians(ours, theirs)
    detail = f"{headers / mine:,.0f} headers/s against {1 / full:.1f} full decodes/s"
    yield Measured(name="resolution_filter", ratio=full * headers / mine, detail=detail)


def decode_resize() -> Iterator[Measured]:
    """A JPEG reduced to 512 px against the same calls of simplejpeg and OpenCV, bare."""
    data = encode_jpeg(_photograph(), quality=90)
    scale = SHORT_SIDE_PX / min(JPEG_SIZE_PX)
    width, height = (math.ceil(side * scale) for side in JPEG_SIZE_PX)

    def bare() -> Rgb:
        rgb = simplejpeg.decode_jpeg(data, "RGB", min_width=width, min_height=height)
        small: Rgb = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
        return small

    cv2.setNumThreads(1)
    assert decode_reduced(data, SHORT_SIDE_PX).shape == bare().shape
    ours, theirs = medians(lambda: decode_reduced(data, SHORT_SIDE_PX), bare, rounds=41)
    detail = f"{1 / ours:.0f} against {1 / theirs:.0f} images/s on one core"
    yield Measured(name="decode_resize", ratio=theirs / ours, detail=detail)


def _blobs(count: int) -> list[Bitmap]:
    """Masks of 1280 x 1600 with the ragged edges that segmenters give."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(count, 40, 50)).astype(np.float32)
    return [cv2.resize(n, (1600, 1280), interpolation=cv2.INTER_CUBIC) > 0.8 for n in noise]


def rle() -> Iterator[Measured]:
    """Encode, area, box and decode of masks through `Rle` against pycocotools itself."""
    masks = _blobs(8)

    def ours() -> list[tuple[int, int, Bitmap]]:
        encoded = [Rle.encode(mask) for mask in masks]
        return [(r.area_px, r.box.area_px, r.decode()) for r in encoded]

    def theirs() -> list[tuple[int, NDArray[np.float64], NDArray[np.uint8]]]:
        encoded = [coco.encode(np.asfortranarray(mask.astype(np.uint8))) for mask in masks]
        return [(int(coco.area(r)), coco.toBbox(r), coco.decode(r)) for r in encoded]

    mine, bare = medians(ours, theirs, rounds=21)
    detail = f"{len(masks) / mine:.0f} against {len(masks) / bare:.0f} masks/s"
    yield Measured(name="rle", ratio=bare / mine, detail=detail)


def _regions() -> pl.DataFrame:
    rng = np.random.default_rng(2)
    return pl.DataFrame(
        {
            "kind": rng.choice(["object", "background"], REGIONS, p=[0.8, 0.2]),
            "area_frac": rng.beta(1, 4, REGIONS),
            "mask_score": rng.uniform(0.5, 1, REGIONS),
            "crop_score": rng.uniform(0.4, 1, REGIONS),
        }
    )


def _looped(frame: pl.DataFrame, t: GateThresholds) -> list[Reason | None]:
    """A reason for each row that is dropped, by the loop that one would write.

    Every region of `_regions` has a crop score, so the loop need not know what to do without.
    """
    reasons: list[Reason | None] = []
    for row in frame.iter_rows(named=True):
        area, crop, mask = row["area_frac"], row["crop_score"], row["mask_score"]
        if row["kind"] == "object":
            in_range = t.object_min_area_frac < area <= t.object_max_area_frac
            good = crop >= t.object_min_crop_score or (
                mask >= t.object_min_mask_score and area >= t.object_large_area_frac
            )
        else:
            in_range = t.background_min_area_frac < area <= t.background_max_area_frac
            good = crop >= t.background_min_crop_score or mask >= t.background_min_mask_score
        if not in_range:
            reasons.append(Reason.AREA_OUT_OF_RANGE)
        else:
            reasons.append(None if good else Reason.LOW_CROP_SCORE)
    return reasons


def region_gate() -> Iterator[Measured]:
    """The gate against a Python loop: the same frame in, a reason for each region out."""
    frame, thresholds = _regions(), GateThresholds()
    assert gate(frame, thresholds).to_list() == _looped(frame, thresholds)
    ours, theirs = medians(lambda: gate(frame, thresholds), lambda: _looped(frame, thresholds))
    detail = f"{REGIONS / ours / 1e6:.1f} against {REGIONS / theirs / 1e6:.2f} million regions/s"
    yield Measured(name="region_gate", ratio=theirs / ours, detail=detail)


def storage() -> Iterator[Measured]:
    """The bytes of painted local pairs against two full PNGs, source and target, of each.

    A pair's own bytes are its patches. The root is the source image itself, which both ways of
    storing start from and which all its pairs share; the detail says what it adds here, where an
    image has few pairs.
    """
    with TemporaryDirectory() as home:
        factory, shard = embedded_factory(Path(home), scenes=STORAGE_SCENES)
        run_stages(factory, shard, STORAGE_TYPES)
        pairs = [
            p
            for t in STORAGE_TYPES
            for p in factory.store.current(EditPair, shard=shard, edit_type=t)
        ]
        pngs = sum(
            len(_png(factory.store.render(version)))
            for pair in pairs
            for version in (pair.source_version_id, pair.target_version_id)
        )
        images = factory.store.current(SourceImage, shard=shard)
    patches = sum(pair.patch_bytes for pair in pairs)
    roots = sum(image.n_bytes for image in images)
    detail = (
        f"{len(pairs)} pairs: {patches / len(pairs) / 1e3:.0f} kB of patches against "
        f"{pngs / len(pairs) / 1e3:.0f} kB of PNG each; "
        f"with the {len(images)} roots {(patches + roots) / pngs:.2f}"
    )
    yield Measured(name="storage", ratio=patches / pngs, detail=detail)


def _png(image: Rgb) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()
