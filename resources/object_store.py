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
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from models.faults import ImgEditError
from resources.home import Home
from resources.locks import held
from resources.releases.checksums import SUMS, read_sums
from resources.releases.latest import LATEST, latest_of, point_to
from resources.releases.ours import is_there, seal_of
from resources.retrying import OUTAGE_S, said_if_slow

INSTALL = "pip install 'imgedit-factory[cluster]', or pip install -r requirements-cluster.txt"

REPORTS = "reports"
"""Under the home: what the graph writes anew whenever its figures change."""

SENDING = ".sending"
"""Beside files that are not all there yet: the seal of the folder that they are of."""

_AT_ONCE = 8
_ELSEWHERE_S = 2.0
"""Whether an export still stands on another store is not worth a longer wait."""
_MOST_RETRIES = 1000
"""Ten are the libraries' own limit, and over in two seconds: the time is to be the bound."""
TABLE_OPTIONS = {"client_max_retries": str(_MOST_RETRIES), "client_retry_timeout": "20"}
"""Of Lance, which tries six times what was tried for that long: two minutes as well (127 s)."""


class ObjectStoreError(ImgEditError):
    """An object store cannot be reached, or says no."""


def is_uri(place: str) -> bool:
    """Whether a place is one of an object store, not a folder."""
    return "://" in place


def opened(uri: str, *, outage_s: float = OUTAGE_S) -> Any:  # noqa: ANN401 - obstore's own union
    """A store whose paths begin at a URI; credentials are those of the environment (`AWS_…`).

    Args:
        uri: Of a folder, as it were.
        outage_s: For so long what fails in passing is tried again.

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
        retried = {"max_retries": _MOST_RETRIES, "retry_timeout": timedelta(seconds=outage_s)}
        return obstore.store.from_url(uri, retry_config=retried)
    except (obstore.exceptions.BaseError, ValueError) as error:
        msg = f"{uri} cannot be used as a home: {_said(error)}; give s3://BUCKET/PREFIX"
        raise ObjectStoreError(msg) from error


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Turn what an object store says into one line with the remedy."""
    import obstore

    try:
        yield
    except (obstore.exceptions.BaseError, FileNotFoundError) as error:
        msg = (
            f"{uri}: {_said(error)}; check AWS_ENDPOINT_URL, AWS_REGION, the credentials and the "
            "bucket's rights, then run again: finished work is kept"
        )
        raise ObjectStoreError(msg) from error


@contextmanager
def asked(uri: str) -> Iterator[None]:
    """`told`, for what takes a moment; a wait is told of."""
    with told(uri), said_if_slow(uri):
        yield


def send(folder: Path, uri: str) -> int:
    """Bring a folder's files to a place of a store that nobody else sends to.

    What an interrupted call has sent is not sent again; what another folder's has left goes. One
    that is there whole stays as it is, also where it is another.

    Returns:
        How many bytes were sent.

    Raises:
        ObjectStoreError: The store cannot be written.
    """
    import obstore

    store, sizes = opened(uri), {name: (folder / name).stat().st_size for name in _files(folder)}
    seal = seal_of(folder)
    with asked(uri):
        there, begun = _sizes(store), _read(store, SENDING).decode()
        if SUMS in there and _seal(store) != seal:
            return 0
    with told(uri):
        if begun and begun != seal and SUMS not in there:
            obstore.delete(store, list(there))
            there = {}
        known = there if begun == seal or SUMS in there else {}
        missing = [name for name, n in sizes.items() if known.get(name) != n and name != SUMS]
        last = [name for name in sizes if name == SUMS and name not in there]
        if not there:  # of what is there without a note, equal sizes say nothing
            obstore.put(store, SENDING, seal.encode())
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(lambda name: obstore.put(store, name, folder / name), missing))
        for name in last:
            obstore.put(store, name, folder / name)
        if begun or not there:
            obstore.delete(store, [SENDING])
    return sum(sizes[name] for name in (*missing, *last))


