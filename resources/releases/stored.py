"""A pair of a release that lies on disk: where it is, and what stands there, unjudged."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from models.faults import Fault, Reason
from resources.releases.sample import Layout
from resources.uris import file_uri

StoredLayout = Literal[Layout, "manifest"]
"""How a set that is read may be laid out: as ours are, or by a list of paths."""

Columns = tuple[tuple[str, str], ...]
"""Columns of ours, and what a set calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRef:
    """Where one pair stands in a release; holds no pixels."""

    root: str
    """The release's folder, absolute."""
    layout: StoredLayout
    path: str
    """The file of its row, relative to the root."""
    row: int
    """Its row in that file; of a tar, the number of its sample; -1 for the file itself."""
    turn: int = 1
    """Where a row holds a whole dialogue: which turn."""
    continues: bool = False
    """Whether it goes on with the dialogue of the pair before it, as far as a listing tells."""
    name: str
    """Its id, or its place where it has none: unique in the release."""
    members: tuple[tuple[str, int, int], ...] = ()
    """Tars only: extension, offset and bytes of each member."""
    columns: Columns = ()
    """How the set names our columns, where it does not as we do; of two folders, the files."""
    stamp: str
    """Changes when the file changes."""
    fault: Fault | None = None
    """Known bad before it is loaded."""

    @property
    def uri(self) -> str:
        """`release://<root>#<name>`, the same each time the release is listed."""
        return file_uri(Path(self.root), scheme="release", fragment=self.name)

    @property
    def place(self) -> str:
        """Its row in words."""
        if self.row < 0:
            return ""
        return f"{self.row}" if self.turn == 1 else f"{self.row} turn {self.turn}"

    def to_json(self) -> str:
        """JSON that `from_json` reads."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read `to_json`."""
        fields = json.loads(text)
        fields["members"] = tuple((n, at, size) for n, at, size in fields["members"])
        fields["columns"] = tuple((ours, theirs) for ours, theirs in fields["columns"])
        if fault := fields["fault"]:
            fields["fault"] = Fault(reason=Reason(fault["reason"]), detail=fault["detail"])
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """A pair's columns as they stand in a release, which may be anything."""

    values: Mapping[str, Any]
    images: Mapping[str, bytes] = field(repr=False)
    """By column; columns without an image are left out."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The paths of images that are files of their own, by column."""

    def text(self, column: str) -> str:
        """A column that is text; empty where it is not."""
        value = self.values.get(column)
        return value if isinstance(value, str) else ""


def stamp_of(path: Path) -> str:
    """What changes when a file does, as far as its folder knows; empty where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"
