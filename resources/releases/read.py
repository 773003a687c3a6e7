"""Reads a release back as plain pairs: one of ours, or a folder in the published layout."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.edit_types.spec import Operation
from models.faults import Fault, FaultError, ImgEditError, Reason
from models.images import decode
from models.masks import Rle
from resources.operations import operations_from_json
from resources.releases.checksums import SUMS
from resources.releases.croissant import CROISSANT
from resources.releases.digests import file_faults, image_digests, release_sums, row_faults
from resources.releases.digests import states_digests as row_states_digests
from resources.releases.limits import MAX_MASK_PIXELS, MAX_MASKS, check_values, turn_fault
from resources.releases.mapping import mapping_for, not_understood
from resources.releases.parquet_groups import column_names
from resources.releases.sample import Layout
from resources.releases.stored import Columns, PairRef, StoredLayout, StoredRow, stamp_of
from resources.releases.stored_folders import FOLDERS, list_folders, load_folders
from resources.releases.stored_manifest import (
    MANIFESTS,
    list_manifest,
    load_manifest,
    manifest_columns,
)
from resources.releases.stored_parquet import layout_of, list_parquet, load_bytes, load_paths
from resources.releases.stored_tar import list_tar, load_members, tar_columns
from resources.releases.tree import Tree, files_under

_LOADERS: Mapping[StoredLayout, Callable[[PairRef], StoredRow]] = {
    "huggingface": load_bytes,
    "webdataset": load_members,
    "imgedit": load_paths,
    "manifest": load_manifest,
    "folders": load_folders,
}

DATA_SUFFIXES = (".parquet", ".tar")

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
    operations: tuple[Operation, ...]
    """What is done; subjects index the masks. Empty where nothing is said."""
    scaled_from: str = ""
    """The size in which the target came, where it was brought to the source's."""
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
    layout: StoredLayout
    columns: Columns = ()
    """How it names ours, where it does not as we do."""
    found: tuple[str, ...] = ()
    """What its columns are, where they are not understood."""
    fault: Fault | None = None


def list_release(folder: Path, given: Columns = ()) -> Iterator[PairRef]:
    """Every pair of a release, without its images; what is broken comes with its fault.

    Parquet files and tars, or else manifests, or else two folders of pictures.

    Args:
        folder: The release, or the set.
        given: What the set calls our columns, where it is not one of the known sets.

    Raises:
        ImgEditError: The folder is none, or holds no pairs, or none in columns that are understood,
            or its checksums cannot be read.
    """
    root = release_root(folder)
    tree = files_under(root)
    files = release_files(tree, given)
    if not files:
        yield from _list_plain(root, tree, given)
        return
    unclear = next((file for file in files if file.found), None)
    if unclear and all(file.found or file.fault for file in files):
        raise not_understood(unclear.path.name, unclear.found, given)
    sound = [file for file in files if file.fault is None] or files
    chosen = next(name for name in _PREFERRED if any(file.layout == name for file in sound))
    files += [file for file in _missing_files(root) if file.layout == chosen]
    seen: set[str] = set()
    for file in files:
        if file.layout != chosen and file.fault is None:
            continue
        for ref in list_file(root, file):
            yield _numbered(ref) if ref.name in seen else ref
            seen.add(ref.name)


def _list_plain(root: Path, tree: Tree, given: Columns) -> Iterator[PairRef]:
    """The pairs of manifests or of folders of pictures."""
    lists = [p for p in tree.paths if p.suffix in MANIFESTS and p.name != CROISSANT]
    manifests = [_manifest(path, given) for path in lists]
    # Lists of one name, `metadata.jsonl` and `metadata.csv`, hold the same pairs.
    known = {file.path.with_suffix(""): file for file in manifests if file.columns}
    if known:
        for file in [*known.values(), *(file for file in manifests if not file.columns)]:
            yield from list_file(root, file)
        return
    pairs = list_folders(root, tree, given)
    if first := next(pairs, None):
        yield first
        yield from pairs
        return
    if unclear := next((file for file in manifests if file.found), None):
        raise not_understood(unclear.path.name, unclear.found, given)
    folders = ", ".join(f"{source}/ beside {target}/" for source, target in FOLDERS)
    msg = (
        f"{root} holds no release: there is no Parquet file and no tar in it, no manifest "
        f"({', '.join(MANIFESTS)}), and no folders {folders}"
    )
    raise ImgEditError(msg)


