"""Suites of drawn scenes: the same for everyone, with known truth."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from models.faults import ImgEditError

if TYPE_CHECKING:
    from benchmark.suites.studio.pictures import StudioSuite

NAMES = ("studio-basic", "studio-uge", "studio-multiturn")


@lru_cache(maxsize=8)
def load(name: str, cache: Path) -> "StudioSuite":
    """The suite of that name; its pictures are drawn when asked for, and kept under `cache`.

    Raises:
        ImgEditError: There is no such suite.
    """
    from benchmark.suites.studio import basic, multiturn, uge
    from benchmark.suites.studio.pictures import REVISION, StudioSuite

    folder = Path(cache) / f"studio-{REVISION}"
    match name:
        case basic.NAME:
            return StudioSuite(name=name, tasks=tuple(basic.COUNTS), made=basic.basic_cases(folder))
        case uge.NAME:
            return StudioSuite(name=name, tasks=(uge.TASK,), made=uge.uge_cases(folder))
        case multiturn.NAME:
            made = multiturn.multiturn_cases(folder)
            return StudioSuite(name=name, tasks=tuple(multiturn.TURNS), made=made)
    message = f"no studio suite {name!r}: they are {', '.join(NAMES)}"
    raise ImgEditError(message)