def fetch(uri: str, folder: Path) -> None:
    """Bring a folder from a store; it appears whole, with the checksums it lists, or not at all.

    Raises:
        ObjectStoreError: There is none, it was not sent whole, is damaged, or cannot be read.
    """
    store = opened(uri)
    with asked(uri):
        listed = _read(store, SUMS)
        is_begun = not listed and bool(_sizes(store))
    if not listed:
        half = "was not sent whole: let the run that makes it go on"
        msg = f"{uri} {half if is_begun else 'holds nothing'}"
        raise ObjectStoreError(msg)
    sums, bad = read_sums(listed)
    if bad or not all(map(_is_inside, sums)):
        msg = f"{uri}: its {SUMS} is damaged: delete it there, then run again"
        raise ObjectStoreError(msg)
    aside = folder.with_name(f".{folder.name}.fetched")
    with held(folder.with_name(f".{folder.name}.fetch.lock"), f"the copy of {uri}"):
        if folder.exists():  # another process was quicker
            return
        shutil.rmtree(aside, ignore_errors=True)  # of one that was killed
        aside.mkdir()
        with told(uri), ThreadPoolExecutor(_AT_ONCE) as threads:
            found = threads.map(lambda name: _fetched(store, name, aside / name), sums)
            damaged = [name for name, was in zip(sums, found, strict=True) if sums[name] != was]
        if damaged:
            shutil.rmtree(aside)
            msg = f"{uri}: {damaged[0]} is not what {SUMS} says: delete it there, then run again"
            raise ObjectStoreError(msg)
        (aside / SUMS).write_bytes(listed)
        aside.rename(folder)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _fetched(store: Any, name: str, place: Path) -> str:  # noqa: ANN401 - as above
    """Bring one file; its SHA-256."""
    import obstore

    place.parent.mkdir(parents=True, exist_ok=True)
    digest = sha256()
    with place.open("wb") as file:
        for chunk in obstore.get(store, name).stream():
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


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
        ObjectStoreError: That place of a store is not empty, or cannot be looked at.
    """
    if not is_uri(place):
        yield Path(place)
        return
    with asked(place):
        if _sizes(opened(place)):
            msg = f"{place} is not empty: give another place, or delete first what is there"
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
    if home.is_local or not (name := _latest_name(home.address(shelf))):
        return
    folder = shelf / name
    if latest_of(shelf) != folder:
        shelf.mkdir(parents=True, exist_ok=True)
        fetch_made(home, folder)
        if folder.is_dir():
            point_to(shelf / LATEST, folder)


def fetch_made(home: Home, folder: Path) -> None:
    """Bring a folder of a shelf from the home's store, if it is there whole and not here."""
    if not folder.exists() and seal_there(home, folder):
        fetch(home.address(folder), folder)


def seal_there(home: Home, folder: Path) -> str:
    """`seal_of` a folder as it stands on the home's store; empty where it does not."""
    if home.is_local:
        return ""
    with asked(there := home.address(folder)):
        return _seal(opened(there))


def are_there(home: Home, folders: Sequence[tuple[str, str]]) -> list[bool]:
    """Whether folders that were written under seals still stand at their addresses.

    On another store than the home's, one that cannot be asked is taken to be there.
    """

    def stands(address: str, seal: str) -> bool:
        if not is_uri(address):
            return is_there(Path(address), seal)
        if address.startswith(f"{home.uri}/"):
            found = seal_there(home, Path(home.here(address)))
        else:
            try:
                with told(address):
                    found = _seal(opened(address, outage_s=_ELSEWHERE_S))
            except ObjectStoreError:
                return True
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


def _sizes(store: Any) -> dict[str, int]:  # noqa: ANN401 - as above
    """The bytes of each object of a store; not of the note that it is being sent to."""
    import obstore

    found = {o["path"]: o["size"] for some in obstore.list(store) for o in some}
    return {name: n for name, n in found.items() if name != SENDING}


def _listed(store: Any) -> dict[str, float]:  # noqa: ANN401 - as above
    """The objects of a store, and when each was written, in Unix time."""
    import obstore

    return {o["path"]: o["last_modified"].timestamp() for some in obstore.list(store) for o in some}


def _date(path: Path, at: float) -> None:
    os.utime(path, (at, at))


def _latest_name(shelf: str) -> str:
    """The name of a shelf's last folder on a store; empty where there is none."""
    with asked(shelf):
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
