"""Captions: what each image shows."""

from collections.abc import Sequence

from imgedit_assets.stages.base import AssetStage
from models.annotation import Annotation
from models.describe.description import Description
from models.faults import Fault
from models.geometry import Rgb
from models.images import decode
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import (
    Caption,
    FilteredImage,
)
from resources.store import Store


def image_of(store: Store, version_id: str) -> Rgb:
    """A root version's pixels."""
    return decode(store.chain(version_id)[0].payload)


class Captions(AssetStage[FilteredImage, Rgb, Description]):
    """A caption with its nouns for each image."""

    record = Caption
    role = "describer"
    batch_size = 4

    def make_recipe(self) -> Recipe:
        """The describer."""
        return self.backend_recipe("describer")

    def work(self) -> list[Work[FilteredImage]]:
        """One unit for each filtered image."""
        images = self.current(FilteredImage)
        return [self.unit([i.id], i, subject=i.uri) for i in images]

    def pixels(self, work: Work[FilteredImage]) -> int:
        """Those of its image."""
        return work.payload.width * work.payload.height

    def prepare(self, work: Work[FilteredImage]) -> Rgb:
        """Decode."""
        return image_of(self.store, work.payload.version_id)

    def process(
        self, batch: Sequence[tuple[Work[FilteredImage], Rgb]]
    ) -> Sequence[Description | Fault]:
        """Describe."""
        describer = self.factory.backend("describer")
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
