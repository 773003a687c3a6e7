"""What the embedder says of each mask: how well its crop goes with its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imgedit_assets.stages.base import AssetStage, shared_columns
from imgedit_assets.stages.captions import image_of
from imgedit_assets.stages.scopes import Scope
from models.embed.vector import CropRequest
from models.faults import Fault
from models.geometry import Rgb
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import BoxRow, FilteredImage, Mask, MeasuredRegion


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskOf:
    """A mask with its image."""

    image: FilteredImage
    mask: Mask


class MeasuredRegions(AssetStage[MaskOf, Rgb | None, float | None]):
    """The crop score of every mask; empty where no embedder is bound, or it cannot tell."""

    record = MeasuredRegion
    role = "embedder"
    batch_size = 32

    def make_recipe(self) -> Recipe:
        """The embedder, where one is bound."""
        if self.factory.binds("embedder"):
            return self.backend_recipe("embedder")
        return Recipe(stage=self.record.TABLE, version=self.record.VERSION)

    def work(self) -> list[Work[MaskOf]]:
        """One unit for each mask."""
        images = {i.id: i for i in self.current(FilteredImage)}
        return [
            self.unit([m.id], MaskOf(image=i, mask=m), subject=f"{m.name} of {i.uri}")
            for m in self.current(Mask)
            if (i := images.get(m.image_id))
        ]

    def pixels(self, work: Work[MaskOf]) -> int:
        """Those of its crop; the image is let go of as soon as it is cut."""
        return work.payload.mask.box.area_px

    def prepare(self, work: Work[MaskOf]) -> Rgb | None:
        """Cut the region out on white, where an embedder will look at it."""
        if not self.factory.binds("embedder"):
            return None
        mask = work.payload.mask
        image = image_of(self.store, work.payload.image.version_id)
        inside = mask.mask.decode()[mask.box.slices]
        return np.where(inside[..., None], image[mask.box.slices], np.uint8(255))

    def process(
        self, batch: Sequence[tuple[Work[MaskOf], Rgb | None]]
    ) -> Sequence[float | Fault | None]:
        """Compare each crop with its name, where an embedder is bound."""
        if not self.factory.binds("embedder"):
            return [None] * len(batch)
        crops = [
            CropRequest(
                crop=crop,
                name=work.payload.mask.name,
                drawn=Scope(image=work.payload.image).drawn,
            )
            for work, crop in batch
            if crop is not None
        ]
        embedder = self.factory.backend("embedder")
        return embedder.crop_score(crops)

    def finish(self, work: Work[MaskOf], result: float | None) -> Output:
        """The row."""
        shared = shared_columns(BoxRow, work.payload.mask)
        return Output(rows=[self.row(MeasuredRegion, work, crop_score=result, **shared)])
