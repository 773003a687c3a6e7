"""Pairs in two folders, as trainers take them: `control/7.png`, `target/7.png`, `target/7.txt`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.faults import Fault, Reason
from resources.reading import read_regular
from resources.releases.checksums import file_inside
from resources.releases.classes import UNKNOWN
from resources.releases.limits import MAX_IMAGE_BYTES, MAX_TEXT_CHARS
from resources.releases.stored import Columns, PairRef, StoredRow, stamp_of
from resources.releases.tree import Tree

FOLDERS = (
    ("control", "target"),
    ("source", "target"),
    ("input", "output"),
    ("before", "after"),
    ("original", "edited"),
)
"""Names of the folders of sources and of targets, beside each other."""
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".avif"})
_CAPTIONS = frozenset({".txt", ".caption"})


def list_folders(root: Path, tree: Tree, given: Columns) -> Iterator[PairRef]:
    """A pair for each picture of a folder of targets; without source or caption, with its fault.

    A given mapping names the two folders.
    """
    asked = dict(given)
    names = ((asked["source"], asked["target"]),) if given else FOLDERS
    places: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in tree.paths:
        places[path.parent][path.stem].append(path)
    for folder in sorted(places):
        for source, target in names:
            beside = folder.parent / source
            if folder.name == target and beside in places:
                yield from _listed(root, places[folder], places[beside])


def load_folders(ref: PairRef) -> StoredRow:
    """A pair with its caption.

    Raises:
        FaultError: A file cannot be read, or is a link out of the folder.
    """
    paths = {name: file_inside(Path(ref.root), path) for name, path in ref.columns}
    caption = read_regular(paths.pop("instruction"), max_bytes=4 * MAX_TEXT_CHARS)
    return StoredRow(
        values={"instruction": caption.decode(errors="replace"), "edit_type": UNKNOWN},
        images={
            name: read_regular(path, max_bytes=MAX_IMAGE_BYTES) for name, path in paths.items()
        },
        files={name: dict(ref.columns)[name] for name in paths},
    )


def _listed(
    root: Path, targets: Mapping[str, Sequence[Path]], sources: Mapping[str, Sequence[Path]]
) -> Iterator[PairRef]:
    for stem, files in targets.items():
        for target in (file for file in files if file.suffix.lower() in _PICTURES):
            of_source = sources.get(stem, ())
            found = {
                "source": _first(of_source, _PICTURES),
                "target": target,
                "instruction": _first([*files, *of_source], _CAPTIONS),
            }
            lacks = [name for name, path in found.items() if path is None]
            detail = f"{target.relative_to(root)} has no {' and no '.join(lacks)} of its name"
            relative = target.relative_to(root).as_posix()
            yield PairRef(
                root=str(root),
                layout="folders",
                path=relative,
                row=0,
                name=relative,
                columns=tuple((n, p.relative_to(root).as_posix()) for n, p in found.items() if p),
                stamp="-".join(stamp_of(path) for path in found.values() if path),
                fault=Fault(reason=Reason.MISSING_FILE, detail=detail) if lacks else None,
            )


def _first(files: Sequence[Path], suffixes: frozenset[str]) -> Path | None:
    return next((file for file in files if file.suffix.lower() in suffixes), None)