def load_pair(ref: PairRef) -> ReadPair | Fault:
    """Read a pair with its images, or say why it cannot be used.

    Its bytes are compared with what the row, and the folder's checksums, say that they are.
    """
    try:
        row = load_row(ref)
        digests = image_digests(row)
        for fault in (*row_faults(row, digests), *file_faults(ref, row, digests)):
            raise FaultError(fault.reason, fault.detail)
        return _pair(ref, row)
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
        row = _LOADERS[ref.layout](ref)
    except OSError as error:
        raise FaultError(Reason.UNREADABLE, f"{ref.path}: {error}") from error
    check_values(row.values)
    return row


def states_digests(folder: Path, given: Columns = ()) -> bool:
    """Whether a release says what its bytes are: by a list of checksums, or in its first row."""
    root = release_root(folder)
    if (root / SUMS).exists():
        return True
    for ref in list_release(root, given):
        try:
            return row_states_digests(load_row(ref))
        except FaultError:
            continue
    return False


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


def release_files(tree: Tree, given: Columns = ()) -> list[ReleaseFile]:
    """The Parquet files and tars of a folder, by path; a link is a fault."""
    return [_release_file(path, given) for path in tree.paths if path.suffix in DATA_SUFFIXES]


def list_file(root: Path, file: ReleaseFile) -> Iterator[PairRef]:
    """The pairs of one file; where it breaks off, one reference to the file with its fault."""
    try:
        if file.fault is not None:
            raise FaultError(file.fault.reason, file.fault.detail)
        match file.layout:
            case "webdataset":
                refs = list_tar(root, file.path)
            case "manifest":
                refs = list_manifest(root, file.path)
            case _:
                refs = list_parquet(root, file.path, file.layout)
        yield from (replace(r, columns=file.columns) for r in refs) if file.columns else refs
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


def _manifest(path: Path, given: Columns) -> ReleaseFile:
    try:
        found = tuple(manifest_columns(path))
    except FaultError as error:
        return ReleaseFile(path=path, layout="manifest", fault=error.fault)
    return _mapped(ReleaseFile(path=path, layout="manifest"), found, given)


def _mapped(file: ReleaseFile, found: tuple[str, ...], given: Columns) -> ReleaseFile:
    """A file of somebody's set with the mapping that fits it, or with a fault."""
    if columns := mapping_for(found, given):
        return replace(file, columns=columns)
    fault = Fault(reason=Reason.BAD_ROW, detail=str(not_understood(file.path.name, found, given)))
    return replace(file, found=found or ("none",), fault=fault)


def _release_file(path: Path, given: Columns) -> ReleaseFile:
    try:
        if path.is_symlink():
            detail = f"{path.name} is a link, which is not followed; put the file itself there"
            raise FaultError(Reason.OUTSIDE_FOLDER, detail)
        if path.suffix == ".tar":
            found = tuple(tar_columns(path))
            ours = not found or not {"json", "source", "target"}.isdisjoint(found)
            layout: Layout | None = "webdataset" if ours else None
        else:
            found, layout = tuple(column_names(path)), layout_of(path)
        if layout and not given:
            return ReleaseFile(path=path, layout=layout)
        return _mapped(ReleaseFile(path=path, layout=_layout_of_theirs(path)), found, given)
    except FaultError as error:
        return ReleaseFile(path=path, layout=_layout_by_place(path), fault=error.fault)


def _layout_of_theirs(path: Path) -> Layout:
    return "webdataset" if path.suffix == ".tar" else "huggingface"


def _layout_by_place(path: Path) -> Layout:
    """What a file that cannot be read should have been, by where it stands."""
    if path.suffix == ".tar":
        return "webdataset"
    return "imgedit" if path.parent.name == "Parquet" else "huggingface"


