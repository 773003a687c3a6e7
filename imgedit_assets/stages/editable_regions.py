"""Editable regions: masks that pass the region gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from imgedit_assets.stages.captions import image_of
from imgedit_assets.stages.masks import iou_figures, overlays, region_kind
from imgedit_assets.stages.scopes import Scope
from models.embed.vector import CropRequest
from models.faults import Fault
from models.geometry import Rgb
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import (
    EditableRegion,
    FilteredImage,
    Mask,
)

if TYPE_CHECKING:
    import polars as pl


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
    role = "embedder"
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

    def pixels(self, work: Work[MaskOf]) -> int:
        """Those of its crop; the image is let go of as soon as it is cut."""
        return work.payload.mask.box.area_px

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
        import polars as pl

        from models.regions.gate import RegionMeasures, gate, gate_region

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
        """None where no embedder is bound or it cannot tell: the mask's own score decides."""
        if not self.factory.binds("embedder"):
            return [None] * len(batch)
        crops = [
            CropRequest(
                crop=cut.crop,
                name=work.payload.mask.name,
                drawn=Scope(image=work.payload.image).drawn,
            )
            for work, cut in batch
            if cut.crop is not None
        ]
        embedder = self.factory.backend("embedder")
        return embedder.crop_score(crops)

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
        return overlays(self.store, rows)

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows by kind, and the agreement with the studio's truth."""
        objects = frame.filter(frame["kind"] == "object")
        return {"rows": frame.height, "objects": objects.height, **iou_figures(objects)}


MASK_COLUMNS = (
    *("image_id", "name", "kind", "x0", "y0", "x1", "y1"),
    *("width", "height", "rle", "area_frac", "mask_score"),
)
