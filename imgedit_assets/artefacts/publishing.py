"""The one harness under every artefact: a folder of files that is named by its content.

Already there and whole? Then nothing is written. Else it is written aside, proven, recorded with
the rows that it holds, and put into its place; at last `latest` names it. However a run ends, there
is no folder that lineage does not know, and none under its name that is half there or unproven.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Generic, Protocol, TypeVar

from models.faults import ImgEditError
from resources.factory import Factory
from resources.leases import leased
from resources.object_store import fetch_made, keep, seal_there
from resources.recipes import digest
from resources.releases.checksums import Digests
from resources.releases.folder import published_once, staged
from resources.releases.latest import LATEST, is_named_by_content, point_to
from resources.releases.ours import is_whole, seal_of
from resources.releases.shared import link_equal
from resources.releases.tree import weigh
from resources.schema import Collection


class Finding(Protocol):
    """One thing that a proof looked at, as an asset check reports it."""

    @property
    def passed(self) -> bool | None:
        """Whether it is as it must be."""


F = TypeVar("F", bound=Finding)


def no_proof(root: Path) -> Sequence[Finding]:
    """Of an artefact that is not looked at again."""
    del root
    return ()


class _UnprovenError(ImgEditError):
    """Leaves the block that would put an artefact into its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact(Generic[F]):
    """What a folder of files is to hold, and how it is made."""

    kind: str
    """`release`: as lineage names it."""
    shelf: str
    """The folder under the home where those of its kind stand."""
    name: str
    version: str
    """Of `content_id`: the same content has the same."""
    row_ids: tuple[str, ...]
    """The rows of pairs that it holds or learnt from."""
    parent_ids: tuple[str, ...] = ()
    """The collections that it is made from."""
    write: Callable[[Path, Digests], object]
    """Writes its files into an empty folder, each with its checksum; the list is written after."""
    prove: Callable[[Path], Sequence[F]]
    """Looks at the files as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Generic[F]):
    """An artefact as it stands in its folder."""

    folder: Path
    findings: Sequence[F]
    files: int
    n_bytes: int

    @property
    def is_proven(self) -> bool:
        """Whether nothing was found wrong; else it is not put into its place."""
        return all(finding.passed for finding in self.findings)


def content_id(kind: str, *parts: str) -> str:
    """The version of an artefact, of all that decides what its files hold: 12 hex digits."""
    return digest(kind, *parts)[:12]


def collection_id(kind: str, address: str, version: str) -> str:
    """The id of an artefact's record; of its folder `Home.address`."""
    return digest(kind, address, version)


def publish(factory: Factory, artefact: Artefact[F], *, run_id: str) -> Published[F]:
    """Bring an artefact into its place under the home, and point `latest` to it.

    One that fails its proof is left aside, where the next attempt or `imgedit prune` clears it
    away; `latest` stays where it was.

    Raises:
        ImgEditError: It cannot be written, or something else stands in its place.
    """
    folder = factory.home.folder / artefact.shelf / f"{artefact.name}-{artefact.version}"
    what, tell = f"the {artefact.kind} {folder.name}", factory.journal.warn
    with ExitStack() as alone:
        alone.enter_context(published_once(folder, what, tell=tell))
        if not factory.home.is_local:
            name = f"{artefact.kind}.{folder.name}"
            alone.enter_context(leased(factory.home.uri, name, what, tell=tell))
        fetch_made(factory.home, folder)
        if is_whole(folder):
            # Also of a home whose table of collections was lost.
            record = _collection(artefact, factory.home.address(folder), folder, run_id)
            factory.store.insert(Collection, [record])
            made = _published(artefact, folder, folder)
        else:
            beside = [p for p in folder.parent.iterdir() if is_named_by_content(p)]
            made = place(factory, artefact, folder, run_id=run_id, beside=beside)
        if made.is_proven:
            point_to(folder.with_name(LATEST), folder)
            keep(factory.home, folder, factory.journal.tell)
            _record_as_it_stands(factory, artefact, folder)
    return made


def _record_as_it_stands(factory: Factory, artefact: Artefact[F], folder: Path) -> None:
    """Of two that killed machines made of the same content, the record is of the one sent first."""
    if seal := seal_there(factory.home, folder):
        known = collection_id(artefact.kind, factory.home.address(folder), artefact.version)
        held = factory.store.by_ids(Collection, [known])[known]
        if held.seal != seal:
            factory.store.upsert(Collection, [replace(held, seal=seal)])


def place(
    factory: Factory,
    artefact: Artefact[F],
    folder: Path,
    *,
    run_id: str = "",
    beside: Sequence[Path] = (),
    address: str = "",
) -> Published[F]:
    """Write an artefact into any folder: whole and proven, or not at all.

    Files that one beside it holds as well are kept once on disk. `address` is of a folder that is
    on its way to a store.

    Raises:
        ImgEditError: It cannot be written, or something else stands there.
    """
    try:
        with staged(folder, tell=factory.journal.warn) as root:
            with Digests(root) as digests:
                artefact.write(root, digests)
                digests.write_sums()
                link_equal(root, digests.by_path(), beside)
            made = _published(artefact, folder, root)
            if not made.is_proven:
                raise _UnprovenError
            # Before the folder is there: lineage may know of one too many, never of one too few.
            address = address or factory.home.address(folder)
            factory.store.upsert(Collection, [_collection(artefact, address, root, run_id)])
    except _UnprovenError:
        pass
    return made


def _published(artefact: Artefact[F], folder: Path, root: Path) -> Published[F]:
    files, n_bytes = weigh(root)
    findings = artefact.prove(root)
    return Published(folder=folder, findings=findings, files=files, n_bytes=n_bytes)


def _collection(artefact: Artefact[F], address: str, root: Path, run_id: str) -> Collection:
    """The record of an artefact, whose files are under `root` by now."""
    return Collection(
        id=collection_id(artefact.kind, address, artefact.version),
        kind=artefact.kind,
        name=PurePosixPath(address).name,
        path=address,
        row_ids=artefact.row_ids,
        parent_ids=artefact.parent_ids,
        run_id=run_id,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seal=seal_of(root),
    )
