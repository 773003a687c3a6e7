"""Checks the files of a release: all there, none more, none changed, none outside."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.faults import FaultError
from resources.reading import read_regular
from resources.releases.checksums import SUMS, file_inside, read_sums, sha256_of
from resources.releases.croissant import CROISSANT, stated_files
from resources.releases.damage import Damage, Problem
from resources.releases.read import DATA_SUFFIXES
from resources.releases.tree import Tree


def check_files(root: Path, tree: Tree, workers: int) -> Iterator[Problem]:
    """What is wrong with the files of a resolved folder, by their checksums and the metadata."""
    present = [path.relative_to(root).as_posix() for path in tree.paths]
    for folder, fault in tree.faults:
        yield Problem.of(fault, path=folder.relative_to(root).as_posix())
    yield from _links(root, present)
    if SUMS not in present:
        detail = f"there is no {SUMS}, so nothing says what the files were when they were written"
        yield Problem(path=SUMS, row="", damage=Damage.NO_CHECKSUMS, detail=detail)
        return
    try:
        text = read_regular(file_inside(root, SUMS)).decode("utf-8", errors="replace")
    except FaultError as error:
        yield Problem.of(error.fault, path=SUMS)
        return
    sums, bad = read_sums(text)
    for line in bad:
        detail = f"no checksum and path, or a path that stands twice: {line[:120]!r}"
        yield Problem(path=SUMS, row="", damage=Damage.BAD_METADATA, detail=detail)
    for path in present:
        if path not in sums and path != SUMS:
            yield Problem(path=path, row="", damage=Damage.EXTRA_FILE, detail=f"not in {SUMS}")
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
            yield Problem(path=name, row="", damage=Damage.UNREADABLE, detail=str(error)[:200])
            continue
        if not target.is_relative_to(root):
            detail = f"links to {target}, outside the release"
            yield Problem(path=name, row="", damage=Damage.OUTSIDE_FOLDER, detail=detail)


def _check_sum(root: Path, name: str, digest: str) -> list[Problem]:
    try:
        found = sha256_of(file_inside(root, name))
    except FaultError as error:
        return [Problem.of(error.fault, path=name)]
    except OSError as error:
        return [Problem(path=name, row="", damage=Damage.UNREADABLE, detail=str(error))]
    if found == digest:
        return []
    detail = f"its SHA-256 is {found[:12]}…, {SUMS} says {digest[:12]}…"
    return [Problem(path=name, row="", damage=Damage.CHANGED_FILE, detail=detail)]


def _check_croissant(root: Path, sums: Mapping[str, str]) -> Iterator[Problem]:
    """Whether the metadata says of each file what is so."""
    try:
        stated = stated_files(read_regular(file_inside(root, CROISSANT)))
    except FaultError as error:
        yield Problem.of(error.fault, path=CROISSANT)
        return
    except ValueError as error:
        yield Problem(path=CROISSANT, row="", damage=Damage.BAD_METADATA, detail=str(error)[:200])
        return
    for name, (digest, n_bytes) in stated.items():
        if sums.get(name) != digest:
            detail = f"says SHA-256 {digest[:12]}… of {name}, against {SUMS}"
            yield Problem(path=CROISSANT, row="", damage=Damage.BAD_METADATA, detail=detail)
        elif (file := root / name).is_file() and file.stat().st_size != n_bytes:
            detail = f"{n_bytes} bytes were written, {file.stat().st_size} are there"
            cut = Damage.TRUNCATED if file.stat().st_size < n_bytes else Damage.CHANGED_FILE
            yield Problem(path=name, row="", damage=cut, detail=detail)
