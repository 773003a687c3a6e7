"""Where the files of the published ImgEdit lie once they are unpacked, and what they score.

Its Parquet names images by `<folder>/<sample>/original.png`, by bare names, or by paths of the
machine that made them; its archives unpack to those folders, to others, or to the samples alone.
"""

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath

from models.faults import Fault, FaultError, Reason
from resources.reading import parse_json, read_regular
from resources.releases.checksums import file_inside
from resources.releases.stored import stamp_of
from resources.releases.tree import files_under

SCORES = "all_dataset_gpt_score.json"

_SAMPLE = re.compile(r"\d+(_\d+)+")
"""The folder of a sample: there are a million, so none is looked into for the name of another."""
_GENERIC = re.compile(r"(original|origin|result)(_\d+)?")
"""Files that every sample has: without its folder, such a name says nothing."""
_MAX_TOPS = 1000
_MAX_PARTS = 64


def find_image(root: Path, parquet: str, name: str) -> Path:
    """The file of an image that a row names.

    Looked for from the folder that holds `Parquet` and below `Singleturn` and `Multiturn`; then by
    its last parts, in the folders there.

    Raises:
        FaultError: MISSING_FILE, also where several files may be meant; OUTSIDE_FOLDER.
    """
    home = Path(parquet).parent
    home = home.parent if home.name == "Parquet" else home
    parts = PurePosixPath(name).parts
    if len(parts) > _MAX_PARTS:
        raise FaultError(Reason.BAD_ROW, f"{name[:60]!r} is no path of an image")
    if not PurePosixPath(name).is_absolute():
        for place in (home, home / "Singleturn", home / "Multiturn", Path()):
            if found := _inside(root, place / name):
                return found
    for tail in _tails([part for part in parts if part != "/"]):
        places = [home, *(Path(top) for top in _tops(root, home))]
        hits = {found for place in places if (found := _inside(root, place / tail))}
        if len(hits) > 1:
            some = ", ".join(sorted(hit.relative_to(root).as_posix() for hit in hits)[:3])
            raise FaultError(Reason.MISSING_FILE, f"{name} may be any of {some}")
        if hits:
            return hits.pop()
    if PurePosixPath(name).is_absolute():
        detail = f"{name} is outside of the release, and no file in it ends so"
        raise FaultError(Reason.OUTSIDE_FOLDER, detail)
    raise FaultError(Reason.MISSING_FILE, f"{name} is not there{_archives(root)}")


def _inside(root: Path, place: Path) -> Path | None:
    try:
        return file_inside(root, place.as_posix())
    except FaultError as error:
        if error.fault.reason is not Reason.MISSING_FILE:
            raise
    return None


def _tails(parts: list[str]) -> Iterator[Path]:
    """The last three parts of a path, the last two, and the last where it says enough."""
    for length in range(min(3, len(parts)), 0, -1):
        if length > 1 or not _GENERIC.fullmatch(Path(parts[-1]).stem):
            yield Path(*parts[-length:])


@lru_cache(maxsize=8)
def _tops(root: Path, home: Path) -> tuple[str, ...]:
    """`Singleturn` and `Multiturn`, and the folders in them that are no samples."""
    tops: list[str] = []
    for family in ("Singleturn", "Multiturn"):
        folder = root / home / family
        if folder.is_symlink() or not folder.is_dir():
            continue
        tops.append((home / family).as_posix())
        with os.scandir(folder) as entries:
            tops += sorted(
                (home / family / entry.name).as_posix()
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not _SAMPLE.fullmatch(entry.name)
            )
    return tuple(tops[:_MAX_TOPS])


@lru_cache(maxsize=8)
def _archives(root: Path) -> str:
    """What to do first where the published archives still lie packed."""
    packed = next((p for p in files_under(root).paths if ".tar.split." in p.name), None)
    if packed is None:
        return ""
    stem = packed.relative_to(root).as_posix().rpartition(".")[0]
    return f"; unpack the archives first: cat {stem}.* | tar -x -C {Path(stem).parent}"


def class_of(path: str) -> str:
    """`version_backtracking` of `Parquet/results_version_backtracking_part0.parquet`."""
    return re.sub(r"(^results_)|(_laion)|(_part\d+$)", "", Path(path).stem)


def given_score(root: Path, target: str) -> object:
    """What the set's list of scores says of a result, by its path or that of its folder."""
    path = root / SCORES
    scores = _scores(path, stamp) if (stamp := stamp_of(path)) else {}
    if isinstance(scores, Fault):
        raise FaultError(scores.reason, scores.detail)
    place = PurePosixPath(target)
    return scores.get(target, scores.get(place.parent.as_posix()))


@lru_cache(maxsize=2)
def _scores(path: Path, stamp: str) -> Mapping[str, object] | Fault:
    """The list of scores; where it is none, a fault of every row, found out once."""
    try:
        scores = parse_json(read_regular(path))
    except FaultError as error:
        return error.fault
    except ValueError as error:
        return Fault(reason=Reason.BAD_ROW, detail=f"{path.name}: {error}")
    if not isinstance(scores, dict):
        detail = f"{path.name} is no object of paths and scores"
        return Fault(reason=Reason.BAD_ROW, detail=detail)
    return scores
