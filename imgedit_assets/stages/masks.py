"""Masks: one for each box, and how well they fit where the truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.captions import image_of
from imgedit_assets.stages.truth import mask_truth
from models.detect.detection import Found, RegionKind
from models.faults import Fault, Reason
from models.geometry import Bitmap, Rgb
from models.masks import Rle
from models.segment.segmentation import Segmented, SegmentRequest
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import (
    Detection,
    FilteredImage,
    Mask,
    MaskRow,
)

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    """An image with all of its boxes."""

    image: FilteredImage
    detections: tuple[Detection, ...]


class Masks(AssetStage[Boxed, Rgb, tuple[Segmented, ...]]):
    """One mask for each box; an image is segmented once for all its boxes."""

    record = Mask
    role = "segmenter"
    batch_size = 1

    def make_recipe(self) -> Recipe:
        """The segmenter."""
        return self.backend_recipe("segmenter")

    def work(self) -> list[Work[Boxed]]:
        """One unit for each image with boxes."""
        boxes = _by_image(self.current(Detection))
        return [
            self.unit([d.id for d in found], Boxed(image=i, detections=found), subject=i.uri)
            for i in self.current(FilteredImage)
            if (found := boxes.get(i.id))
        ]

    def pixels(self, work: Work[Boxed]) -> int:
        """Those of its image."""
        return work.payload.image.width * work.payload.image.height

    def prepare(self, work: Work[Boxed]) -> Rgb:
        """Decode."""
        return image_of(self.store, work.payload.image.version_id)

    def process(
        self, batch: Sequence[tuple[Work[Boxed], Rgb]]
    ) -> Sequence[tuple[Segmented, ...] | Fault]:
        """Segment."""
        segmenter = self.factory.backend("segmenter")
        return segmenter.segment(
            [
                SegmentRequest(image=image, found=tuple(_found(d) for d in w.payload.detections))
                for w, image in batch
            ]
        )

    def finish(self, work: Work[Boxed], result: tuple[Segmented, ...]) -> Output:
        """One row for each mask that holds anything."""
        image = work.payload.image
        truth = mask_truth(image.uri)
        rows, faults = [], []
        for detection, segmented in zip(work.payload.detections, result, strict=True):
            rle = Rle.encode(segmented.mask)
            if not rle.area_px:
                faults.append(Fault(reason=Reason.EMPTY_MASK, detail=f"{detection.name}: no pixel"))
                continue
            box = rle.box
            rows.append(
                self.row(
                    Mask,
                    work,
                    detection.id,
                    parents=(detection.id,),
                    image_id=image.id,
                    name=detection.name,
                    kind=detection.kind,
                    x0=box.x0,
                    y0=box.y0,
                    x1=box.x1,
                    y1=box.y1,
                    width=image.width,
                    height=image.height,
                    rle=rle.counts,
                    area_frac=rle.area_frac,
                    mask_score=segmented.score,
                    segmenter=self.recipe.backend,
                    truth_iou=truth.iou(detection.name, detection.kind, segmented.mask),
                )
            )
        return Output(rows=rows, faults=faults)

    def pictures(self, rows: Sequence[Mask]) -> list[Picture]:
        """Masks over their images."""
        return overlays(self, rows)

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and the agreement with the studio's truth."""
        return {"rows": frame.height, **iou_figures(frame)}


def _by_image(rows: Sequence[Detection]) -> dict[str, tuple[Detection, ...]]:
    grouped: dict[str, tuple[Detection, ...]] = {}
    for row in rows:
        grouped[row.image_id] = (*grouped.get(row.image_id, ()), row)
    return grouped


def _found(row: Detection) -> Found:
    return Found(name=row.name, kind=region_kind(row.kind), box=row.box, score=row.score)


def region_kind(text: str) -> RegionKind:
    """A kind as a row keeps it."""
    return "background" if text == "background" else "object"


def iou_figures(frame: "pl.DataFrame") -> dict[str, float]:
    """Agreement of masks with the studio's truth; none where nothing is known."""
    known = frame["truth_iou"].drop_nulls().to_numpy()
    if not known.size:
        return {}
    low, high = np.percentile(known, [5, 95])
    return {
        "truth_iou_mean": float(known.mean()),
        "truth_iou_p05": float(low),
        "truth_iou_p95": float(high),
        "truth_iou_n": known.size,
    }


def overlays(stage: AssetStage[Any, Any, Any], rows: Sequence[MaskRow]) -> list[Picture]:
    """Masks in red over their images."""
    tiles = []
    images = stage.store.by_ids(FilteredImage, [r.image_id for r in rows])
    for row in rows:
        if row.image_id not in images:
            continue
        overlay = tinted(stage.shown(images[row.image_id].version_id), row.mask.decode())
        text = f"{row.name} {row.area_frac:.0%} score {row.mask_score:.2f}"
        tiles.append(Picture(images=(overlay,), text=text, id=row.id))
    return tiles


def tinted(small: Rgb, mask: Bitmap) -> Rgb:
    """A picture with a mask of the image that it is of, laid over it in red."""
    height, width = small.shape[:2]
    inside = cv2.resize(mask.view(np.uint8) * 255, (width, height), interpolation=cv2.INTER_AREA)
    weight = 0.55 * (inside.astype(np.float32)[..., None] / 255)
    return np.asarray(small + weight * ((255, 0, 90) - small.astype(np.float32))).astype(np.uint8)
