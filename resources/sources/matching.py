"""Which entry of a COCO file speaks of which image of a folder."""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.faults import Fault, ImgEditError, Reason
from resources.sources.coco import Coco, CocoEntry
from resources.sources.item import SourceItem
from resources.uris import file_uri

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The images with entries, and what is said of the entries without an image."""

    found: Mapping[Path, CocoEntry]
    missed: Mapping[str, str]
    """Why, by the entry's name."""


def match(coco: Coco, paths: Sequence[Path], root: Path) -> Matches:
    """Pair images with entries by path under the folder, else by a file name that occurs once.

    Names are taken as tools of any system write them: with backslashes, in other small and capital
    letters, with accents composed or not.
    """
    places: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        inside = path.relative_to(root).as_posix()
        for key in dict.fromkeys((f"/{inside}", path.name, f"?{_folded(path.name)}")):
            places[key].append(path)
    found: dict[Path, CocoEntry] = {}
    missed: dict[str, str] = {}
    for name, entry in coco.entries.items():
        alike = next((places[key] for key in _keys(name) if key in places), [])
        if len(alike) == 1:
            found.setdefault(alike[0], entry)
        if len(alike) != 1 or found[alike[0]] is not entry:
            missed[name] = _why(alike, root)
    return Matches(found=found, missed=missed)


def demand_labels(home: Path, coco: Coco, matches: Matches, paths: Sequence[Path]) -> None:
    """See that the labels are of some of the images.

    Raises:
        ImgEditError: They are of none.
    """
    labelled = [name for name, entry in coco.entries.items() if entry.is_labelled]
    if any(e.is_labelled for e in matches.found.values()) or (not labelled and matches.found):
        return
    if not coco.entries:
        msg = f"{home} lists no images: its 'images' are empty"
        raise ImgEditError(msg)
    name = next(iter(labelled or coco.entries))
    has = f"such as {paths[0].name!r}" if paths else "none"
    msg = (
        f"{home} labels {len(labelled):,} images, none of which is in the folder (which has "
        f"{len(paths):,}, {has}): {name!r} {matches.missed.get(name, 'is not labelled')}; give "
        "--images the folder that the names in 'file_name' start at, or mend those"
    )
    raise ImgEditError(msg)


def annotated(item: SourceItem, entry: CocoEntry) -> SourceItem:
    """The item with what its entry says of it; a caption of its own stays where that has none."""
    said = entry.annotation()
    caption = said.caption or item.annotation.caption
    return replace(
        item,
        annotation=said.model_copy(update={"caption": caption}),
        issues=(*item.issues, *entry.issues),
    )


def leftovers(home: Path, matches: Matches, orphans: Sequence[Fault]) -> Iterator[SourceItem]:
    """What the file says of images that are not there, each a fault."""
    for name, why in sorted(matches.missed.items()):
        fault = Fault(
            reason=Reason.BAD_ANNOTATION, detail=f"{home.name} annotates {name!r}: it {why}"
        )
        yield SourceItem(uri=file_uri(home, fragment=f"image={name}"), fault=fault)
    for number, fault in enumerate(orphans):
        yield SourceItem(uri=file_uri(home, fragment=f"orphan={number}"), fault=fault)


def _keys(name: str) -> tuple[str, ...]:
    slashed = name.replace("\\", "/")
    base = posixpath.basename(slashed)
    paths = (f"/{posixpath.normpath(text)}" for text in (name, slashed))
    return *paths, base, f"?{_folded(base)}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _why(alike: Sequence[Path], root: Path) -> str:
    if not alike:
        return "is not among the folder's images"
    names = ", ".join(path.relative_to(root).as_posix() for path in alike[:_SHOWN])
    if len(alike) == 1:
        return f"is {names}, which another entry names as well"
    return (
        f"is ambiguous, the folder has {len(alike)} files of that name ({names}): write the path "
        "under the folder into 'file_name'"
    )
