"""Re-reads a release of any layout and says everything that is wrong with it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from models.faults import FaultError, ImgEditError
from models.images import read_header
from resources.releases.checksums import SUMS
from resources.releases.damage import Damage, Problem, VerifyReport
from resources.releases.read import ReleaseFile, list_file, load_row, release_files, release_root
from resources.releases.sample import SPLITS
from resources.releases.stored import PairRef, StoredRow
from resources.releases.tree import files_under
from resources.releases.verify_files import check_files
from resources.releases.verify_row import Complaint, RowFacts, check_row
from resources.releases.verify_set import RowSet

LARGE_PIXELS = 16_000_000
"""Rows of larger images are looked at one after the other: three of 100 MP take a gigabyte."""

WAITING_PER_WORKER = 4
"""Rows that are read and decoded ahead of the one that is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A row that was looked at; without facts where it could not be read."""

    problems: list[Problem]
    facts: RowFacts | None = None
    images: int = 0


def verify(
    folder: Path,
    *,
    workers: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> VerifyReport:
    """Check every file, checksum, row, image, pair and mask of a release.

    Rows are read one after the other and decoded in `workers` threads; `progress` is told how many
    are done, and of how many. A row without a checksum of its own, in a folder without checksums,
    is taken for somebody else's: it need not have what only ours have.

    Raises:
        ImgEditError: The folder is none, or holds neither Parquet files nor tars.
    """
    root = release_root(folder)
    tree = files_under(root)
    files = release_files(tree)
    if not files:
        msg = f"{folder} holds no release: there is no Parquet file and no tar in it"
        raise ImgEditError(msg)
    report = VerifyReport(problems=list(check_files(root, tree, workers)))
    report.files, report.n_bytes = len(tree.paths), sum(p.lstat().st_size for p in tree.paths)
    rows = RowSet()
    # Listed twice: once for the total, so that millions of references need not be held.
    total = sum(1 for _ in _refs(root, files))
    checks = _checked(_refs(root, files), workers, ours=(root / SUMS).is_file())
    for done, (ref, checked) in enumerate(checks, 1):
        report.problems += checked.problems
        if checked.facts is not None:
            report.rows += 1
            report.images += checked.images
            report.undigested += not checked.facts.digested
            report.problems += rows.add(ref, checked.facts)
        progress(done, total)
    report.problems += rows.finish()
    report.sealed = (root / SUMS).is_file()
    return report


def _refs(root: Path, files: Iterable[ReleaseFile]) -> Iterator[PairRef]:
    for file in files:
        yield from list_file(root, file)


def _checked(
    refs: Iterable[PairRef], workers: int, *, ours: bool
) -> Iterator[tuple[PairRef, _Checked]]:
    """Each row with what is wrong with it, in order, a few of them ahead."""
    waiting: deque[tuple[PairRef, Future[_Checked]]] = deque()
    alone = Lock()
    with ThreadPoolExecutor(workers) as pool:
        for ref in refs:
            waiting.append((ref, pool.submit(_check, ref, alone, ours=ours)))
            if len(waiting) > workers * WAITING_PER_WORKER:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()


def _check(ref: PairRef, alone: Lock, *, ours: bool) -> _Checked:
    try:
        row = load_row(ref)
    except FaultError as error:
        return _Checked(problems=[Problem.of(error.fault, path=ref.path, row=ref.place)])
    ours = ours or "row_checksum" in row.values
    with alone if _is_large(row) else nullcontext():
        complaints, facts = check_row(ref.name, row, ours=ours)
    complaints += _misplaced(ref, row) if ours else []
    problems = [
        Problem(path=ref.path, row=ref.place, damage=damage, detail=detail)
        for damage, detail in complaints
    ]
    return _Checked(problems=problems, facts=facts, images=len(row.images))


def _is_large(row: StoredRow) -> bool:
    return max((_pixels(data) for data in row.images.values()), default=0) > LARGE_PIXELS


def _pixels(data: bytes) -> int:
    try:
        return read_header(data).pixels
    except FaultError:
        return 0


def _misplaced(ref: PairRef, row: StoredRow) -> Iterator[Complaint]:
    """Whether a row stands where its id and its split say."""
    if row.text("id") != ref.name:
        yield Damage.BAD_VALUE, f"its id is {row.text('id')!r}, it stands as {ref.name!r}"
    first = ref.path.partition("/")
    place = first[0] if ref.layout == "imgedit" else first[2].partition("-")[0]
    split = place if place in SPLITS else "train"
    if row.text("split") != split:
        yield Damage.BAD_VALUE, f"its split is {row.text('split')!r}, it stands in {split!r}"
