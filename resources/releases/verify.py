"""Re-reads a release of any layout and says everything that is wrong with it."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from models.faults import FaultError, ImgEditError
from models.images import read_header
from resources.reading import read_regular
from resources.releases.checksums import SUMS, file_inside, read_sums, sha256_of
from resources.releases.croissant import CROISSANT, stated_files
from resources.releases.damage import Damage, Problem, VerifyReport
from resources.releases.limits import MAX_TURNS
from resources.releases.read import (
    DATA_SUFFIXES,
    ReleaseFile,
    list_file,
    list_release,
    load_row,
    release_files,
    release_root,
)
from resources.releases.sample import SPLITS
from resources.releases.stored import PairRef, StoredLayout, StoredRow
from resources.releases.tree import Tree, files_under
from resources.releases.verify_row import Complaint, RowFacts, check_row

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
    if not files and not (root / SUMS).is_file():
        msg = f"{folder} holds no release: there is no Parquet file and no tar in it"
        raise ImgEditError(msg)
    report = VerifyReport(problems=list(check_files(root, tree, workers)))
    report.files, report.n_bytes = len(tree.paths), sum(p.lstat().st_size for p in tree.paths)
    rows = RowSet()
    # Listed twice: once for the total, so that millions of references need not be held.
    total = sum(1 for _ in _refs(root, files))
    checks = _checked(_refs(root, files), workers, ours=bool(files) and (root / SUMS).is_file())
    for done, (ref, checked) in enumerate(checks, 1):
        report.problems += checked.problems
        if checked.facts is not None:
            report.rows += 1
            report.images += checked.images
            report.undigested += not checked.facts.digested
            report.unbounded += not checked.facts.bounded
            report.problems += rows.add(ref, checked.facts)
        progress(done, total)
    report.problems += rows.finish()
    report.sealed = (root / SUMS).is_file()
    return report


def _refs(root: Path, files: Sequence[ReleaseFile]) -> Iterator[PairRef]:
    """Every pair of every layout; of folders for trainers, as they are listed."""
    if not files:
        yield from list_release(root)
    for file in files:
        yield from list_file(root, file)


def _checked(
    refs: Iterable[PairRef], workers: int, *, ours: bool
) -> Iterator[tuple[PairRef, _Checked]]:
    """Each row with what is wrong with it, in order, a few of them ahead."""
    waiting: deque[tuple[PairRef, Future[_Checked]]] = deque()
    check = partial(_check, alone=Lock(), known={}, ours=ours)
    with ThreadPoolExecutor(workers) as pool:
        for ref in refs:
            waiting.append((ref, pool.submit(check, ref)))
            if len(waiting) > workers * WAITING_PER_WORKER:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()


def _check(
    ref: PairRef, *, alone: Lock, known: dict[str, tuple[Complaint, ...]], ours: bool
) -> _Checked:
    try:
        row = load_row(ref)
    except FaultError as error:
        return _Checked(problems=[Problem.of(error.fault, path=ref.path, row=ref.place)])
    ours = ours or "row_checksum" in row.values
    with alone if _is_large(row) else nullcontext():
        complaints, facts = check_row(ref.name, row, ours=ours, known=known)
    complaints += _misplaced(ref, row) if ours else []
    problems = [_problem(ref, damage, detail) for damage, detail in complaints]
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


class RowSet:
    """Gathers what rows say of themselves, some hundred bytes for each."""

    def __init__(self) -> None:
        self._rows: dict[StoredLayout, dict[str, str]] = defaultdict(dict)
        self._splits: dict[int, str] = {}
        self._turns: dict[tuple[StoredLayout, str], dict[int, tuple[str, int, str]]] = defaultdict(
            dict
        )

    def add(self, ref: PairRef, facts: RowFacts) -> Iterator[Problem]:
        """Take a row in; what is wrong between it and those before it."""
        rows = self._rows[ref.layout]
        if facts.name in rows:
            yield _problem(ref, Damage.DUPLICATE_ID, f"the id {facts.name} stands twice")
        rows[facts.name] = facts.checksum
        yield from self._leaks(ref, facts)
        if facts.dialogue:
            turns = self._turns[ref.layout, facts.dialogue]
            turns[facts.turn] = (facts.split, facts.turns, ref.path)

    def finish(self) -> Iterator[Problem]:
        """What is wrong once all rows are in."""
        yield from self._dialogues()
        layouts = list(self._rows)
        for other in layouts[1:]:
            yield from self._twins(layouts[0], other)

    def _leaks(self, ref: PairRef, facts: RowFacts) -> Iterator[Problem]:
        for key in facts.image_keys:
            # 64 bits of it: among ten million images, one chance in 400,000 that two meet.
            split = self._splits.setdefault(hash(key), facts.split)
            if split != facts.split:
                detail = f"image {key[:16]} is in {split} and in {facts.split}"
                yield _problem(ref, Damage.SPLIT_LEAK, detail)
                return

    def _dialogues(self) -> Iterator[Problem]:
        for (_, dialogue), turns in self._turns.items():
            splits = {split for split, _, _ in turns.values()}
            length = max(turns_of for _, turns_of, _ in turns.values())
            path = next(iter(turns.values()))[2]
            # Counted, not listed: a row may say that there are a billion.
            if len(turns) != length or min(turns) != 1 or max(turns) != length:
                detail = f"dialogue {dialogue} has turns {sorted(turns)[:MAX_TURNS]} of {length}"
                yield Problem(path=path, damage=Damage.TORN_DIALOGUE, detail=detail)
            elif len(splits) > 1:
                detail = f"dialogue {dialogue} is in {' and '.join(sorted(splits))}"
                yield Problem(path=path, damage=Damage.SPLIT_LEAK, detail=detail)

    def _twins(self, one: StoredLayout, two: StoredLayout) -> Iterator[Problem]:
        """Whether two layouts of one release hold the same rows."""
        first, second = self._rows[one], self._rows[two]
        for name in sorted(first.keys() ^ second.keys()):
            detail = f"{name} is in {one if name in first else two} alone"
            yield Problem(path="", damage=Damage.UNLIKE_TWINS, detail=detail)
        for name in sorted(first.keys() & second.keys()):
            if first[name] != second[name]:
                detail = f"{name} differs between {one} and {two}"
                yield Problem(path="", damage=Damage.UNLIKE_TWINS, detail=detail)


def _problem(ref: PairRef, damage: Damage, detail: str) -> Problem:
    return Problem(path=ref.path, row=ref.place, damage=damage, detail=detail)


def check_files(root: Path, tree: Tree, workers: int) -> Iterator[Problem]:
    """What is wrong with the files of a resolved folder, by their checksums and the metadata."""
    present = [path.relative_to(root).as_posix() for path in tree.paths]
    for folder, fault in tree.faults:
        yield Problem.of(fault, path=folder.relative_to(root).as_posix())
    yield from _links(root, present)
    if SUMS not in present:
        detail = f"there is no {SUMS}, so nothing says what the files were when they were written"
        yield Problem(path=SUMS, damage=Damage.NO_CHECKSUMS, detail=detail)
        return
    try:
        sums, bad = read_sums(read_regular(file_inside(root, SUMS)))
    except FaultError as error:
        yield Problem.of(error.fault, path=SUMS)
        return
    for line in bad:
        detail = f"no checksum and path, or a path that stands twice: {line[:120]!r}"
        yield Problem(path=SUMS, damage=Damage.BAD_METADATA, detail=detail)
    for path in present:
        if path not in sums and path != SUMS:
            yield Problem(path=path, damage=Damage.EXTRA_FILE, detail=f"not in {SUMS}")
    with ThreadPoolExecutor(workers) as pool:
        for problems in pool.map(lambda item: _check_sum(root, *item), sums.items()):
            yield from problems
    yield from _check_croissant(root, sums)


def _links(root: Path, names: Sequence[str]) -> Iterator[Problem]:
    for name in names:
        if name.endswith(DATA_SUFFIXES):
            continue  # a link in place of data is found where the data are read
        try:
            target = (root / name).resolve()
        except (OSError, RuntimeError) as error:
            yield Problem(path=name, damage=Damage.UNREADABLE, detail=str(error)[:200])
            continue
        if not target.is_relative_to(root):
            detail = f"links to {target}, outside the release"
            yield Problem(path=name, damage=Damage.OUTSIDE_FOLDER, detail=detail)


def _check_sum(root: Path, name: str, digest: str) -> list[Problem]:
    try:
        found = sha256_of(file_inside(root, name))
    except FaultError as error:
        return [Problem.of(error.fault, path=name)]
    except OSError as error:
        return [Problem(path=name, damage=Damage.UNREADABLE, detail=str(error))]
    if found == digest:
        return []
    detail = f"its SHA-256 is {found[:12]}…, {SUMS} says {digest[:12]}…"
    return [Problem(path=name, damage=Damage.CHANGED_FILE, detail=detail)]


def _check_croissant(root: Path, sums: Mapping[str, str]) -> Iterator[Problem]:
    """Whether the metadata says of each file what is so."""
    try:
        stated = stated_files(read_regular(file_inside(root, CROISSANT)))
    except FaultError as error:
        yield Problem.of(error.fault, path=CROISSANT)
        return
    except ValueError as error:
        yield Problem(path=CROISSANT, damage=Damage.BAD_METADATA, detail=str(error)[:200])
        return
    for name, (digest, n_bytes) in stated.items():
        if sums.get(name) != digest:
            detail = f"says SHA-256 {digest[:12]}… of {name}, against {SUMS}"
            yield Problem(path=CROISSANT, damage=Damage.BAD_METADATA, detail=detail)
        elif (file := root / name).is_file() and file.stat().st_size != n_bytes:
            detail = f"{n_bytes} bytes were written, {file.stat().st_size} are there"
            cut = Damage.TRUNCATED if file.stat().st_size < n_bytes else Damage.CHANGED_FILE
            yield Problem(path=name, damage=cut, detail=detail)
