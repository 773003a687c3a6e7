"""The image filter: size, looks, safety and duplicates, by what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from imgedit_assets.stages.base import Picture
from imgedit_assets.stages.gate import Gate
from imgedit_assets.stages.measured_images import aesthetic_figures
from models.faults import Fault, FaultError, Reason
from models.similarity.phash import nearest
from resources.engine.stage import Finished, Output, Work
from resources.recipes import Recipe
from resources.schema import FilteredImage, MeasuredImage, SourceImage, Unit

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A source image with its measurements."""

    source: SourceImage
    found: MeasuredImage


class FilteredImages(Gate[Measured]):
    """Images that are large enough, pleasing, safe for work and no duplicate of an earlier one.

    Of duplicates the one is kept that was let through first: by another shard that is finished, or
    earlier in this one. A moved threshold decides a whole shard again, against the other shards as
    they are then; those do not hear of it until they are made again themselves.
    """

    record = FilteredImage
    alone = True
    role = "aesthetic_scorer"

    def make_recipe(self) -> Recipe:
        """The thresholds are the gate."""
        return Recipe(
            stage=self.record.TABLE,
            version=self.record.VERSION,
            gate=self.profile.images.model_dump(),
        )

    def work(self) -> list[Work[Measured]]:
        """One unit for each measured image."""
        sources = {s.id: s for s in self.current(SourceImage)}
        return [
            self.unit([m.id], Measured(source=source, found=m), subject=m.uri)
            for m in self.current(MeasuredImage)
            if (source := sources.get(m.parent_ids[0]))
        ]

    def finish(self, work: Work[Measured], result: None) -> Output:
        """Gate on size, score and the safety filter's verdict."""
        source, found = work.payload.source, work.payload.found
        self._check(source, found)
        row = self.row(
            FilteredImage,
            work,
            uri=source.uri,
            version_id=source.version_id,
            width=source.width,
            height=source.height,
            aesthetic=found.aesthetic,
            phash=found.phash,
            unsafe=found.unsafe,
            sha256=source.sha256,
            annotation=source.annotation,
        )
        return Output(rows=[row])

    def _check(self, source: SourceImage, found: MeasuredImage) -> None:
        limits = self.profile.images
        if min(source.width, source.height) < limits.min_short_side_px:
            size = f"{source.width}x{source.height}"
            detail = f"{size}, short side below {limits.min_short_side_px} px"
            raise FaultError(Reason.TOO_SMALL, detail)
        if found.aesthetic < limits.min_aesthetic:
            detail = f"{found.aesthetic:.2f}, below {limits.min_aesthetic}"
            raise FaultError(Reason.LOW_AESTHETIC, detail)
        if found.unsafe is not None and found.unsafe > limits.max_unsafe:
            detail = f"{found.unsafe:.2f}, above {limits.max_unsafe}"
            raise FaultError(Reason.UNSAFE, detail)

    def settle(self, finished: Finished[Measured]) -> Finished[Measured]:
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
                images=(self.shown(r.version_id),),
                text=f"aesthetic {r.aesthetic:.2f}  {r.uri.rsplit('/', 1)[-1]}",
                id=r.id,
            )
            for r in rows
        ]

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows and the mean aesthetic score."""
        return aesthetic_figures(frame)


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