def _missing_files(root: Path) -> list[ReleaseFile]:
    """The files of rows that the folder's checksums list and that are not there."""
    try:
        sums = release_sums(root)
    except FaultError as error:
        msg = f"{root / SUMS} cannot be trusted: {error.fault.detail}; fetch it again, or remove it"
        raise ImgEditError(msg) from error
    names = [Path(name) for name in sums or () if name.endswith(DATA_SUFFIXES)]
    return [
        ReleaseFile(
            path=root / name,
            layout=_layout_by_place(name),
            fault=Fault(reason=Reason.MISSING_FILE, detail=f"{SUMS} lists it, it is not there"),
        )
        for name in names
        if ".." not in name.parts and not name.is_absolute() and not (root / name).exists()
    ]


def _numbered(ref: PairRef) -> PairRef:
    """A pair whose name another has already, under the name of its place."""
    fault = Fault(reason=Reason.BAD_ROW, detail=f"{ref.path}: the id {ref.name} stands twice")
    return replace(ref, name=f"{ref.path}:{ref.row}:{ref.turn}", fault=ref.fault or fault)


def _pair(ref: PairRef, row: StoredRow) -> ReadPair:
    if fault := turn_fault(row.values.get("turn"), row.values.get("turns")):
        raise FaultError(Reason.BAD_ROW, fault)
    instruction = row.text("instruction").strip()
    if not instruction:
        raise FaultError(Reason.BAD_ROW, "it has no instruction")
    for column in ("source", "target"):
        if column not in row.images:
            raise FaultError(Reason.BAD_ROW, f"it has no {column} image")
    sizes = {column: decode(row.images[column]).shape[:2] for column in _decoded(row)}
    height, width = sizes["source"]
    operations, masks = of_subjects(_operations(row), _masks(row, width, height))
    return ReadPair(
        uri=ref.uri,
        label=row.text("edit_type"),
        instruction=instruction,
        source=row.images["source"],
        target=row.images["target"],
        reference=row.images.get("reference"),
        width=width,
        height=height,
        masks=masks,
        operations=operations,
        dialogue=row.text("dialogue_id"),
        turn=_whole(row.values.get("turn")),
        turns=_whole(row.values.get("turns") or 0),
        given_score=_score(row.values.get("score")),
        licence=row.text("licence"),
        attribution=row.text("attribution"),
    )


def of_subjects(
    operations: Sequence[Operation], masks: tuple[str, ...]
) -> tuple[tuple[Operation, ...], tuple[str, ...]]:
    """Operations whose subjects index the masks, and the masks of their subjects alone.

    A row's masks are those of its own subjects, in order, or of all subjects of its dialogue.
    Where they are neither, nothing says what was done where, so there are no operations.
    """
    subjects = sorted({operation.subject for operation in operations})
    if not subjects:
        return (), masks
    if not masks and len(subjects) == 1:
        return tuple(replace(operation, subject=0) for operation in operations), masks
    if len(subjects) != len(masks):
        if not 0 <= subjects[0] <= subjects[-1] < len(masks):
            return (), masks
        masks = tuple(masks[subject] for subject in subjects)
    return tuple(replace(o, subject=subjects.index(o.subject)) for o in operations), masks


def _operations(row: StoredRow) -> tuple[Operation, ...]:
    text = row.text("operations")
    try:
        return operations_from_json(text) if text else ()
    except ValueError as error:
        raise FaultError(Reason.BAD_ROW, f"operations are none: {str(error)[:200]}") from error


def _decoded(row: StoredRow) -> list[str]:
    return [column for column in ("source", "target", "reference") if column in row.images]


def _masks(row: StoredRow, width: int, height: int) -> tuple[str, ...]:
    masks = row.values.get("masks") or []
    if not isinstance(masks, list):
        raise FaultError(Reason.BAD_ROW, f"masks is {type(masks).__name__}, not a list")
    return tuple(rle.counts for rle in fitting_masks(masks, width, height))


def fitting_masks(masks: Sequence[object], width: int, height: int) -> list[Rle]:
    """Masks that decode to an image's size.

    Raises:
        FaultError: BAD_ROW where one does not, or where they are too many.
    """
    if len(masks) > MAX_MASKS or len(masks) * width * height > MAX_MASK_PIXELS:
        detail = (
            f"{len(masks)} masks of {width} x {height} px, more than {MAX_MASKS} or "
            f"{MAX_MASK_PIXELS:,} pixels in all"
        )
        raise FaultError(Reason.BAD_ROW, detail)
    return [fitting_mask(counts, width, height) for counts in masks]


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
