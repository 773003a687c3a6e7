"""Published preference sets as lessons: pictures and scores that are not of this home."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmark.cases import pixels, sized
from benchmark.public_sets import RATED, RatedEdit, rated_edits
from benchmark.suites.pictures import Pictures
from imgedit_assets.judging.balance import cell_of
from imgedit_assets.judging.corpus_files import CorpusWriter
from models.judge.judgement import JudgeRequest
from models.judge.lesson import Lesson, is_held_out
from models.judge.origin import Origin
from resources.factory import Factory
from resources.profile_judges import CorpusSettings
from resources.recipes import digest

_LOOKED_AT = 100
"""Edits of a set that are looked at, for each that a grade may hold."""

MIXED = "hybrid"
"""Stands for the class, which the sets do not name."""


def published_sets(settings: CorpusSettings) -> Iterator[tuple[str, Path]]:
    """The sets that the profile names, with their folders."""
    for name in RATED:
        if folder := getattr(settings, name):
            yield name, Path(folder)


def published_stamps(settings: CorpusSettings) -> list[str]:
    """What changes with any file of these sets, without reading one."""
    return [
        f"{name} {file.relative_to(folder)} {file.stat().st_size} {file.stat().st_mtime_ns}"
        for name, folder in published_sets(settings)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]


def write_published(factory: Factory, writer: CorpusWriter) -> None:
    """Write lessons of each set, until each grade has its number.

    Raises:
        ImgEditError: The files of a set are not as published.
    """
    settings = factory.profile.judge_corpus
    for name, folder in published_sets(settings):
        most, taken = settings.public_per_grade, Counter[tuple[object, bool]]()
        with TemporaryDirectory(dir=factory.home.folder) as cache:
            edits = rated_edits(name, folder, Pictures(cache=Path(cache)))
            for edit in islice(edits, _LOOKED_AT * most):
                # Of what is held out as many: there may be hundreds of thousands.
                cell = cell_of(name, edit.label), is_held_out(edit.cluster)
                if taken[cell] < most:
                    taken[cell] += 1
                    writer.add(_lesson(factory, name, edit), "")


def _lesson(factory: Factory, name: str, edit: RatedEdit) -> Lesson:
    source = pixels(edit.source)
    return Lesson(
        id=digest("lesson", name, edit.key),
        request=JudgeRequest(
            edit_type=factory.edit_types[MIXED],
            edit_types=factory.edit_types,
            instruction=edit.instruction,
            operations=(),
            source=source,
            target=sized(pixels(edit.edited), source),
            masks=(),
        ),
        label=edit.label,
        origin=Origin.PUBLIC,
        group=edit.cluster,
        kind=name,
    )
