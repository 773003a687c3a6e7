"""The layout that `datasets.load_dataset` reads: Parquet shards with the images' bytes."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from resources.releases.checksums import Digests
from resources.releases.columns import COLUMNS, image_type, parquet_schema
from resources.releases.cuts import ends_after
from resources.releases.sample import SPLITS, EncodedImage, ReleaseSample

GROUP_ROWS = 64
GROUP_BYTES = 16_000_000
"""A row group is what one random read has to fetch, so it is kept this small."""

ROW_BYTES = 4_000
"""What the other columns of a row, and its share of the footer, take at the most usually."""


class ParquetShards:
    """Writes `data/<split>-<number>-of-<shards>.parquet`, each of at most `shard_mb` megabytes.

    Samples may come in any order; no more than a row group of each split is held in memory.
    """

    def __init__(self, root: Path, digests: Digests, *, shard_mb: int) -> None:
        self._folder = root / "data"
        self._folder.mkdir()
        self._digests = digests
        self._splits: dict[str, _Split] = {}
        self._shard_bytes = shard_mb * 1_000_000

    def add(self, sample: ReleaseSample) -> None:
        """Write a sample."""
        split = self._splits.get(sample.split)
        if split is None:
            split = _Split(self._folder / sample.split, self._digests, self._shard_bytes)
            self._splits[sample.split] = split
        split.add(sample)

    def close(self) -> None:
        """Finish the shards and give them their names, which hold how many there are."""
        for name in SPLITS:
            if name in self._splits:
                self._splits[name].close()


class _Split:
    """The shards of one split."""

    def __init__(self, stem: Path, digests: Digests, shard_bytes: int) -> None:
        self._stem = stem
        self._digests = digests
        self._shard_bytes = shard_bytes
        self._paths: list[Path] = []
        self._writer: pq.ParquetWriter | None = None
        self._written = 0
        self._group: list[ReleaseSample] = []
        self._group_bytes = 0

    def add(self, sample: ReleaseSample) -> None:
        texts = (*sample.masks, sample.recipes, sample.operations)
        n_bytes = sample.n_bytes + ROW_BYTES + sum(map(len, texts))
        if self._writer and self._written + self._group_bytes + n_bytes > self._shard_bytes:
            self._end_shard()
        if self._group and self._group_bytes + n_bytes > GROUP_BYTES:
            self._flush()
        self._group.append(sample)
        self._group_bytes += n_bytes
        if len(self._group) == GROUP_ROWS:
            self._flush()
        filled = self._written + self._group_bytes
        if ends_after(sample.id, n_bytes, filled=filled, limit=self._shard_bytes):
            self._end_shard()

    def close(self) -> None:
        self._end_shard()
        for number, path in enumerate(self._paths):
            name = f"{self._stem.name}-{number:05d}-of-{len(self._paths):05d}.parquet"
            self._digests.finished(path, path.with_name(name))

    def _flush(self) -> None:
        if not self._group:
            return
        if self._writer is None:
            self._paths.append(self._stem.with_name(f".{self._stem.name}-{len(self._paths):05d}"))
            self._writer = parquet_writer(self._paths[-1])
        self._writer.write_batch(record_batch(self._group))
        self._digests.grown(self._paths[-1])
        self._written += self._group_bytes
        self._group, self._group_bytes = [], 0

    def _end_shard(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._written = 0


def parquet_writer(path: Path) -> pq.ParquetWriter:
    """A writer of the release's columns.

    Encoded images neither compress nor repeat, so their columns are plain and uncompressed; what
    is text and numbers is compressed with zstd.
    """
    images = [f"{column.name}.bytes" for column in COLUMNS if column.kind == "image"]
    leaves = [leaf for column in COLUMNS for leaf in _leaves(column.name, column.kind)]
    return pq.ParquetWriter(
        path,
        parquet_schema(),
        compression={leaf: "NONE" if leaf in images else "ZSTD" for leaf in leaves},
        use_dictionary=[leaf for leaf in leaves if leaf not in images],
        write_statistics=[leaf for leaf in leaves if leaf not in images],
    )


def record_batch(samples: list[ReleaseSample]) -> pa.RecordBatch:
    """The samples as Arrow columns."""
    schema = parquet_schema()
    rows = [sample.values() for sample in samples]
    arrays = [
        _image_array([getattr(s, c.name) for s in samples], [f"{s.id}.{c.name}" for s in samples])
        if c.kind == "image"
        else pa.array([row[c.name] for row in rows], schema.field(c.name).type)
        for c in COLUMNS
    ]
    return pa.record_batch(arrays, schema=schema)


def _image_array(images: list[EncodedImage | None], stems: list[str]) -> pa.StructArray:
    names = [f"{stem}.{i.suffix}" if i else None for stem, i in zip(stems, images, strict=True)]
    # From whole columns: Arrow takes tens of times as long to read a dictionary for each image.
    return pa.StructArray.from_arrays(
        [
            pa.array([image.payload if image else None for image in images], pa.binary()),
            pa.array(names, pa.string()),
        ],
        fields=list(image_type()),
        mask=pa.array([image is None for image in images]),
    )


def _leaves(name: str, kind: str) -> tuple[str, ...]:
    """The paths of a column's leaves, as Parquet spells them."""
    if kind == "image":
        return f"{name}.bytes", f"{name}.path"
    if kind == "strings":
        return (f"{name}.list.element",)
    return (f"{name}.list.element.list.element",) if kind == "boxes" else (name,)
