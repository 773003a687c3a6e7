"""Looks for damage in the tables of a home: versions, data, indexes, and rows that are missing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from resources.arrow import arrow_schema
from resources.home import Home
from resources.lance_tables import (
    INDEXED,
    DamagedTableError,
    StoreError,
    disk_errors,
    in_short,
    is_emptied,
    read_through,
    wait_for,
)
from resources.nodes import NodeRow
from resources.schema import (
    ASSET_ROWS,
    Campaign,
    CampaignItem,
    Collection,
    Head,
    Quarantine,
    Rater,
    Rating,
    RecipeRow,
    Record,
    Reject,
    Rendition,
    Review,
    Sheet,
    SourceItemRow,
    Unit,
    Version,
)
from resources.signals import wake_on_interrupt
from resources.store import Selection, Store

OTHERS: tuple[type[Record], ...] = (
    *(Version, Unit, Reject, Head, SourceItemRow, RecipeRow, NodeRow),
    *(Sheet, Rendition, Quarantine, Review, Collection),
    *(Campaign, CampaignItem, Rater, Rating),
)
RECORDS: tuple[type[Record], ...] = (*ASSET_ROWS.values(), *OTHERS)
"""What every table of a home holds."""

READ_WHOLE_BYTES = 64_000_000
"""A table of no more is read to its last byte, in a fraction of a second; of a larger one the ids,
which opens each of its files."""

MEND = (
    "imgedit doctor --mend: sets what is damaged aside and names the run that makes the rows "
    "again; or restore the folder from a backup"
)

MAGIC = b"LANC"
"""The end of every whole file of Lance."""

_NEWEST = 2**64 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with one table."""

    record: type[Record]
    detail: str
    remedy: str = MEND
    """Empty where the detail says it."""

    @property
    def table(self) -> str:
        """Its name."""
        return self.record.TABLE


def look_at_tables(home: Home, *, whole: bool = False) -> list[Damage]:
    """What is wrong with the tables of a home; nothing is made and nothing is changed.

    Args:
        home: A local one, or an object store.
        whole: Read large tables to their last byte as well.
    """
    wake_on_interrupt()
    found = [d for record in RECORDS if (d := _damage(home, record, whole=whole)) is not None]
    return found or list(_lost_rows(Store(home)))


def table_folder(uri: str, record: type[Record]) -> Path:
    """Where a table of a local store is kept."""
    return Path(uri, f"{record.TABLE}.lance")


def manifests(folder: Path) -> list[Path]:
    """A table's lists of versions, the newest first."""
    return sorted(folder.glob("_versions/*.manifest"), key=_version_of, reverse=True)


def _version_of(manifest: Path) -> int:
    # Lance counts down, so that the newest comes first in a listing.
    number = int(manifest.stem) if manifest.stem.isdigit() else 0
    return _NEWEST - number if number > _NEWEST // 2 else number


def _damage(home: Home, record: type[Record], *, whole: bool) -> Damage | None:
    folder, is_local = table_folder(home.tables, record), home.is_local
    if is_local and (not folder.exists() or (folder.is_dir() and not _has_anything(folder))):
        return None
    if is_local and (detail := _lost_versions(home.tables, record)):
        return Damage(record=record, detail=f"{folder}: {detail}")
    size = sum(f.stat().st_size for f in folder.glob("data/*")) if is_local else 0
    try:
        _read(Store(home), record, whole=whole or size <= READ_WHOLE_BYTES)
    except DamagedTableError as error:
        files = "; ".join(_damaged_files(folder)) if is_local else ""
        return Damage(record=record, detail=f"{folder}: {files or in_short(str(error.__cause__))}")
    except StoreError as error:
        return Damage(record=record, detail=str(error), remedy="")
    return None


def _has_anything(folder: Path) -> bool:
    """A folder with neither versions nor data is as good as not there."""
    return bool(manifests(folder)) or any(folder.glob("data/*.lance"))


def _lost_versions(uri: str, record: type[Record]) -> str:
    """Whether the newest version was deleted, so that an older one is read in its place, or all."""
    if is_emptied(uri, record.TABLE):
        return "its data is there, but no version of it"
    folder = table_folder(uri, record)
    hint = folder / "_versions" / "latest_version_hint.json"
    if not hint.is_file():
        return ""
    said = re.search(rb'"version":\s*(\d+)', hint.read_bytes())
    newest = _version_of(manifests(folder)[0])
    if said is None or int(said[1]) <= newest:
        return ""
    return f"version {int(said[1])} is gone, and {newest} is read in its place"


def _read(store: Store, record: type[Record], *, whole: bool) -> None:
    """Read what can be damaged: data, and the indexes through lookups of their columns."""
    with disk_errors(store.uri, record.TABLE):
        columns = arrow_schema(record).names if whole else ["id"]
        wait_for(read_through(store.uri, record, columns))
    for column in (c for c in INDEXED if c in record.__dataclass_fields__):
        store.column(record, "id", f"{column} = ''")


def _damaged_files(folder: Path) -> Iterator[str]:
    """The data files that the newest version names and that are gone or cut off."""
    text = b"".join(manifest.read_bytes() for manifest in manifests(folder)[:1])
    for name in sorted(set(re.findall(rb"[01]{24}[0-9a-f]{10,40}\.lance", text))):
        file = folder / "data" / name.decode()
        if not file.is_file():
            yield f"data/{file.name} is gone"
        elif not _is_whole(file):
            yield f"data/{file.name} is cut off"


def _is_whole(file: Path) -> bool:
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - len(MAGIC)))
        return opened.read() == MAGIC


def _lost_rows(store: Store) -> Iterator[Damage]:
    """Rows that finished partitions list and that their tables do not have."""
    if store.home.is_local and not table_folder(store.uri, Head).exists():
        return
    heads = store.table_frame(Head, ["asset", "row_ids"]).iter_rows()
    listed: dict[str, set[str]] = {}
    for asset, row_ids in heads:
        listed.setdefault(asset, set()).update(row_ids)
    for asset, row_ids in listed.items():
        if lost := row_ids.difference(ids_of(store, ASSET_ROWS[asset])):
            detail = f"{store.uri}: {len(lost)} of {len(row_ids)} rows of {asset} are gone"
            yield Damage(record=ASSET_ROWS[asset], detail=detail)


def ids_of(store: Store, record: type[Record]) -> set[str]:
    """Every id of a table."""
    (frame,) = store.frames([Selection(record=record, columns=["id"])])
    return set(frame["id"])


def tables_of(damages: Sequence[Damage]) -> list[type[Record]]:
    """The damaged tables, each once."""
    return list(dict.fromkeys(damage.record for damage in damages))
