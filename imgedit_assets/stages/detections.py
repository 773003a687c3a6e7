"""Detections: boxes of a caption's nouns."""

from collections.abc import Sequence
from dataclasses import dataclass

from imgedit_assets.stages.base import AssetStage
from imgedit_assets.stages.captions import image_of
from models.annotation import Annotation
from models.detect.detection import DetectRequest, Found
from models.faults import Fault
from models.geometry import Rgb
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import (
    Caption,
    Detection,
    FilteredImage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned:
    """An image with its caption."""

    image: FilteredImage
    caption: Caption


class Detections(AssetStage[Captioned, Rgb, tuple[Found, ...]]):
    """Boxes of the caption's nouns."""

    record = Detection
    role = "detector"
    batch_size = 4

    def make_recipe(self) -> Recipe:
        """The detector."""
        return self.backend_recipe("detector")

    def work(self) -> list[Work[Captioned]]:
        """One unit for each captioned image."""
        images = {i.id: i for i in self.current(FilteredImage)}
        return [
            self.unit([c.id], Captioned(image=image, caption=c), subject=image.uri)
            for c in self.current(Caption)
            if (image := images.get(c.image_id))
        ]

    def pixels(self, work: Work[Captioned]) -> int:
        """Those of its image."""
        return work.payload.image.width * work.payload.image.height

    def prepare(self, work: Work[Captioned]) -> Rgb:
        """Decode."""
        return image_of(self.store, work.payload.image.version_id)

    def process(
        self, batch: Sequence[tuple[Work[Captioned], Rgb]]
    ) -> Sequence[tuple[Found, ...] | Fault]:
        """Detect."""
        detector = self.factory.backend("detector")
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
