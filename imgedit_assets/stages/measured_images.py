"""What models say of each source image: looks, safety and its hash, on one reduced decode."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgedit_assets.stages.base import AssetStage
from models.faults import Fault
from models.geometry import Rgb
from models.images import decode_reduced
from models.similarity.phash import HASHED_SHORT_SIDE_PX, perceptual_hash
from resources.engine.stage import Output, Work
from resources.recipes import Recipe
from resources.schema import MeasuredImage, SourceImage

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was measured of one image."""

    phash: int
    aesthetic: float
    unsafe: float | None


class MeasuredImages(AssetStage[SourceImage, Rgb, Looked]):
    """The measurements of every source image that decodes, of those that no gate lets through too.

    No threshold is known here: size is the gate's as well.
    """

    record = MeasuredImage
    role = "aesthetic_scorer"

    def make_recipe(self) -> Recipe:
        """The scorer and the safety filter."""
        return self.backend_recipe(
            "aesthetic_scorer", params=self.optional_backend("safety_filter")
        )

    def work(self) -> list[Work[SourceImage]]:
        """One unit for each source image."""
        rows = self.current(SourceImage)
        return [self.unit([row.id], row, subject=row.uri) for row in rows]

    def pixels(self, work: Work[SourceImage]) -> int:
        """Those of its reduced decode: many of a long strip alone."""
        width, height = work.payload.width, work.payload.height
        shrink = max(1.0, min(width, height) / HASHED_SHORT_SIDE_PX)
        return int(width * height / shrink**2)

    def prepare(self, work: Work[SourceImage]) -> Rgb:
        """Decode once, reduced."""
        data = self.store.chain(work.payload.version_id)[0].payload
        return decode_reduced(data, HASHED_SHORT_SIDE_PX)

    def process(self, batch: Sequence[tuple[Work[SourceImage], Rgb]]) -> list[Looked | Fault]:
        """Score and hash."""
        images = [image for _, image in batch]
        scores = self.factory.backend("aesthetic_scorer").score(images)
        safety = self._safety(images)
        return [_looked(*of_one) for of_one in zip(images, scores, safety, strict=True)]

    def _safety(self, images: Sequence[Rgb]) -> Sequence[float | Fault | None]:
        if not self.factory.binds("safety_filter"):
            return [None] * len(images)
        answers = self.factory.backend("safety_filter").unsafe(images)
        return answers

    def finish(self, work: Work[SourceImage], result: Looked) -> Output:
        """The row."""
        row = self.row(
            MeasuredImage,
            work,
            uri=work.payload.uri,
            version_id=work.payload.version_id,
            aesthetic=result.aesthetic,
            phash=f"{result.phash:016x}",
            unsafe=result.unsafe,
        )
        return Output(rows=[row])

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and the mean aesthetic score."""
        return aesthetic_figures(frame)


def aesthetic_figures(frame: "pl.DataFrame") -> dict[str, float]:
    """Rows and the mean of a column `aesthetic`."""
    if frame.is_empty():
        return {"rows": 0}
    return {"rows": frame.height, "mean_aesthetic": float(frame["aesthetic"].to_numpy().mean())}


def _looked(image: Rgb, aesthetic: float | Fault, unsafe: float | Fault | None) -> Looked | Fault:
    if isinstance(aesthetic, Fault):
        return aesthetic
    if isinstance(unsafe, Fault):
        return unsafe
    return Looked(phash=perceptual_hash(image), aesthetic=aesthetic, unsafe=unsafe)
