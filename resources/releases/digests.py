"""Whether a row, and the files that it came from, are those that were written."""

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from models.faults import Fault, FaultError, Reason
from resources.reading import read_regular
from resources.releases.checksums import SUMS, file_inside, read_sums, sha256_of
from resources.releases.sample import row_checksum
from resources.releases.stored import PairRef, StoredRow, stamp_of

AGAIN = "fetch it again"


def image_digests(row: StoredRow) -> dict[str, str]:
    """SHA-256 of each image of a row, by its column."""
    return {column: hashlib.sha256(data).hexdigest() for column, data in row.images.items()}


def states_digests(row: StoredRow) -> bool:
    """Whether a row says what its images are."""
    return bool(_stated(row)) or bool(row.text("row_checksum"))


def row_faults(row: StoredRow, digests: Mapping[str, str]) -> Iterator[Fault]:
    """What differs between a row and what it says of itself; nothing where it says nothing."""
    stated = _stated(row)
    wrong = [column for column in stated if stated[column] != digests.get(column)]
    exchanged = {"source": digests.get("target"), "target": digests.get("source")}
    if wrong and stated == exchanged:
        detail = "source holds what was written as target, and target the source"
        yield Fault(reason=Reason.SWAPPED, detail=detail)
    elif wrong:
        detail = f"the bytes of {' and '.join(wrong)} are not those written; {AGAIN}"
        yield Fault(reason=Reason.CHANGED_ROW, detail=detail)
    elif not _fits(row, digests):
        detail = f"its values or images are not those written, or changed columns; {AGAIN}"
        yield Fault(reason=Reason.CHANGED_ROW, detail=detail)


def file_faults(ref: PairRef, row: StoredRow, digests: Mapping[str, str]) -> Iterator[Fault]:
    """Which of the files that a row came from are not those that the folder's checksums say.

    A row that has a checksum of its own is as it was written if that fits, whatever has become of
    its neighbours: of a file that was cut off, the rows before the cut are good.
    """
    root = Path(ref.root)
    sums = None if row.text("row_checksum") else release_sums(root)
    if sums is None:
        return
    path = root / ref.path
    found = {ref.path: _sha256_of(path, stamp_of(path))}
    found |= {name: digests[column] for column, name in row.files.items()}
    for name, digest in found.items():
        if name not in sums:
            yield Fault(reason=Reason.CHANGED_FILE, detail=f"{name} is not listed in {SUMS}")
        elif sums[name] != digest:
            detail = (
                f"{name} has the SHA-256 {digest[:12]}…, {SUMS} says {sums[name][:12]}…; {AGAIN}"
            )
            yield Fault(reason=Reason.CHANGED_FILE, detail=detail)


def release_sums(root: Path) -> Mapping[str, str] | None:
    """The checksums of a resolved folder by path; None where it has none.

    Raises:
        FaultError: They cannot be read.
    """
    path = root / SUMS
    return _sums(root, stamp_of(path)) if path.exists() or path.is_symlink() else None


def _fits(row: StoredRow, digests: Mapping[str, str]) -> bool:
    """Whether a row is what its own checksum says; so is one that has none."""
    sealed = row.values.get("row_checksum")
    return sealed is None or row_checksum(dict(row.values), dict(digests)) == sealed


def _stated(row: StoredRow) -> dict[str, object]:
    columns = {name: row.values.get(f"{name}_checksum") for name in ("source", "target")}
    return {name: digest for name, digest in columns.items() if digest is not None}


@lru_cache(maxsize=8)
def _sums(root: Path, stamp: str) -> Mapping[str, str]:
    sums, bad = read_sums(read_regular(file_inside(root, SUMS)))
    if bad:
        detail = f"{SUMS} has the line {bad[0][:80]!r}, no checksum and path"
        raise FaultError(Reason.UNREADABLE, detail)
    return sums


@lru_cache(maxsize=1024)
def _sha256_of(path: Path, stamp: str) -> str:
    return sha256_of(path)
