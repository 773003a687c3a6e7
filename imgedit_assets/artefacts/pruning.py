"""What `imgedit prune` takes away: old artefacts, and what killed runs left; nothing unproven."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.faults import ImgEditError
from resources.home import Home
from resources.object_store import are_there
from resources.releases.folder import (
    NEW,
    PRUNED,
    clear_away,
    delete_or_keep,
    discard,
    left_behind,
    refuse_foreign,
    reserved,
)
from resources.releases.latest import is_named_by_content, pointed_to
from resources.releases.ours import Proof, prove
from resources.releases.tree import sizes, weigh
from resources.schema import Collection
from resources.store import Selection, Store

Tell = Callable[[str], None]

REMEDY = "move away what is yours, or delete the folder yourself"

_OF_VARIANTS = ("judges/*", "connectors/*", "editors/*")
"""Below the home: the shelves that stand in one folder, one for each variant."""

NOTHING = Proof(files={}, strange=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A folder of the home that was looked at."""

    kind: str
    """Of an artefact, or `unfinished`: what a killed run left."""
    folder: Path
    """Where it is."""
    place: Path
    """Where it was to be; of an artefact the same."""
    n_bytes: int
    """Its files; where it can go, those that nothing else keeps."""
    kept: str
    """Why it stays; empty for what can go."""
    proof: Proof = NOTHING
    """What may be deleted of it."""


def look(store: Store, home: Path, *, keep: int, tell: Tell) -> list[Found]:
    """All that is unfinished in a home, and every artefact, the oldest first; changes nothing.

    Kept are the newest of each kind, what a link beside them leads to, what another that is there
    is made from, and what is not wholly ours. Those outside of the home are no concern of it.

    Args:
        store: Knows the artefacts.
        home: The folder with their shelves.
        keep: How many of the newest of each kind.
        tell: Gets a line before much is read.
    """
    columns = ["id", "kind", "name", "path", "parent_ids", "made_at", "seal"]
    (known,) = store.frames([Selection(record=Collection, columns=columns)])
    places = (path for pattern in ("*", *_OF_VARIANTS) for path in home.glob(pattern))
    shelves = {path.resolve() for path in places if path.is_dir()}
    # Of a home on an object store the copies that are here.
    every = [
        row | {"path": store.home.here(row["path"])} for row in known.sort("made_at").to_dicts()
    ]
    rows = [row for row in every if _stands(store.home, shelves, row)]
    kept, artefacts = _wanted([row for row in rows if _is_on(shelves, row)], keep), []
    # What one is made from is older than it.
    for row in reversed(rows):
        stays = True
        if _is_on(shelves, row):
            artefacts.append(_artefact(row, kept.get(row["id"], ""), tell))
            stays = bool(artefacts[-1].kept)
        for parent in row["parent_ids"] if stays else ():
            kept.setdefault(parent, f"the {row['kind']} {row['name']} is made from it")
    seals = {row["path"]: row["seal"] for row in every}
    unfinished = [found for shelf in sorted(shelves) for found in _unfinished(shelf, seals, tell)]
    return [*unfinished, *_freeing(artefacts[::-1])]


def remove(found: Found, *, tell: Tell) -> int:
    """Delete what `look` found to go; returns the bytes that were freed.

    Raises:
        ImgEditError: It is in use by now, or is not what it was.
        OSError: It cannot be moved or deleted.
    """
    with reserved(found.place) as holder:
        if holder:
            msg = f"{found.folder} is left, as {holder} is at work on it: prune again later"
            raise ImgEditError(msg)
        if found.folder == found.place:
            if link := pointed_to(found.place.parent).get(found.place.name):
                msg = f"{found.folder} is left, as {link} leads to it by now"
                raise ImgEditError(msg)
            discard(found.folder, found.proof, tell=tell)
        elif found.folder.suffix == f".{PRUNED}":
            delete_or_keep(found.place, found.folder, found.proof, tell)
        else:
            clear_away(found.place, found.folder, tell)
    return found.n_bytes


def _freeing(artefacts: Sequence[Found]) -> Iterator[Found]:
    """Each with what it frees: files that releases share go with the last of them."""
    known: set[tuple[int, int]] = set()
    for one in artefacts:
        if one.kept:
            known.update(sizes(one.folder))
    for one in artefacts:
        if one.kept:
            yield one
            continue
        files = sizes(one.folder)
        yield replace(one, n_bytes=sum(n for file, n in files.items() if file not in known))
        known.update(files)


def _stands(home: Home, shelves: set[Path], row: Mapping[str, Any]) -> bool:
    """Whether anything stands in an artefact's place; elsewhere, whether it is what was written."""
    if _is_on(shelves, row):
        return os.path.lexists(row["path"])
    return are_there(home, [(row["path"], row["seal"])])[0]


def _is_on(shelves: set[Path], row: Mapping[str, Any]) -> bool:
    """Whether a collection is an artefact of the home; an export has a name and place of choice."""
    path = Path(row["path"])
    return path.parent in shelves and is_named_by_content(path)


def _wanted(rows: list[dict[str, Any]], keep: int) -> dict[str, str]:
    """Why artefacts stay that are new or that a link leads to, by id."""
    kept: dict[str, str] = {}
    shelved = [(row["kind"], Path(row["path"]).parent, row["id"]) for row in rows]
    for kind, shelf in {(kind, shelf) for kind, shelf, _ in shelved}:
        newest = [row_id for *of, row_id in shelved if of == [kind, shelf]][::-1][:keep]
        kept |= dict.fromkeys(newest, f"one of the {keep} newest" if keep > 1 else "the newest")
    shelves = {Path(row["path"]).parent for row in rows}
    links = {shelf / name: link for shelf in shelves for name, link in pointed_to(shelf).items()}
    linked = [(row["id"], links.get(Path(row["path"]))) for row in rows]
    return kept | {row_id: f"{link} leads to it" for row_id, link in linked if link}


def _artefact(row: Mapping[str, Any], why: str, tell: Tell) -> Found:
    folder, proof = Path(row["path"]), NOTHING
    if not why:
        proof = prove(folder, tell=tell, seal=row["seal"])
        why = f"{proof.in_short}: {REMEDY}" if proof.strange else ""
    return Found(
        kind=row["kind"],
        folder=folder,
        place=folder,
        n_bytes=weigh(folder)[1],
        kept=why,
        proof=proof,
    )


def _unfinished(shelf: Path, seals: Mapping[str, str], tell: Tell) -> Iterator[Found]:
    for folder, place in left_behind(shelf):
        with reserved(place) as holder:
            why, proof = f"{holder} is at work on it" if holder else "", NOTHING
            if not why and folder.suffix == f".{PRUNED}":
                seal = seals.get(str(place), "")
                proof = prove(folder, tell=tell, whole=False, seal=seal) if seal else NOTHING
                if (not seal or proof.strange) and not _is_empty(folder):
                    why = f"{proof.in_short or 'nothing proves that it is ours'}: {REMEDY}"
            elif not why:
                why = _foreign(folder)
        n_bytes = weigh(folder if proof.files else folder / NEW)[1]
        yield Found(
            kind="unfinished", folder=folder, place=place, n_bytes=n_bytes, kept=why, proof=proof
        )


def _is_empty(folder: Path) -> bool:
    """Whether it is the end of a deletion, whose list goes last."""
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _foreign(folder: Path) -> str:
    try:
        refuse_foreign(folder)
    except ImgEditError as error:
        return str(error)
    return ""
