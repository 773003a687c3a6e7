"""The WebDataset layout: tar shards that are read from front to back."""

import io
import json
import tarfile
from pathlib import Path

from resources.releases.checksums import Digests
from resources.releases.sample import ReleaseSample

_BLOCK = tarfile.BLOCKSIZE


class TarShards:
    """Writes `webdataset/<split>-<number>.tar`, each of at most `shard_mb` megabytes.

    A sample is `<id>.source.jpg`, `<id>.target.webp`, `<id>.mask.png`, ... and `<id>.json`. The
    same samples give the same bytes.
    """

    def __init__(self, root: Path, digests: Digests, *, shard_mb: int) -> None:
        self._folder = root / "webdataset"
        self._folder.mkdir()
        self._digests = digests
        self._shard_bytes = shard_mb * 1_000_000
        self._open: dict[str, _Shard] = {}
        self._count: dict[str, int] = {}

    def add(self, sample: ReleaseSample) -> None:
        """Write a sample."""
        members = [(f"{sample.id}.{n}.{i.suffix}", i.payload) for n, i in sample.images()]
        text = json.dumps(sample.values(), ensure_ascii=False, sort_keys=True)
        members.append((f"{sample.id}.json", text.encode()))
        # A member takes a header and is padded to whole blocks; a tar ends with 20 blocks.
        size = sum((2 + len(data) // _BLOCK) * _BLOCK for _, data in members)
        shard = self._open.get(sample.split)
        if shard and shard.size + size + tarfile.RECORDSIZE > self._shard_bytes:
            self._finish(sample.split)
        shard = self._open.get(sample.split) or self._start(sample.split)
        shard.add(members)
        self._digests.grown(shard.path)

    def close(self) -> None:
        """Finish the shards."""
        for split in list(self._open):
            self._finish(split)

    def _start(self, split: str) -> "_Shard":
        number = self._count.get(split, 0)
        self._count[split] = number + 1
        self._open[split] = _Shard(self._folder / f".{split}-{number:06d}.tar")
        return self._open[split]

    def _finish(self, split: str) -> None:
        shard = self._open.pop(split)
        shard.close()
        self._digests.finished(shard.path, shard.path.with_name(shard.path.name.lstrip(".")))


class _Shard:
    """One tar that is being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=0)
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.GNU_FORMAT)

    @property
    def size(self) -> int:
        return self._file.tell()

    def add(self, members: list[tuple[str, bytes]]) -> None:
        for name, data in members:
            # No time and no owner: a shard depends on its samples alone.
            info = tarfile.TarInfo(name)
            info.size = len(data)
            self._tar.addfile(info, io.BytesIO(data))

    def close(self) -> None:
        self._tar.close()
        self._file.close()
