"""Stages of the sources: bytes as they came, described by their header alone."""

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from imgedit_assets.stages.base import AssetStage, Picture
from models.annotation import Annotation
from models.faults import Fault, FaultError, Reason
from models.images import ImageHeader, decode_reduced, read_header
from models.similarity.phash import HASHED_SHORT_SIDE_PX, perceptual_hash
from models.versions import Codec
from resources.engine.stage import Output, Work
from resources.filters import quoted
from resources.schema import SourceImage, SourceItemRow, Unit, Version, VideoFrame
from resources.sources.frame import fit
from resources.sources.item import SourceItem
from resources.sources.read import annotation_of, read
from resources.uris import scheme_of

if TYPE_CHECKING:
    import polars as pl

THUMBNAIL_PX = 160
FETCHING_THREADS = 16
"""Fetching is waiting, mostly; of one host only a few addresses are fetched at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawImage:
    """The bytes of an item with what their header says."""

    data: bytes
    header: ImageHeader
    annotation: Annotation
    issues: tuple[Fault, ...]
    """What of the annotation did not fit the image."""
    said: tuple[str, ...]
    """Licence, attribution, and a frame's clip and time."""

    @property
    def sha256(self) -> str:
        """Of the bytes, 64 hex digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def key(self) -> tuple[str, ...]:
        """What names its row beside its place: the bytes, and all that is said of them."""
        return self.sha256, self.annotation.to_json(), *self.said


class _ItemStage(AssetStage[SourceItem, RawImage, RawImage]):
    """Reads the registered items of a shard. No pixel is decoded here."""

    batch_size = 16

    def work(self) -> list[Work[SourceItem]]:
        """One unit for each item of the shard; what is stated to be too small is not read."""
        where = f"shard = {quoted(self.partition.shard)} AND kind = {quoted(self.items)}"
        items = sorted(self.store.select(SourceItemRow, where), key=lambda i: i.ordinal)
        if any(scheme_of(row.uri) in {"http", "https"} for row in items):
            self.readers = FETCHING_THREADS
        return [self._unit_of(row) for row in items]

    def _unit_of(self, row: SourceItemRow) -> Work[SourceItem]:
        """A moved threshold does anew only what it newly lets in: the others keep their unit."""
        item = SourceItem.from_json(row.item)
        unit = self.unit([row.uri], item, subject=row.uri, stamp=row.stamp)
        if item.stated is None or item.fault is not None or unit.id in self._read_before:
            return unit
        limits = self.profile.images
        fault = item.stated.fault(
            min_short_side_px=limits.min_short_side_px, min_aesthetic=limits.min_aesthetic
        )
        if fault is None:
            return unit
        stamp = f"{row.stamp} {fault.detail}"
        return self.unit([row.uri], replace(item, fault=fault), subject=row.uri, stamp=stamp)

    @cached_property
    def _read_before(self) -> set[str]:
        """Units of what was read already: its own pixels are known, whatever is stated."""
        return set(self.store.column(Unit, "id", self.partition.where))

    def prepare(self, work: Work[SourceItem]) -> RawImage:
        """Read the bytes and their header."""
        data = read(work.payload, self.factory.fetcher)
        header, most = read_header(data), self.profile.sources.max_pixels
        if header.pixels > most:
            size = f"{header.width}x{header.height}"
            raise FaultError(Reason.DECOMPRESSION_BOMB, f"{size}, more than {most} pixels")
        said = annotation_of(work.payload)
        annotation, issues = fit(said, header.width, header.height, header.orientation)
        item = work.payload
        return RawImage(
            data=data,
            header=header,
            annotation=annotation,
            issues=(*item.issues, *issues),
            said=(item.licence, item.attribution, item.clip, str(item.t_s)),
        )

    def process(self, batch: Sequence[tuple[Work[SourceItem], RawImage]]) -> list[RawImage | Fault]:
        """Nothing is computed."""
        return [raw for _, raw in batch]

    def finish(self, work: Work[SourceItem], result: RawImage) -> Output:
        """The row and its root version."""
        row = self.item_row(work, result)
        return Output(rows=[row], versions=[self._root(row, result)], faults=result.issues)

    @abstractmethod
    def item_row(self, work: Work[SourceItem], raw: RawImage) -> SourceImage | VideoFrame:
        """The row of an item."""

    def pictures(self, rows: Sequence[SourceImage | VideoFrame]) -> list[Picture]:
        """Thumbnails."""
        tiles = []
        for row in rows:
            root = self.store.chain(row.version_id)[0].payload
            try:
                small = decode_reduced(root, THUMBNAIL_PX)
            except FaultError as error:
                # A truncated file has a good header; the image filter will reject it.
                tiles.append(Picture(images=(), text=f"{row.uri}: {error}", id=row.id))
                continue
            text = f"{row.width}x{row.height} {row.uri}"
            tiles.append(Picture(images=(small,), text=text, id=row.id))
        return tiles

    def _root(self, row: SourceImage | VideoFrame, raw: RawImage) -> Version:
        return Version(
            id=row.version_id,
            parent_id="",
            row_id=row.id,
            asset=self.partition.asset,
            partition=self.partition.key,
            codec=Codec.SOURCE,
            x0=0,
            y0=0,
            x1=raw.header.width,
            y1=raw.header.height,
            payload=raw.data,
        )

    def _common(
        self, work: Work[SourceItem], raw: RawImage, key: tuple[str, ...]
    ) -> dict[str, Any]:
        item = work.payload
        return {
            "uri": item.uri,
            "version_id": work.row_id("version", *key),
            "width": raw.header.width,
            "height": raw.header.height,
            "n_bytes": len(raw.data),
            "annotation": raw.annotation.to_json(),
            "licence": item.licence,
            "attribution": item.attribution,
        }


class SourceImages(_ItemStage):
    """Images."""

    record = SourceImage
    items = "image"

    def item_row(self, work: Work[SourceItem], raw: RawImage) -> SourceImage:
        """The row is named by place, bytes and annotation: touching a file renews nothing."""
        key = raw.key
        return self.row(
            SourceImage,
            work,
            *key,
            parents=(),
            sha256=raw.sha256,
            format=raw.header.format,
            mode=raw.header.mode,
            frames=raw.header.frames,
            **self._common(work, raw, key),
        )

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Rows, bytes, the mean short side, and whose labels came from another size."""
        if frame.is_empty():
            return {"rows": 0}
        short = np.minimum(frame["width"].to_numpy(), frame["height"].to_numpy()).mean()
        return {
            "rows": frame.height,
            "megabytes": round(float(frame["n_bytes"].to_numpy().sum()) / 1e6, 1),
            "mean_short_side_px": float(short),
            "labels_of_another_size": float(
                frame["annotation"].str.contains('"drawn_on":').to_numpy().sum()
            ),
        }


class VideoFrames(_ItemStage):
    """Frames of clips, for motion pairs."""

    record = VideoFrame
    items = "frame"

    def item_row(self, work: Work[SourceItem], raw: RawImage) -> VideoFrame:
        """The row of a frame; it is decoded once, for its hash."""
        item, key = work.payload, raw.key
        common = self._common(work, raw, key)
        return self.row(
            VideoFrame,
            work,
            *key,
            parents=(),
            clip=item.clip,
            t_s=item.t_s,
            sha256=raw.sha256,
            phash=f"{perceptual_hash(decode_reduced(raw.data, HASHED_SHORT_SIDE_PX)):016x}",
            **common,
        )

    @staticmethod
    def figures(frame: "pl.DataFrame") -> dict[str, float]:
        """Frames and clips."""
        return {"rows": frame.height, "clips": frame["clip"].n_unique()}
