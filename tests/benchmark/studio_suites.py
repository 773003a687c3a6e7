"""The studio suites, made once for all tests of a process."""

import tempfile
from functools import cache
from pathlib import Path

from benchmark.cases import BenchCase, pixels
from benchmark.editors.editor import EditCall
from benchmark.suites import studio
from benchmark.suites.studio.pictures import StudioSuite
from benchmark.suites.studio.versions import pixels_of, version_of

_FOLDER = tempfile.TemporaryDirectory(prefix="studio-suites-")


@cache
def suite(name: str) -> StudioSuite:
    """The suite, with pictures in a folder of this process."""
    return studio.load(name, Path(_FOLDER.name))


def case_of(name: str, task: str, at: int = 0) -> BenchCase:
    """A case of a task, by its place."""
    return [case for case in suite(name).cases() if case.task == task][at]


def call_for(case: BenchCase, turn: int = 1) -> EditCall:
    """A turn put to an editor, said of the truth's version."""
    start = case.turns[turn - 1].starts_from
    image = pixels_of(version_of(case, start)) if start else pixels(case.source)
    return EditCall(case=case, turn=turn, epoch=1, image=image, reference=None, seed=3)
