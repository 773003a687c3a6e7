"""What can be wrong with a release, and the report of all that is."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from models.faults import Fault


class Damage(StrEnum):
    """A kind of damage. Those that a reader meets too have its names."""

    MISSING_FILE = "missing_file"
    EXTRA_FILE = "extra_file"
    CHANGED_FILE = "changed_file"
    EMPTY_FILE = "empty_file"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    OUTSIDE_FOLDER = "outside_folder"
    NO_CHECKSUMS = "no_checksums"
    BAD_METADATA = "bad_metadata"
    MISSING_COLUMN = "missing_column"
    BAD_ROW = "bad_row"
    BAD_VALUE = "bad_value"
    SWAPPED = "swapped"
    CHANGED_ROW = "changed_row"
    NOT_AN_IMAGE = "not_an_image"
    DECOMPRESSION_BOMB = "decompression_bomb"
    WRONG_SIZE = "wrong_size"
    BAD_MASK = "bad_mask"
    BAD_BOX = "bad_box"
    WRONG_CHANGE = "wrong_change"
    DUPLICATE_ID = "duplicate_id"
    SPLIT_LEAK = "split_leak"
    TORN_DIALOGUE = "torn_dialogue"
    UNLIKE_TWINS = "unlike_twins"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One thing that is wrong, and where."""

    path: str
    """Relative to the release; empty where it is about the whole."""
    row: str = ""
    """Row or key in the file; empty where it is about the file."""
    damage: Damage
    detail: str

    @classmethod
    def of(cls, fault: Fault, *, path: str, row: str = "") -> "Problem":
        """A reader's fault as a problem."""
        return cls(path=path, row=row, damage=Damage(fault.reason.value), detail=fault.detail)

    def __str__(self) -> str:
        """One line for a person."""
        where = f"{self.path} row {self.row}" if self.row else self.path
        line = f"{where or 'the release'}: {self.damage}: {self.detail}"
        # Names and texts are other people's: none may steer the terminal.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


@dataclass(slots=True)
class VerifyReport:
    """What a check of a release found."""

    files: int = 0
    rows: int = 0
    images: int = 0
    n_bytes: int = 0
    problems: list[Problem] = field(default_factory=list)
    sealed: bool = True
    """Whether there is a list of checksums."""
    undigested: int = 0
    """Rows that do not say what their images are."""
    unbounded: int = 0
    """Rows that do not say how far from their masks their images may differ."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def counts(self) -> dict[str, int]:
        """Problems by kind, the most frequent first."""
        return dict(Counter(str(problem.damage) for problem in self.problems).most_common())

    @property
    def summary(self) -> str:
        """One line for a person."""
        size = f"{self.rows:,} rows, {self.images:,} images, {self.files:,} files"
        found = ", ".join(f"{damage} {count:,}" for damage, count in self.counts.items())
        return f"{size}, {self.n_bytes / 1e6:,.0f} MB: {found or 'sound'}"

    @property
    def unchecked(self) -> list[str]:
        """What nothing in the release allows to check, in words."""
        said = []
        if not self.sealed:
            said.append("whether files are missing, or changed but for their rows: no SHA256SUMS")
        if self.undigested:
            said.append(
                f"whether the images of {self.undigested:,} of {self.rows:,} rows are those "
                "written: the rows state no digest"
            )
        if self.unbounded:
            said.append(
                f"whether {self.unbounded:,} of {self.rows:,} rows changed where their masks are: "
                "no grow_px, as of edits that no mask bounds"
            )
        return said

    def as_dict(self) -> dict[str, Any]:
        """All of it, as JSON knows it."""
        said = {"counts": self.counts, "sound": self.sound, "unchecked": self.unchecked}
        return {**asdict(self), **said}
