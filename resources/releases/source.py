"""A release, ours or somebody else's, as a source of pairs."""

from collections.abc import Iterator
from pathlib import Path

from resources.releases.read import list_release, release_root
from resources.releases.stored import Columns
from resources.sources.item import SourceItem
from resources.uris import shard_prefix


class ReleaseSource:
    """Every pair of a release, and what of it cannot be read.

    Raises:
        ImgEditError: There is no such folder.
    """

    def __init__(self, folder: Path, columns: Columns = ()) -> None:
        self._columns = columns
        self._root = release_root(folder)
        self.name = shard_prefix("import", self._root)

    def items(self) -> Iterator[SourceItem]:
        """One item for each pair or turn, in the order of the release.

        Raises:
            ImgEditError: The folder holds no release.
        """
        for ref in list_release(self._root, self._columns):
            yield SourceItem(
                uri=ref.uri,
                kind="pair",
                continues=ref.continues,
                pair=ref.to_json(),
                fault=ref.fault,
            )
