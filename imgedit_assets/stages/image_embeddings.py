"""Image embeddings: where each image lies in the embedder's space."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgedit_assets.stages.base import AssetStage
from models.embed.vector import Vector
from models.faults import Fault
from models.geometry import Rgb
from models.images import decode_reduced
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import FilteredImage, ImageEmbedding
from resources.vectors import pack

if TYPE_CHECKING:
    import polars as pl

EMBEDDED_SHORT_SIDE_PX = 512
"""Images are reduced to this before they are embedded: above what any CLIP looks at."""


class ImageEmbeddings(AssetStage[FilteredImage, Rgb, Vector]):
    """A vector for each image; none where no embedder is bound."""

    record = ImageEmbedding
    role = "embedder"
    batch_size = 16

    def make_recipe(self) -> Recipe:
        """The embedder: vectors of two recipes are never compared."""
        if self.factory.binds("embedder"):
            return self.backend_recipe("embedder")
        return Recipe(stage=self.record.TABLE, version=self.record.VERSION)

    def work(self) -> list[Work[FilteredImage]]:
        """One unit for each filtered image."""
        if not self.factory.binds("embedder"):
            note = f"profile {self.profile.name} binds no embedder: no image is embedded"
            self.factory.journal.tell(note)
            return []
        images = self.current(FilteredImage)
        return [self.unit([i.id], i, subject=i.uri) for i in images]

    def prepare(self, work: Work[FilteredImage]) -> Rgb:
        """Decode, reduced."""
        data = self.store.chain(work.payload.version_id)[0].payload
        return decode_reduced(data, EMBEDDED_SHORT_SIDE_PX)

    def process(self, batch: Sequence[tuple[Work[FilteredImage], Rgb]]) -> Sequence[Vector | Fault]:
        """Embed."""
        embedder = self.factory.backend("embedder")
        return embedder.embed_images([image for _, image in batch])

    def finish(self, work: Work[FilteredImage], result: Vector) -> Output:
        """The row."""
        row = self.row(
            ImageEmbedding,
            work,
            image_id=work.payload.id,
            version_id=work.payload.version_id,
            model=self.model,
            width=result.size,
            vector=pack(result),
        )
        return Output(rows=[row])

    @property
    def model(self) -> str:
        """The embedder in words: backend, version, and the checkpoint that it names."""
        weights = getattr(self.factory.backend("embedder", ready=False), "weights", None)
        return f"{self.recipe.backend} ({weights.name})" if weights else self.recipe.backend

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, and the number of embedders they are of: 0 where none is bound."""
        return {"rows": frame.height, "embedders": frame["recipe_id"].n_unique()}
