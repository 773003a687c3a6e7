"""A folder that appears whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from models.faults import ImgEditError
from resources.releases.checksums import SUMS


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A fresh folder beside `folder`, moved into its place when the block ends well.

    An interrupted block leaves `.<name>.partial`, which the next one clears away. An older release
    in that place is replaced; anything else there is left alone.

    Raises:
        ImgEditError: Something that is no release stands there, another export writes to it, or
            the folder cannot be made.
    """
    final = folder.expanduser().absolute()
    partial = final.with_name(f".{final.name}.partial")
    replaced = final.with_name(f".{final.name}.replaced")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(final.with_name(f".{final.name}.lock"), blocking=False):
            _restore(final, replaced)
            _refuse_other_things(final)
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            yield partial
            _swap(final, partial, replaced)
    except Timeout:
        msg = f"another export is writing to {final}; wait for it, or name another folder"
        raise ImgEditError(msg) from None
    except OSError as error:
        msg = f"{final} cannot be written: {error.strerror or error}; check its rights and space"
        raise ImgEditError(msg) from error


def _restore(final: Path, replaced: Path) -> None:
    """Undo a swap cut off between its two renames; finish one that was cut off after them."""
    if replaced.is_dir() and not final.exists():
        replaced.rename(final)
    shutil.rmtree(replaced, ignore_errors=True)


def _refuse_other_things(final: Path) -> None:
    if not final.exists() and not final.is_symlink():
        return
    is_folder = final.is_dir() and not final.is_symlink()
    if not is_folder or not ((final / SUMS).is_file() or not any(final.iterdir())):
        msg = f"{final} exists and is no release (it has no {SUMS}); name another folder"
        raise ImgEditError(msg)


def _swap(final: Path, partial: Path, replaced: Path) -> None:
    if final.exists():
        final.rename(replaced)
    partial.rename(final)
    shutil.rmtree(replaced, ignore_errors=True)
