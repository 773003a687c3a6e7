"""Make the studio's own lessons, train on them, and write down how that judge does.

    python -m models.judge.studio_lessons --first 20 --scenes 60 --cache /tmp/lessons

Measured scenes are kept in the cache, so that a run that was ended goes on where it was.
"""

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from models.edit_types.registry import load_edit_types
from models.faults import ImgEditError
from models.judge.lesson import Lesson, is_held_out
from models.judge.pair import MetricJudge
from models.judge.small.learner import STUDIO, lesson_row
from models.judge.small.table import Table, joined
from models.judge.small.words import Reader
from models.judge.studio_lessons.lessons import LEARNT, UNSEEN, lessons_of
from models.judge.studio_lessons.report import report

log = logging.getLogger("studio_lessons")


def main() -> None:
    """Measure the scenes, keep them as one table, and report."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asked = _arguments()
    asked.cache.mkdir(parents=True, exist_ok=True)
    reader, metric = Reader(), MetricJudge()
    reader.setup()
    metric.setup()
    for number in range(asked.first, asked.first + asked.scenes):
        path = asked.cache / f"{number}.safetensors"
        if not path.exists():
            rows = (lesson_row(lesson, reader, metric) for lesson in _lessons(number))
            scene = joined([row for row in rows if row is not None])
            scene.save(path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
            log.info("scene %d: %d lessons", number, len(scene))
    paths = sorted(asked.cache.glob("*.safetensors"), key=lambda path: int(path.stem))
    table = joined([Table.load(path) for path in paths])
    try:
        with TemporaryDirectory() as folder:
            told = report(table, Path(folder))
    except ImgEditError as error:
        raise SystemExit(str(error)) from None
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    table.save(asked.out)
    (asked.out.parent / "README.md").write_text(told, encoding="utf-8")


def _lessons(number: int) -> Iterator[Lesson]:
    """Lessons of one scene; with the faults that are kept for the trial where it is held out."""
    types = load_edit_types()
    met = set()
    for syllabus in (LEARNT, UNSEEN):
        for lesson in lessons_of(number, types, syllabus):
            if lesson.id not in met and (syllabus is LEARNT or is_held_out(lesson.group)):
                met.add(lesson.id)
                yield lesson


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.judge.studio_lessons")
    add = parser.add_argument
    add("--first", type=int, default=20, help="number of the first training scene")
    add("--scenes", type=int, default=60, help="how many of them")
    add("--cache", type=Path, required=True, help="keeps measured scenes")
    add("--out", type=Path, default=STUDIO, help="where the lessons are written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
