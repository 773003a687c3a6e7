"""Writing a picture to a file of the user's."""

from pathlib import Path

from PIL import Image

from models.faults import ImgEditError
from models.geometry import Rgb

FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    ".png": ("PNG", {}),
    ".webp": ("WEBP", {"lossless": True}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
}


def check_target(path: Path, *, force: bool) -> None:
    """Make sure that a picture may be written to a file.

    Raises:
        ImgEditError: Its suffix names no format, its folder is not there, or it exists already.
    """
    if path.suffix.lower() not in FORMATS:
        msg = f"{path}: unknown kind of picture; end the name with {', '.join(FORMATS)}"
    elif not path.parent.is_dir():
        msg = f"{path}: the folder {path.parent} is not there; create it first"
    elif path.is_dir():
        msg = f"{path}: is a folder; give the name of a file"
    elif path.exists() and not force:
        msg = f"{path}: is there already; --force overwrites it"
    else:
        return
    raise ImgEditError(msg)


def save(image: Rgb, path: Path) -> None:
    """Write a picture in the format that the file's suffix names."""
    kind, settings = FORMATS[path.suffix.lower()]
    Image.fromarray(image).save(path, kind, **settings)
