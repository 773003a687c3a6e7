"""A folder that appears whole or not at all, and replaces nothing but a release of ours.

All work is done in `.<name>.partial` beside it: `new` becomes the folder, and an older release
waits in `old` until it is deleted, file by file as proven. A mark says that the rest is ours.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from models.faults import FaultError, ImgEditError
from resources.locks import held, holder_of, taken
from resources.reading import read_regular
from resources.releases.checksums import SUMS
from resources.releases.ours import Proof, delete, prove

log = logging.getLogger(__name__)

NEW, OLD, MARK = "new", "old", "imgedit-export"
PARTIAL, PRUNED = "partial", "pruned"
_MARKED = b"imgedit writes a release here; what an interrupted export left is deleted by the next\n"


@contextmanager
def staged(folder: Path, *, tell: Callable[[str], None] = log.warning) -> Iterator[Path]:
    """A fresh folder beside `folder`, moved into its place when the block ends well.

    An interrupted block leaves `.<name>.partial`, which the next one clears away. An older release
    in that place is replaced if it is ours and unchanged: every listed file with its checksum, and
    nothing else. Anything else there is left alone. Waits for another export to the same place.

    Args:
        folder: Where it shall appear.
        tell: Gets a line if there is a wait, and for what was kept of an older release.

    Raises:
        ImgEditError: Something else stands there, another export holds it for too long, or the
            folder cannot be made.
    """
    final = folder.expanduser().absolute()
    staging = final.with_name(f".{final.name}.{PARTIAL}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with held(_lock(final), f"the export to {final}", tell=tell):
            clear_away(final, staging, tell)
            older = _older_release(final, tell)
            staging.mkdir()
            (staging / MARK).write_bytes(_MARKED)
            (staging / NEW).mkdir()
            yield staging / NEW
            _swap(final, staging, older, tell)
            _remove(staging)
    except OSError as error:
        msg = f"{final} cannot be written: {error.strerror or error}; check its rights and space"
        raise ImgEditError(msg) from error


@contextmanager
def published_once(
    folder: Path, what: str, *, tell: Callable[[str], None] = log.warning
) -> Iterator[None]:
    """Let one process at a time look for a folder and make it; waits for another.

    Not the lock of `staged`, which is taken inside: of two, the second finds the first one's.

    Raises:
        LockError: Another is at it for too long, or the file system has no locks.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with held(_once_lock(folder), what, tell=tell):
        yield


@contextmanager
def reserved(folder: Path) -> Iterator[str]:
    """Keep others from making a folder, if none is at it; yields who is, and "" for nobody."""
    with ExitStack() as stack:
        for path in (_once_lock(folder), _lock(folder)):
            lock = taken(path)
            if lock is None:
                yield holder_of(path)
                return
            stack.callback(lock.release)
        yield ""


def left_behind(shelf: Path) -> Iterator[tuple[Path, Path]]:
    """What killed processes may have left among some folders: each with the one it was for."""
    for ending in (PARTIAL, PRUNED):
        for path in sorted(shelf.glob(f".*.{ending}")):
            yield path, path.with_name(path.name.removeprefix(".").removesuffix(f".{ending}"))


def discard(folder: Path, proof: Proof, *, tell: Callable[[str], None]) -> None:
    """Delete the proven files of a folder, which is out of sight first.

    What came meanwhile is kept under a name that can be seen, and told. A killed call leaves
    `.<name>.pruned`, with the list that proves what is left of it.
    """
    aside = folder.with_name(f".{folder.name}.{PRUNED}")
    folder.rename(aside)
    delete_or_keep(folder, aside, proof, tell)


def _lock(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _once_lock(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.once.lock")


def _older_release(final: Path, tell: Callable[[str], None]) -> Proof | None:
    """The proof that what stands there may be replaced; None where nothing does."""
    if not os.path.lexists(final):
        return None
    is_folder = final.is_dir() and not final.is_symlink()
    if is_folder and not any(final.iterdir()):
        return None
    if not is_folder or not os.path.lexists(final / SUMS):
        msg = f"{final} exists and is no release (it has no {SUMS}); name another folder"
        raise ImgEditError(msg)
    proof = prove(final, tell=tell)
    if proof.strange:
        msg = (
            f"{final} is not replaced, as it is no unchanged release of ours: {proof.in_short}; "
            "move away what is yours, or name another folder"
        )
        raise ImgEditError(msg)
    return proof


def _swap(final: Path, staging: Path, older: Proof | None, tell: Callable[[str], None]) -> None:
    """Put the new folder into its place; it replaces what was proven, and nothing that came since.

    Raises:
        OSError: Something came since.
    """
    new, old = staging / NEW, staging / OLD
    if older is None:
        # Fails on anything but an empty folder.
        new.rename(final)
        return
    final.rename(old)
    try:
        new.rename(final)
    except OSError:
        if not os.path.lexists(final):
            old.rename(final)
        raise
    delete_or_keep(final, old, older, tell)


def delete_or_keep(final: Path, old: Path, proof: Proof, tell: Callable[[str], None]) -> None:
    """Delete what stood at `final` and was moved to `old`; what is not proven gets a name there."""
    if left := delete(old, proof):
        kept = _kept(final, old)
        tell(f"{kept} holds what was added to it meanwhile: {', '.join(left[:5])}")


def _kept(final: Path, old: Path) -> Path:
    """Give what is left of an older release a name that can be seen."""
    number = 1
    while os.path.lexists(kept := final.with_name(f"{final.name}.kept-{number}")):
        number += 1
    return old.rename(kept)


def clear_away(final: Path, staging: Path, tell: Callable[[str], None]) -> None:
    """Undo what an interrupted export began, or finish a swap that was cut off after its renames.

    Raises:
        ImgEditError: A folder of that name is not ours.
    """
    if not os.path.lexists(staging):
        return
    refuse_foreign(staging)
    new, old = staging / NEW, staging / OLD
    if os.path.lexists(old):
        if not os.path.lexists(final):
            old.rename(final)
        elif os.path.lexists(new):
            tell(f"{_kept(final, old)} is the release that stood at {final} before")
        else:
            delete_or_keep(final, old, prove(old, tell=tell, whole=False), tell)
    _remove(staging)


def refuse_foreign(staging: Path) -> None:
    """Stop at a folder that no export of ours left.

    Raises:
        ImgEditError: It is not ours.
    """
    is_folder = staging.is_dir() and not staging.is_symlink()
    names = {path.name for path in staging.iterdir()} if is_folder else {staging.name}
    # The mark is written first and deleted last.
    if names and (strange := names - {NEW, OLD, MARK} or not _is_marked(staging)):
        first = sorted(strange)[0] if isinstance(strange, set) else f"no {MARK} of ours"
        msg = f"{staging} is in the way and is not ours ({first}): move it, or name another folder"
        raise ImgEditError(msg)


def _is_marked(staging: Path) -> bool:
    try:
        # Of a process that was killed while it wrote the mark, the beginning is there.
        return _MARKED.startswith(read_regular(staging / MARK, max_bytes=len(_MARKED)))
    except FaultError:
        return False


def _remove(staging: Path) -> None:
    """Delete a folder of ours; only `new` may hold anything, which we wrote."""
    if (staging / NEW).exists():
        shutil.rmtree(staging / NEW)
    (staging / MARK).unlink(missing_ok=True)
    staging.rmdir()
