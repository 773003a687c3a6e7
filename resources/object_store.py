"""What a home on an object store holds beside its tables: folders, each sent and fetched whole.

The tables are Lance's own, committed there by conditional writes. A folder of files (a release, a
checkpoint) is made on the local disk, as ever, and then sent; its list of checksums goes last, so
what has one is whole. `latest`, a small object, names the last one of its shelf. A report is sent
whenever it is written, over the last one, and fetched where another machine's is newer.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.faults import ImgEditError
from resources.home import Home
from resources.releases.checksums import SUMS
from resources.releases.latest import LATEST, latest_of, point_to
from resources.releases.ours import is_there, seal_of
from resources.retrying import OUTAGE_S, said_if_slow

INSTALL = "pip install 'imgedit-factory[cluster]', or pip install -r requirements-cluster.txt"

REPORTS = "reports"
"""Under the home: what the graph writes anew whenever its figures change."""

SENDING = ".sending"
"""Beside files that are not all there yet: the seal of the folder that they are of."""

_AT_ONCE = 8
_MOST_RETRIES = 1000
"""Ten are the libraries' own limit, and over in two seconds: the time is to be the bound."""
TABLE_OPTIONS = {"client_max_retries": str(_MOST_RETRIES), "client_retry_timeout": "20"}
"""Of Lance, which tries six times what was tried for that long: two minutes as well (127 s)."""


class ObjectStoreError(ImgEditError):
    """An object store cannot be reached, or says no."""


def is_uri(place: str) -> bool:
    """Whether a place is one of an object store, not a folder."""
    return "://" in place


def opened(uri: str) -> Any:  # noqa: ANN401 - obstore's own union of stores
    """A store whose paths begin at a URI; credentials are those of the environment (`AWS_…`).

    Raises:
        ObjectStoreError: The package is not installed, or the URI is none that it knows.
    """
    try:
        import obstore
    except ImportError as error:
        msg = f"{uri} is an object store, and obstore is not installed: {INSTALL}"
        raise ObjectStoreError(msg) from error
    try:
        # Slow-downs, time-outs and cut connections are tried again, with jitter.
        retried = {"max_retries": _MOST_RETRIES, "retry_timeout": timedelta(seconds=OUTAGE_S)}
        return obstore.store.from_url(uri, retry_config=retried)
    except (obstore.exceptions.BaseError, ValueError) as error:
        msg = f"{uri} cannot be used as a home: {_said(error)}; give s3://BUCKET/PREFIX"
        raise ObjectStoreError(msg) from error


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Turn what an object store says into one line with the remedy; tell of a long wait for it."""
    import obstore

    try:
        with said_if_slow(uri):
            yield
    except obstore.exceptions.BaseError as error:
        msg = (
            f"{uri}: {_said(error)}; check AWS_ENDPOINT_URL, AWS_REGION, the credentials and the "
            "bucket's rights, then run again: finished work is kept"
        )
        raise ObjectStoreError(msg) from error


def send(folder: Path, uri: str) -> int:
    """Bring a folder's files to a store; what an interrupted call has sent is not sent again.

    Whatever else is there goes: of this folder as another machine has made it, or half sent it.

    Returns:
        How many bytes were sent.

    Raises:
        ObjectStoreError: The store cannot be written.
    """
    import obstore

    store, sizes = opened(uri), {name: (folder / name).stat().st_size for name in _files(folder)}
    seal = seal_of(folder).encode()
    with told(uri), ThreadPoolExecutor(_AT_ONCE) as threads:
        there = {o["path"]: o["size"] for some in obstore.list(store) for o in some}
        if seal and _seal(store) == seal.decode():
            return 0
        if _read(store, SENDING) != seal or SUMS in there:
            # The list first, so that nobody takes what is left for whole.
            for names in ([SUMS], [name for name in there if name != SUMS]):
                obstore.delete(store, [name for name in names if name in there])
            there = {}
            obstore.put(store, SENDING, seal)
        missing = [name for name, n in sizes.items() if there.get(name) != n and name != SUMS]
        last = [SUMS] if SUMS in sizes else []
        list(threads.map(lambda name: obstore.put(store, name, folder / name), missing))
        for name in last:
            obstore.put(store, name, folder / name)
        obstore.delete(store, [SENDING])
    return sum(sizes[name] for name in (*missing, *last))


def fetch(uri: str, folder: Path) -> None:
    """Bring a folder from a store; it appears whole or not at all.

    Raises:
        ObjectStoreError: There is none, it was not sent whole, or the store cannot be read.
    """
    import obstore

    store = opened(uri)
    with told(uri):
        names = [o["path"] for some in obstore.list(store) for o in some if o["path"] != SENDING]
    if SUMS not in names:
        what = "was not sent whole: let the run that makes it go on" if names else "holds nothing"
        msg = f"{uri} {what}"
        raise ObjectStoreError(msg)
    aside = folder.with_name(f".{folder.name}.fetched")
    shutil.rmtree(aside, ignore_errors=True)
    with told(uri), ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(lambda name: _fetched(store, name, aside / name), names))
    aside.rename(folder)


def _fetched(store: Any, name: str, place: Path) -> None:  # noqa: ANN401 - as above
    import obstore

    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        for chunk in obstore.get(store, name).stream():
            file.write(chunk)


@contextmanager
def at_hand(place: str) -> Iterator[Path]:
    """A folder to read: itself, or a copy of one on a store, which goes with the block.

    The `latest` of a shelf is the folder that it names.
    """
    shelf, _, last = place.rstrip("/").rpartition("/")
    if not is_uri(place):
        is_pointer = last == LATEST and Path(place).is_file()
        yield (latest_of(Path(place).parent) if is_pointer else None) or Path(place)
        return
    named = _latest_name(shelf) if last == LATEST else ""
    with TemporaryDirectory(prefix="imgedit-") as aside:
        folder = Path(aside, "fetched")
        fetch(f"{shelf}/{named}" if named else place, folder)
        yield folder


@contextmanager
def to_write(place: str) -> Iterator[Path]:
    """A folder to write: itself, or one that is sent to a store when the block ends well.

    Raises:
        ObjectStoreError: There is one at that place of a store.
    """
    if not is_uri(place):
        yield Path(place)
        return
    with told(place):
        if _seal(opened(place)):
            msg = f"{place} is there already: give another place, or delete it first"
            raise ObjectStoreError(msg)
    with TemporaryDirectory(prefix="imgedit-") as aside:
        yield (folder := Path(aside, "made"))
        send(folder, place)


def keep(home: Home, folder: Path, tell: Callable[[str], None]) -> None:
    """Send a folder of a shelf to the home's store, and name it as the latest there."""
    if home.is_local:
        return
    import obstore

    there = home.address(folder)
    if sent := send(folder, there):
        tell(f"sent {sent / 1e6:,.1f} MB to {there}")
    with told(home.uri):
        pointer = f"{folder.parent.relative_to(home.folder).as_posix()}/{LATEST}"
        obstore.put(opened(home.uri), pointer, folder.name.encode())


