"""Editable regions: masks that pass the region gate."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgedit_assets.stages.base import Picture, shared_columns
from imgedit_assets.stages.gate import Gate
from imgedit_assets.stages.masks import iou_figures, overlays, region_kind
from models.faults import Fault
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import EditableRegion, FilteredImage, Mask, MaskRow, MeasuredRegion

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mask with its image and its crop score."""

    image: FilteredImage
    mask: Mask
    crop_score: float | None


class EditableRegions(Gate[Measured]):
    """Masks that pass the region gate."""

    record = EditableRegion

    def make_recipe(self) -> Recipe:
        """The thresholds are the gate."""
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            gate=self.profile.regions.as_params(),
        )

    def work(self) -> list[Work[Measured]]:
        """One unit for each measured mask."""
        images = {i.id: i for i in self.current(FilteredImage)}
        masks = {m.id: m for m in self.current(Mask)}
        return [
            self.unit(
                [found.id],
                Measured(image=image, mask=mask, crop_score=found.crop_score),
                subject=f"{mask.name} of {image.uri}",
            )
            for found in self.current(MeasuredRegion)
            if (image := images.get(found.image_id)) and (mask := masks.get(found.parent_ids[0]))
        ]

    def process(self, batch: Sequence[tuple[Work[Measured], None]]) -> Sequence[Fault | None]:
        """Gate the batch at once."""
        from models.regions.gate import RegionMeasures, gate_regions

        measures = [
            RegionMeasures(
                kind=region_kind(work.payload.mask.kind),
                area_frac=work.payload.mask.area_frac,
                mask_score=work.payload.mask.mask_score,
                crop_score=work.payload.crop_score,
            )
            for work, _ in batch
        ]
        return gate_regions(measures, self.profile.regions)

    def finish(self, work: Work[Measured], result: None) -> Output:
        """The row of a region that passed."""
        found = work.payload
        row = self.row(
            EditableRegion,
            work,
            version_id=found.image.version_id,
            crop_score=found.crop_score,
            truth_iou=found.mask.truth_iou,
            **shared_columns(MaskRow, found.mask),
        )
        return Output(rows=[row])

    def pictures(self, rows: Sequence[EditableRegion]) -> list[Picture]:
        """Regions over their images."""
        return overlays(self, rows)

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows by kind, and the agreement with the studio's truth."""
        objects = frame.filter(frame["kind"] == "object")
        return {"rows": frame.height, "objects": objects.height, **iou_figures(objects)}
