"""Writes the zoo: one folder for each checkpoint."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

from models.faults import ImgEditError

Builder = Callable[[Path], None]
"""Writes one checkpoint into an empty folder, the same bytes each time."""

_FAMILIES = (
    "open_clip",
    "detectors",
    "segmenters",
    "vlms",
    "judges",
    "sdxl",
    "instruct_pix2pix",
    "flux",
    "flux2",
    "siglip",
    "qwen_image",
)
"""Modules beside this one, each with its `BUILDERS`."""


def builders() -> Mapping[str, Builder]:
    """Every checkpoint of the zoo by its name."""
    found: dict[str, Builder] = {}
    for family in _FAMILIES:
        found |= import_module(f"models.zoo.{family}").BUILDERS
    return found


def build_zoo(folder: Path, names: tuple[str, ...] = ()) -> Iterator[tuple[str, Path]]:
    """Write checkpoints that are not there yet, yielding each with its name as it is done.

    Args:
        folder: Where to; made if need be.
        names: Which; all if empty.

    Raises:
        ImgEditError: There is no checkpoint of that name.
    """
    known = builders()
    if unknown := [name for name in names if name not in known]:
        msg = f"the zoo has no {', '.join(unknown)}; it has {', '.join(known)}"
        raise ImgEditError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or known:
        place = folder / name
        if not place.exists():
            _write_whole(known[name], place)
        yield name, place


def _write_whole(build: Builder, place: Path) -> None:
    """Build beside the place and move it there, so that a killed build leaves nothing half."""
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".building-") as scratch:
        made = Path(scratch) / place.name
        made.mkdir()
        build(made)
        try:
            made.rename(place)
        except OSError as error:
            msg = (
                f"{place} cannot be written: {error.strerror}; move what is there, or name another"
            )
            raise ImgEditError(msg) from error
