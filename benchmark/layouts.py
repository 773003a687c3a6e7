"""Where a folder of outputs holds which output: ImgEdit's layout, GEdit's, KRIS's and our own.

imgedit   <key>.png, or <key>_<turn>.png for cases of several turns
gedit     fullset/<task>/<language>/<key>.png, perhaps below a folder of the model
kris      <category>/<id>.jpg or .png, perhaps below results/ and a folder of the model
run       images/<id>/<epoch>.png, or <epoch>_<turn>.png for cases of several turns
"""

from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from benchmark.cases import BenchCase
from models.faults import ImgEditError


class Layout(StrEnum):
    """How a folder of outputs is laid out."""

    IMGEDIT = "imgedit"
    GEDIT = "gedit"
    KRIS = "kris"
    RUN = "run"


_OF_SUITES = {"gedit": Layout.GEDIT, "kris": Layout.KRIS}


def layout_of(folder: Path, suite: str) -> Layout:
    """The layout of a folder of outputs: a run's own, or else that of the suite's publishers."""
    if (folder / "run_spec.json").exists():
        return Layout.RUN
    return _OF_SUITES.get(suite, Layout.IMGEDIT)


def outputs_root(folder: Path, layout: Layout) -> Path:
    """The folder in which the paths of `output_names` begin: the given one, or one below it.

    Raises:
        ImgEditError: It is not there, or holds the outputs of several models.
    """
    if not folder.is_dir():
        message = f"{folder} is not a folder; give the folder that holds the outputs"
        raise ImgEditError(message)
    if layout is Layout.GEDIT:
        return _model_folder(folder, "fullset")
    if layout is Layout.KRIS:
        below = folder / "results"
        if below.is_dir() or folder.name == "results":
            return _model_folder(below if below.is_dir() else folder, "")
    return folder


def output_names(
    case: BenchCase, layout: Layout, *, turn: int = 1, epoch: int = 1
) -> tuple[str, ...]:
    """Where an output may lie below `outputs_root`, with slashes; the preferred place first.

    Args:
        case: The case. Ids of GEdit are `<task>/<language>/<key>`, of KRIS `<category>/<id>`.
        layout: The layout.
        turn: Counted from 1; told only by names of cases of several turns.
        epoch: Counted from 1; told only by the names of a run.
    """
    several = f"_{turn}" if len(case.turns) > 1 else ""
    match layout:
        case Layout.IMGEDIT:
            return (f"{safe_name(case.id)}{several}.png",)
        case Layout.GEDIT:
            return (f"fullset/{_safe_path(case.id)}.png",)
        case Layout.KRIS:
            return tuple(f"{_safe_path(case.id)}{suffix}" for suffix in (".jpg", ".png"))
        case Layout.RUN:
            return (f"images/{safe_name(case.id)}/{epoch}{several}.png",)


def output_path_of(
    case: BenchCase, folder: Path, layout: Layout, *, turn: int = 1, epoch: int = 1
) -> Path:
    """Where an output lies, or would have to.

    Args:
        case: The case.
        folder: As `outputs_root` gives it.
        layout: The layout.
        turn: Counted from 1.
        epoch: Counted from 1.
    """
    places = [folder / name for name in output_names(case, layout, turn=turn, epoch=epoch)]
    return next((place for place in places if place.exists()), places[0])


def safe_name(name: str) -> str:
    """The name as one component of a path, whatever it holds; plain names stay as they are."""
    quoted = quote(name, safe="-_.() ,")
    return quoted if quoted.strip(". ") else quoted.replace(".", "%2E").replace(" ", "%20") or "%00"


def _safe_path(name: str) -> str:
    return "/".join(safe_name(part) for part in name.split("/"))


def _model_folder(folder: Path, inside: str) -> Path:
    """The folder itself where it holds `inside`, or else the only one below it that does."""
    if inside and (folder / inside).is_dir():
        return folder
    models = sorted(
        path
        for path in folder.iterdir()
        if (path / inside).is_dir() and not path.name.startswith(".")
    )
    if len(models) > 1:
        names = ", ".join(path.name for path in models)
        message = f"{folder} holds the outputs of several models ({names}): give one of them"
        raise ImgEditError(message)
    return models[0] if models else folder
