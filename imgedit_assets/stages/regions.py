"""Captions, boxes, masks, and the region gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.truth import mask_truth
from models.annotation import Annotation
from models.describe.base import Description
from models.detect.base import DetectRequest, Found, RegionKind
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.images import decode
from models.masks import Rle
from models.regions.gate import RegionMeasures, gate, gate_region
from models.segment.base import Segmented, SegmentRequest
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.roles import Describer, Detector, Segmenter
from resources.schema import (
    Caption,
    Detection,
    EditableRegion,
    FilteredImage,
    Mask,
    MaskRow,
)
from resources.store import Store


def image_of(store: Store, version_id: str) -> Rgb:
    """A root version's pixels."""
    return decode(store.chain(version_id)[0].payload)


class Captions(AssetStage[FilteredImage, Rgb, Description]):
    """A caption with its nouns for each image."""

    record = Caption
    batch_size = 4

    def make_recipe(self) -> Recipe:
        """The describer."""
        return self.backend_recipe("describer")

    def work(self) -> list[Work[FilteredImage]]:
        """One unit for each filtered image."""
        images = self.store.current(FilteredImage, self.partition.shard)
        return [self.unit([i.id], i, subject=i.uri) for i in images]

    def prepare(self, work: Work[FilteredImage]) -> Rgb:
        """Decode."""
        return image_of(self.store, work.payload.version_id)

    def process(
        self, batch: Sequence[tuple[Work[FilteredImage], Rgb]]
    ) -> Sequence[Description | Fault]:
        """Describe."""
        describer: Describer = self.factory.backend("describer")
        return describer.describe(
            [(image, Annotation.from_json(w.payload.annotation)) for w, image in batch]
        )

    def finish(self, work: Work[FilteredImage], result: Description) -> Output:
        """The row."""
        row = self.row(
            Caption,
            work,
            image_id=work.payload.id,
            caption=result.caption,
            short_caption=result.short_caption,
            object_nouns=result.object_nouns,
            background_nouns=result.background_nouns,
            describer=self.recipe.backend,
        )
        return Output(rows=[row])


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned:
    """An image with its caption."""

    image: FilteredImage
    caption: Caption


