"""Writing a picture to a file of the user's."""

from io import BytesIO
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


def save(image: Rgb, path: Path, *, force: bool) -> None:
    """Write a picture in the format that the file's suffix names.

    Raises:
        ImgEditError: The format cannot hold it, or a file has come to be there since the check.
    """
    kind, settings = FORMATS[path.suffix.lower()]
    encoded = BytesIO()
    try:
        Image.fromarray(image).save(encoded, kind, **settings)
    except (OSError, ValueError) as error:
        height, width = image.shape[:2]
        msg = f"{path}: {kind} cannot hold {width} x {height} px ({error}); end the name with .png"
        raise ImgEditError(msg) from error
    # Only now is a file that is there overwritten.
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(encoded.getbuffer())
    except FileExistsError as error:
        msg = f"{path}: is there already; --force overwrites it"
        raise ImgEditError(msg) from error
