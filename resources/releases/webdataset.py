"""The WebDataset layout: tar shards that are read from front to back."""

import io
import json
import tarfile
from collections import Counter
from pathlib import Path

from resources.releases.checksums import Digests
from resources.releases.cuts import ends_after
from resources.releases.sample import NO_IMAGE, ReleaseSample

_BLOCK = tarfile.BLOCKSIZE

EXTENSIONS = {
    "source": "source.jpg",
    "target": "target.webp",
    "reference": "reference.webp",
    "previous": "previous.webp",
    "mask": "mask.png",
}
"""One extension for each column, whatever its bytes are, for `datasets` makes a column of each.
What reads images looks at their bytes."""


class TarShards:
    """Writes `webdataset/<split>-<number>.tar`, each of at most `shard_mb` megabytes.

    A sample is `<id>.source.jpg`, `<id>.target.webp`, `<id>.mask.png`, ... and `<id>.json`: the
    same members each time, since `datasets` refuses tars of others, with `NO_IMAGE` where a sample
    has none. The same samples give the same bytes.
    """

    def __init__(self, root: Path, digests: Digests, *, shard_mb: int) -> None:
        self._folder = root / "webdataset"
        self._folder.mkdir()
        self._digests = digests
        self._shard_bytes = shard_mb * 1_000_000
        self._open: dict[str, tuple[Path, tarfile.TarFile]] = {}
        self._count: Counter[str] = Counter()

    def add(self, sample: ReleaseSample) -> None:
        """Write a sample."""
        images = {name: image.payload for name, image in sample.images()}
        members = [(f"{sample.id}.{e}", images.get(n, NO_IMAGE)) for n, e in EXTENSIONS.items()]
        text = json.dumps(sample.values(), ensure_ascii=False, sort_keys=True)
        members.append((f"{sample.id}.json", text.encode()))
        # A member takes a header and is padded to whole blocks; a tar ends with 20 blocks.
        size = sum((2 + len(data) // _BLOCK) * _BLOCK for _, data in members)
        if sample.split in self._open:
            _, tar = self._open[sample.split]
            if tar.offset + size + tarfile.RECORDSIZE > self._shard_bytes:
                self._finish(sample.split)
        path, tar = self._open.get(sample.split) or self._start(sample.split)
        for name, data in members:
            # No time and no owner: a shard depends on its samples alone.
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        self._digests.grown(path)
        if ends_after(sample.id, size, filled=tar.offset, limit=self._shard_bytes):
            self._finish(sample.split)

    def close(self) -> None:
        """Finish the shards."""
        for split in list(self._open):
            self._finish(split)

    def _start(self, split: str) -> tuple[Path, tarfile.TarFile]:
        path = self._folder / f".{split}-{self._count[split]:06d}.tar"
        self._count[split] += 1
        self._open[split] = path, tarfile.TarFile(path, "w", format=tarfile.GNU_FORMAT)
        return self._open[split]

    def _finish(self, split: str) -> None:
        path, tar = self._open.pop(split)
        tar.close()
        self._digests.finished(path, path.with_name(path.name.lstrip(".")))