class Detections(AssetStage[Captioned, Rgb, tuple[Found, ...]]):
    """Boxes of the caption's nouns."""

    record = Detection
    batch_size = 4

    def make_recipe(self) -> Recipe:
        """The detector."""
        return self.backend_recipe("detector")

    def work(self) -> list[Work[Captioned]]:
        """One unit for each captioned image."""
        shard = self.partition.shard
        images = {i.id: i for i in self.store.current(FilteredImage, shard)}
        return [
            self.unit([c.id], Captioned(image=image, caption=c), subject=image.uri)
            for c in self.store.current(Caption, shard)
            if (image := images.get(c.image_id))
        ]

    def prepare(self, work: Work[Captioned]) -> Rgb:
        """Decode."""
        return image_of(self.store, work.payload.image.version_id)

    def process(
        self, batch: Sequence[tuple[Work[Captioned], Rgb]]
    ) -> Sequence[tuple[Found, ...] | Fault]:
        """Detect."""
        detector: Detector = self.factory.backend("detector")
        return detector.detect(
            [
                DetectRequest(
                    image=image,
                    object_nouns=w.payload.caption.object_nouns,
                    background_nouns=w.payload.caption.background_nouns,
                    annotation=Annotation.from_json(w.payload.image.annotation),
                )
                for w, image in batch
            ]
        )

    def finish(self, work: Work[Captioned], result: tuple[Found, ...]) -> Output:
        """One row for each box."""
        return Output(
            rows=[
                self.row(
                    Detection,
                    work,
                    str(i),
                    image_id=work.payload.image.id,
                    name=found.name,
                    kind=found.kind,
                    x0=found.box.x0,
                    y0=found.box.y0,
                    x1=found.box.x1,
                    y1=found.box.y1,
                    score=found.score,
                    detector=self.recipe.backend,
                )
                for i, found in enumerate(result)
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    """An image with all of its boxes."""

    image: FilteredImage
    detections: tuple[Detection, ...]


class Masks(AssetStage[Boxed, Rgb, tuple[Segmented, ...]]):
    """One mask for each box; an image is segmented once for all its boxes."""

    record = Mask
    batch_size = 2

    def make_recipe(self) -> Recipe:
        """The segmenter."""
        return self.backend_recipe("segmenter")

    def work(self) -> list[Work[Boxed]]:
        """One unit for each image with boxes."""
        shard = self.partition.shard
        boxes = _by_image(self.store.current(Detection, shard))
        return [
            self.unit([d.id for d in found], Boxed(image=i, detections=found), subject=i.uri)
            for i in self.store.current(FilteredImage, shard)
            if (found := boxes.get(i.id))
        ]

    def prepare(self, work: Work[Boxed]) -> Rgb:
        """Decode."""
        return image_of(self.store, work.payload.image.version_id)

    def process(
        self, batch: Sequence[tuple[Work[Boxed], Rgb]]
    ) -> Sequence[tuple[Segmented, ...] | Fault]:
        """Segment."""
        segmenter: Segmenter = self.factory.backend("segmenter")
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
        return _overlays(self.store, rows)

    @staticmethod
    def figures(frame: pl.DataFrame) -> dict[str, float]:
        """Rows, and the agreement with the studio's truth."""
        return {"rows": frame.height, **_iou_figures(frame)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A region with its crop on white, where an embedder will look at it."""

    crop: Rgb | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """A region that passed the gate."""

    crop_score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOf:
    """A mask with its image."""

    image: FilteredImage
    mask: Mask


class EditableRegions(AssetStage[MaskOf, Cut, Gated]):
    """Masks that pass the region gate."""

    record = EditableRegion
    batch_size = 32

    def make_recipe(self) -> Recipe:
        """The thresholds are the gate."""
        gate = self.profile.regions.as_params()
        if self.factory.binds("embedder"):
            return self.backend_recipe("embedder", gate=gate)
        return Recipe(stage=self.record.TABLE, version=self.version, gate=gate)

    def work(self) -> list[Work[MaskOf]]:
        """One unit for each mask."""
        shard = self.partition.shard
        images = {i.id: i for i in self.store.current(FilteredImage, shard)}
        return [
            self.unit([m.id], MaskOf(image=i, mask=m), subject=f"{m.name} of {i.uri}")
            for m in self.store.current(Mask, shard)
            if (i := images.get(m.image_id))
        ]

    def prepare(self, work: Work[MaskOf]) -> Cut:
        """Cut the region out on white, where an embedder is bound."""
        if not self.factory.binds("embedder"):
            return Cut(crop=None)
        mask = work.payload.mask
        image = image_of(self.store, work.payload.image.version_id)
        inside = mask.mask.decode()[mask.box.slices]
        return Cut(crop=np.where(inside[..., None], image[mask.box.slices], np.uint8(255)))

    def process(self, batch: Sequence[tuple[Work[MaskOf], Cut]]) -> list[Gated | Fault]:
        """Compare each crop with its name, where an embedder is bound; gate the batch at once."""
        scores = self._crop_scores(batch)
        measures = [
            RegionMeasures(
                kind=region_kind(work.payload.mask.kind),
                area_frac=work.payload.mask.area_frac,
                mask_score=work.payload.mask.mask_score,
                crop_score=None if isinstance(score, Fault) else score,
            )
            for (work, _), score in zip(batch, scores, strict=True)
        ]
        thresholds = self.profile.regions
        reasons = gate(
            pl.DataFrame(measures, schema_overrides={"crop_score": pl.Float64}), thresholds
        )
        gated: list[Gated | Fault] = []
        for measured, score, reason in zip(measures, scores, reasons, strict=True):
            fault = score if isinstance(score, Fault) else None
            if reason and not fault:
                fault = gate_region(measured, thresholds)
            gated.append(fault or Gated(crop_score=measured.crop_score))
        return gated

    def _crop_scores(
        self, batch: Sequence[tuple[Work[MaskOf], Cut]]
    ) -> Sequence[float | Fault | None]:
        if not self.factory.binds("embedder"):
            return [None] * len(batch)
        crops = [(cut.crop, work.payload.mask.name) for work, cut in batch]
        scores: Sequence[float | Fault] = self.factory.backend("embedder").crop_score(crops)
        return scores

    def finish(self, work: Work[MaskOf], result: Gated) -> Output:
        """The row of a region that passed."""
        mask, image = work.payload.mask, work.payload.image
        shared = {c: getattr(mask, c) for c in MASK_COLUMNS}
        row = self.row(
            EditableRegion,
            work,
            version_id=image.version_id,
            crop_score=result.crop_score,
            truth_iou=mask.truth_iou,
            **shared,
        )
        return Output(rows=[row])

    def pictures(self, rows: Sequence[EditableRegion]) -> list[Picture]:
        """Regions over their images."""
        return _overlays(self.store, rows)

    @staticmethod
    def figures(frame: pl.DataFrame) -> dict[str, float]:
        """Rows by kind, and the agreement with the studio's truth."""
        objects = frame.filter(pl.col("kind") == "object")
        return {"rows": frame.height, "objects": objects.height, **_iou_figures(objects)}


MASK_COLUMNS = (
    *("image_id", "name", "kind", "x0", "y0", "x1", "y1"),
    *("width", "height", "rle", "area_frac", "mask_score"),
)


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


def _iou_figures(frame: pl.DataFrame) -> dict[str, float]:
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


def _overlays(store: Store, rows: Sequence[MaskRow]) -> list[Picture]:
    tiles = []
    images = store.by_ids(FilteredImage, [r.image_id for r in rows])
    for row in rows:
        image = image_of(store, images[row.image_id].version_id)
        tint = np.where(row.mask.decode()[..., None], (255, 0, 90), image)
        overlay = (0.45 * image + 0.55 * tint).astype(np.uint8)
        text = f"{row.name} {row.area_frac:.0%} score {row.mask_score:.2f}"
        tiles.append(Picture(images=(overlay,), text=text))
    return tiles
