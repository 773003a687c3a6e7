"""Photographs that installed packages bring along, with annotations written for them."""

import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from models.annotation import AnnotatedObject, Annotation
from models.faults import FaultError, Reason
from resources.sources.item import SourceItem


class _Photo(BaseModel):
    """One entry of `photos.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str
    path: str
    width: int
    height: int
    caption: str
    objects: tuple[AnnotatedObject, ...]
    background_nouns: tuple[str, ...]
    licence: str
    attribution: str


class PackagePhotos:
    """The curated photographs of those packages that are installed here."""

    name = "photos"

    def items(self) -> Iterator[SourceItem]:
        """The photographs in the order of `photos.toml`; absent packages are passed over."""
        for photo in _catalogue():
            folder = _package_folder(photo.package)
            if folder is None or not (folder / photo.path).is_file():
                continue
            yield SourceItem(
                uri=f"package://{photo.package}/{photo.path}",
                annotation=Annotation(
                    caption=photo.caption,
                    objects=photo.objects,
                    background_nouns=photo.background_nouns,
                ),
                licence=photo.licence,
                attribution=photo.attribution,
            )


def package_file(uri: str) -> Path:
    """The file of a `package://` URI, found without importing the package.

    Raises:
        FaultError: MISSING_FILE where the package is not installed, OUTSIDE_FOLDER for a path
            that leaves it.
    """
    parts = urlsplit(uri)
    folder = _package_folder(parts.netloc)
    if folder is None:
        raise FaultError(Reason.MISSING_FILE, f"package {parts.netloc!r} is not installed")
    path = (folder / parts.path.lstrip("/")).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise FaultError(Reason.OUTSIDE_FOLDER, f"{uri} leaves its package")
    return path


def _package_folder(package: str) -> Path | None:
    spec = find_spec(package) if package.isidentifier() else None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


@lru_cache(maxsize=1)
def _catalogue() -> tuple[_Photo, ...]:
    text = (files("resources.sources") / "photos.toml").read_text(encoding="utf-8")
    return tuple(_Photo.model_validate(p) for p in tomllib.loads(text)["photo"])
