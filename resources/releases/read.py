"""Reads a release back as plain pairs: one of ours, or a folder in the published layout."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.faults import Fault, FaultError, ImgEditError, Reason
from models.images import decode
from models.masks import Rle
from resources.releases.front_matter import Layout
from resources.releases.stored import PairRef, StoredRow, stamp_of
from resources.releases.stored_parquet import layout_of, list_parquet, load_bytes, load_paths
from resources.releases.stored_tar import list_tar, load_members

_LOADERS: Mapping[Layout, Callable[[PairRef], StoredRow]] = {
    "huggingface": load_bytes,
    "webdataset": load_members,
    "imgedit": load_paths,
}

_PREFERRED: tuple[Layout, ...] = ("huggingface", "imgedit", "webdataset")
"""Twins hold the same pairs, so one of them is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPair:
    """One pair of somebody's release."""

    uri: str
    label: str
    """The edit type that it is said to be of."""
    instruction: str
    source: bytes = field(repr=False)
    target: bytes = field(repr=False)
    reference: bytes | None = field(repr=False)
    width: int
    """Of the upright source, px."""
    height: int
    masks: tuple[str, ...]
    """COCO RLE counts of each subject in the source; empty where nothing is said."""
    dialogue: str
    """The name that the turns of one dialogue share; empty for single edits."""
    turn: int
    turns: int
    """How many turns the dialogue has, as the release says; 0 where it does not say."""
    given_score: float | None
    """1 to 5, as the release says."""
    licence: str
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    """A file of a release that holds pairs, or should."""

    path: Path
    layout: Layout
    fault: Fault | None = None


def list_release(folder: Path) -> Iterator[PairRef]:
    """Every pair of a release, without its images; what is broken comes with its fault.

    Raises:
        ImgEditError: The folder is none, or holds neither Parquet files nor tars.
    """
    root = release_root(folder)
    files = release_files(root)
    if not files:
        msg = f"{folder} holds no release: there is no Parquet file and no tar in it"
        raise ImgEditError(msg)
    sound = [file for file in files if file.fault is None] or files
    chosen = next(name for name in _PREFERRED if any(file.layout == name for file in sound))
    seen: set[str] = set()
    for file in files:
        if file.layout != chosen and file.fault is None:
            continue
        for ref in list_file(root, file):
            yield _numbered(ref) if ref.name in seen else ref
            seen.add(ref.name)


def load_pair(ref: PairRef) -> ReadPair | Fault:
    """Read a pair with its images, or say why it cannot be used."""
    try:
        return _pair(ref, load_row(ref))
    except FaultError as error:
        where = f"{ref.path} row {ref.place}"
        return Fault(reason=error.fault.reason, detail=f"{where}: {error.fault.detail}")


def load_row(ref: PairRef) -> StoredRow:
    """Read what stands at a place of a release, whatever it is.

    Raises:
        FaultError: It cannot be read, or is known to be bad.
    """
    if ref.fault is not None:
        raise FaultError(ref.fault.reason, ref.fault.detail)
    try:
        return _LOADERS[ref.layout](ref)
    except OSError as error:
        raise FaultError(Reason.UNREADABLE, f"{ref.path}: {error}") from error


def release_root(folder: Path) -> Path:
    """The folder, resolved.

    Raises:
        ImgEditError: It is none.
    """
    root = folder.expanduser().resolve()
    if not root.is_dir():
        msg = f"{folder} is not a folder; give the folder of a release"
        raise ImgEditError(msg)
    return root


def release_files(root: Path) -> list[ReleaseFile]:
    """The Parquet files and tars under a resolved folder, by path; links are not followed."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(folder) / name for name in sorted(names) if not name.startswith(".")]
        found += [p for p in paths if p.suffix in {".parquet", ".tar"} and not p.is_symlink()]
    return [_release_file(path) for path in found]


def list_file(root: Path, file: ReleaseFile) -> Iterator[PairRef]:
    """The pairs of one file; where it breaks off, one reference to the file with its fault."""
    try:
        if file.fault is not None:
            raise FaultError(file.fault.reason, file.fault.detail)
        if file.layout == "webdataset":
            yield from list_tar(root, file.path)
        else:
            yield from list_parquet(root, file.path, file.layout)
    except FaultError as error:
        relative = file.path.relative_to(root).as_posix()
        yield PairRef(
            root=str(root),
            layout=file.layout,
            path=relative,
            row=-1,
            name=relative,
            stamp=stamp_of(file.path),
            fault=error.fault,
        )


def _release_file(path: Path) -> ReleaseFile:
    if path.suffix == ".tar":
        return ReleaseFile(path=path, layout="webdataset")
    try:
        return ReleaseFile(path=path, layout=layout_of(path))
    except FaultError as error:
        # Where it stands says what it should have been.
        layout: Layout = "imgedit" if path.parent.name == "Parquet" else "huggingface"
        return ReleaseFile(path=path, layout=layout, fault=error.fault)


def _numbered(ref: PairRef) -> PairRef:
    """A pair whose name another has already, under the name of its place."""
    fault = Fault(reason=Reason.BAD_ROW, detail=f"{ref.path}: the id {ref.name} stands twice")
    return replace(ref, name=f"{ref.path}:{ref.row}:{ref.turn}", fault=ref.fault or fault)


def _pair(ref: PairRef, row: StoredRow) -> ReadPair:
    instruction = row.text("instruction").strip()
    if not instruction:
        raise FaultError(Reason.BAD_ROW, "it has no instruction")
    for column in ("source", "target"):
        if column not in row.images:
            raise FaultError(Reason.BAD_ROW, f"it has no {column} image")
    sizes = {column: decode(row.images[column]).shape[:2] for column in _decoded(row)}
    height, width = sizes["source"]
    return ReadPair(
        uri=ref.uri,
        label=row.text("edit_type"),
        instruction=instruction,
        source=row.images["source"],
        target=row.images["target"],
        reference=row.images.get("reference"),
        width=width,
        height=height,
        masks=_masks(row, width, height),
        dialogue=row.text("dialogue_id"),
        turn=_whole(row.values.get("turn")),
        turns=_whole(row.values.get("turns") or 0),
        given_score=_score(row.values.get("score")),
        licence=row.text("licence"),
        attribution=row.text("attribution"),
    )


def _decoded(row: StoredRow) -> list[str]:
    return [column for column in ("source", "target", "reference") if column in row.images]


def _masks(row: StoredRow, width: int, height: int) -> tuple[str, ...]:
    masks = row.values.get("masks") or []
    if not isinstance(masks, list):
        raise FaultError(Reason.BAD_ROW, f"masks is {type(masks).__name__}, not a list")
    return tuple(fitting_mask(counts, width, height).counts for counts in masks)


def fitting_mask(counts: object, width: int, height: int) -> Rle:
    """A mask that decodes to an image's size.

    Raises:
        FaultError: BAD_ROW where it does not.
    """
    try:
        rle = Rle(counts=str(counts), height=height, width=width)
        # Counts for another size decode too, if they are fewer; encoding them again tells.
        if not isinstance(counts, str) or Rle.encode(rle.decode()).counts != counts:
            raise FaultError(Reason.BAD_ROW, f"a mask does not fit {width} x {height} px")
    except (ValueError, UnicodeError, IndexError) as error:
        raise FaultError(Reason.BAD_ROW, f"a mask does not decode: {error}") from error
    return rle


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 1


def _score(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 1 <= value <= 5 else None
