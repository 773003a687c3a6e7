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


LONGEST_PX = {"WEBP": 16_383, "JPEG": 65_500}
"""The longest side that a format, or its encoder, can hold."""


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
    """Write a picture in the format that the file's suffix names.

    Raises:
        ImgEditError: The format cannot hold a side so long.
    """
    kind, settings = FORMATS[path.suffix.lower()]
    height, width = image.shape[:2]
    if max(width, height) > LONGEST_PX.get(kind, max(width, height)):
        msg = f"{path}: {width} x {height} px; {kind} ends at {LONGEST_PX[kind]} px: name a .png"
        raise ImgEditError(msg)
    Image.fromarray(image).save(path, kind, **settings)
