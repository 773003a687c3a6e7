"""Writes a release: its data in one or several layouts, its card and its metadata."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from models.faults import ImgEditError
from resources.releases.card import CardFacts, dataset_card
from resources.releases.checksums import Digests
from resources.releases.croissant import CROISSANT, croissant
from resources.releases.huggingface import ParquetShards
from resources.releases.imgedit import PublishedFolder
from resources.releases.sample import Contents, Layout, ReleaseSample
from resources.releases.trainers import PairFolders
from resources.releases.webdataset import TarShards


class LayoutWriter(Protocol):
    """Writes samples under a root in one layout."""

    def __init__(self, root: Path, digests: Digests, *, shard_mb: int) -> None: ...

    def add(self, sample: ReleaseSample) -> None:
        """Write a sample."""

    def close(self) -> None:
        """Finish the files and give them their names."""


WRITERS: Mapping[Layout, type[LayoutWriter]] = {
    "huggingface": ParquetShards,
    "webdataset": TarShards,
    "imgedit": PublishedFolder,
    "folders": PairFolders,
}


def write_release(
    root: Path,
    digests: Digests,
    samples: Iterable[ReleaseSample],
    *,
    facts: CardFacts,
    layouts: Sequence[Layout],
    shard_mb: int,
    published_at: str,
    progress: Callable[[int], None] = lambda _: None,
) -> Contents:
    """Write the samples, which are taken one by one, into an empty folder.

    The turns of a dialogue come one after the other. `progress` is told how many samples are
    written. The checksums are worked out on the way, and written by whoever made `digests`.

    Raises:
        ImgEditError: There is no sample, or a dialogue is torn.
    """
    writers = [WRITERS[layout](root, digests, shard_mb=shard_mb) for layout in layouts]
    contents = _write_data(writers, samples, progress)
    card = dataset_card(facts, contents, layouts, list(digests.by_path()))
    digests.write("README.md", card.encode())
    metadata = croissant(
        root,
        name=facts.name,
        version=facts.version,
        summary=facts.summary,
        contents=contents,
        digests=digests.by_path(),
        published_at=published_at,
    )
    digests.write(CROISSANT, metadata.encode())
    return contents


def _write_data(
    writers: Sequence[LayoutWriter],
    samples: Iterable[ReleaseSample],
    progress: Callable[[int], None],
) -> Contents:
    contents = Contents()
    for number, sample in enumerate(samples, 1):
        contents.add(sample)
        for writer in writers:
            writer.add(sample)
        progress(number)
    if not contents.total:
        msg = (
            "there is nothing to release: no accepted pair passed the gates (see `imgedit status`)"
        )
        raise ImgEditError(msg)
    for writer in writers:
        writer.close()
    return contents