def fetch_latest(home: Home, shelf: Path) -> None:
    """Bring the last folder of a shelf from the home's store, unless it is here."""
    if home.is_local:
        return
    if not (name := _latest_name(home.address(shelf))):
        return
    folder = shelf / name
    if latest_of(shelf) != folder:
        if not folder.exists():
            shelf.mkdir(parents=True, exist_ok=True)
            fetch(home.address(folder), folder)
        point_to(shelf / LATEST, folder)


def fetch_made(home: Home, folder: Path) -> None:
    """Bring a folder of a shelf from the home's store, if another machine has made it."""
    if home.is_local or folder.exists():
        return
    there = home.address(folder)
    with told(there):
        is_made = bool(_seal(opened(there)))
    if is_made:
        fetch(there, folder)


def are_there(home: Home, folders: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether folders that were written under seals still stand at their addresses.

    Of another store than the home's it is taken for granted: this machine may not ask there.
    """

    def stands(address: str, seal: str) -> bool:
        if not is_uri(address):
            return is_there(Path(address), seal)
        if not address.startswith(f"{home.uri}/"):
            return True
        with told(address):
            found = _seal(opened(address))
        return bool(found) and seal in ("", found)

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(stands, *zip(*folders, strict=True))) if folders else []


def keep_report(home: Home, folder: Path) -> None:
    """Send a report to the home's store, in place of the last one.

    Args:
        home: Whose store.
        folder: Of the report, under the home's.
    """
    if home.is_local:
        return
    import obstore

    there = home.address(folder)
    store, names = opened(there), _files(folder)
    with told(there):
        for name in names:
            obstore.put(store, name, folder / name)
        listed = _listed(store)
        obstore.delete(store, [name for name in listed if name not in names])
    for name in names:
        _date(folder / name, listed[name])


def fetch_reports(home: Home) -> None:
    """Bring the reports that another machine has written since."""
    if home.is_local:
        return
    shelf = home.folder / REPORTS
    there = home.address(shelf)
    store = opened(there)
    with told(there):
        for name, written in _listed(store).items():
            place = shelf / name
            # By the store's clock on either side: what is here was dated when it came or went.
            if place.is_file() and place.stat().st_mtime >= written:
                continue
            aside = place.with_name(f".{place.name}.{os.getpid()}")
            _fetched(store, name, aside)
            _date(aside, written)
            aside.replace(place)


def _files(folder: Path) -> list[str]:
    """The names of a folder's files, in order, as a store has them."""
    return [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]


def _listed(store: Any) -> dict[str, float]:  # noqa: ANN401 - as above
    """The objects of a store, and when each was written, in Unix time."""
    import obstore

    return {o["path"]: o["last_modified"].timestamp() for some in obstore.list(store) for o in some}


def _date(path: Path, at: float) -> None:
    os.utime(path, (at, at))


def _latest_name(shelf: str) -> str:
    """The name of a shelf's last folder on a store; empty where there is none."""
    with told(shelf):
        return Path(_read(opened(shelf), LATEST).decode()).name


def _seal(store: Any) -> str:  # noqa: ANN401 - as above
    """`seal_of` a folder on a store."""
    return sha256(sums).hexdigest() if (sums := _read(store, SUMS)) else ""


def _read(store: Any, name: str) -> bytes:  # noqa: ANN401 - as above
    """A small object; empty where there is none."""
    import obstore

    try:
        return bytes(obstore.get(store, name).bytes())
    except FileNotFoundError:
        return b""


def _said(error: Exception) -> str:
    return " ".join(str(error).partition("\n\nDebug source")[0].split())[:300]
