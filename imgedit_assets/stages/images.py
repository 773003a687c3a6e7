"""The image filter: size by the header; looks, safety, duplicates on one reduced decode."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from models.faults import Fault, FaultError, Reason
from models.geometry import Rgb
from models.images import decode_reduced
from models.similarity.phash import HASHED_SHORT_SIDE_PX, nearest, perceptual_hash
from resources.engine.stage import Finished, Output, Work
from resources.recipes import Recipe
from resources.schema import FilteredImage, SourceImage, Unit

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was measured of one image."""

    phash: int
    aesthetic: float
    unsafe: float | None


class FilteredImages(AssetStage[SourceImage, Rgb, Looked]):
    """Images that are large enough, pleasing, safe for work and no duplicate of an earlier one."""

    record = FilteredImage
    alone = True
    role = "aesthetic_scorer"

    def make_recipe(self) -> Recipe:
        """The scorer and the safety filter; the thresholds are the gate."""
        return self.backend_recipe(
            "aesthetic_scorer",
            params=self.optional_backend("safety_filter"),
            gate=self.profile.images.model_dump(),
        )

    def work(self) -> list[Work[SourceImage]]:
        """One unit for each source image."""
        rows = self.current(SourceImage)
        return [self.unit([row.id], row, subject=row.uri) for row in rows]

    def prepare(self, work: Work[SourceImage]) -> Rgb:
        """Gate on the stored size, then decode once, reduced."""
        source, least = work.payload, self.profile.images.min_short_side_px
        if min(source.width, source.height) < least:
            raise FaultError(
                Reason.TOO_SMALL, f"{source.width}x{source.height}, short side below {least} px"
            )
        data = self.store.chain(source.version_id)[0].payload
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
        """Gate on the score and the safety filter's verdict."""
        limits = self.profile.images
        if result.aesthetic < limits.min_aesthetic:
            detail = f"{result.aesthetic:.2f}, below {limits.min_aesthetic}"
            raise FaultError(Reason.LOW_AESTHETIC, detail)
        if result.unsafe is not None and result.unsafe > limits.max_unsafe:
            detail = f"{result.unsafe:.2f}, above {limits.max_unsafe}"
            raise FaultError(Reason.UNSAFE, detail)
        source = work.payload
        row = self.row(
            FilteredImage,
            work,
            uri=source.uri,
            version_id=source.version_id,
            width=source.width,
            height=source.height,
            aesthetic=result.aesthetic,
            phash=f"{result.phash:016x}",
            unsafe=result.unsafe,
            sha256=source.sha256,
            annotation=source.annotation,
        )
        return Output(rows=[row])

    def settle(self, finished: Finished[SourceImage]) -> Finished[SourceImage]:
        """Reject what an earlier image already shows; of duplicates the first is kept."""
        if not finished.output.rows:
            return finished
        (row,) = finished.output.rows
        assert isinstance(row, FilteredImage)
        fault = self._seen.check(row)
        if fault is None:
            self._seen.add(row)
            return finished
        return replace(finished, output=Output(faults=[fault]))

    @cached_property
    def _seen(self) -> "_Seen":
        """What other shards, and this one before now, have let through: the first is kept."""
        seen = _Seen(self.profile.images.near_duplicate_bits)
        earlier = self.store.frame(FilteredImage.TABLE, ["shard", "uri", "sha256", "phash"])
        for shard, uri, sha256, phash in earlier.iter_rows():
            if shard != self.partition.shard:
                seen.note(uri, sha256, int(phash, 16))
        # Of this shard only what is done: a unit about to be done again must not meet itself.
        work = {w.id for w in self.work()}
        units = self.store.select(Unit, self.partition.where)
        done = [i for u in units if u.id in work for i in u.row_ids]
        for row in self.store.by_ids(FilteredImage, done).values():
            seen.add(row)
        return seen

    def pictures(self, rows: Sequence[FilteredImage]) -> list[Picture]:
        """Thumbnails with their scores."""
        return [
            Picture(
                images=(decode_reduced(self.store.chain(r.version_id)[0].payload, 160),),
                text=f"aesthetic {r.aesthetic:.2f}  {r.uri.rsplit('/', 1)[-1]}",
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and the mean aesthetic score."""
        if frame.is_empty():
            return {"rows": 0}
        return {
            "rows": frame.height,
            "mean_aesthetic": float(frame["aesthetic"].to_numpy().mean()),
        }


def _looked(image: Rgb, aesthetic: float | Fault, unsafe: float | Fault | None) -> Looked | Fault:
    if isinstance(aesthetic, Fault):
        return aesthetic
    if isinstance(unsafe, Fault):
        return unsafe
    return Looked(phash=perceptual_hash(image), aesthetic=aesthetic, unsafe=unsafe)


class _Seen:
    """Hashes of images let through so far."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._exact: dict[str, str] = {}
        self._uris: list[str] = []
        self._hashes = np.zeros(1024, np.uint64)

    def add(self, row: FilteredImage) -> None:
        self.note(row.uri, row.sha256, int(row.phash, 16))

    def note(self, uri: str, sha256: str, phash: int) -> None:
        self._exact[sha256] = uri
        if len(self._uris) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._hashes[len(self._uris)] = phash
        self._uris.append(uri)

    def check(self, row: FilteredImage) -> Fault | None:
        if row.sha256 in self._exact:
            detail = f"same bytes as {self._exact[row.sha256]}"
            return Fault(reason=Reason.DUPLICATE, detail=detail)
        if not self._uris:
            return None
        one = np.array([int(row.phash, 16)], np.uint64)
        (bits,), (index,) = nearest(one, self._hashes[: len(self._uris)])
        if bits > self._bits:
            return None
        detail = f"perceptual hash within {bits} bits of {self._uris[index]}"
        return Fault(reason=Reason.NEAR_DUPLICATE, detail=detail)
