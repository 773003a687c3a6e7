"""The corpus that judges learn from, as an artefact: planned, named by content, written once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from imgedit_assets.artefacts.publishing import Artefact, Finding, content_id, no_proof
from imgedit_assets.judging.balance import Cells, problems
from imgedit_assets.judging.corpus_files import CorpusLessons, CorpusWriter
from imgedit_assets.judging.drawing import VERSION, lessons_of
from imgedit_assets.judging.exercises import Exercise, exercises
from imgedit_assets.judging.published import published_stamps, write_published
from imgedit_assets.judging.rated import rated_pairs
from imgedit_assets.rating.labels import labels_state
from imgedit_assets.sample.quarantine import active
from imgedit_assets.sample.reviews import taught
from models.faults import ImgEditError
from models.judge.origin import Origin
from resources.factory import Factory, Progress
from resources.object_store import fetch_latest
from resources.recipes import canonical_json, digest
from resources.releases.checksums import Digests
from resources.releases.latest import latest_of
from resources.schema import EditPair

CORPUS = "corpus"

SHELF = "judge_corpus"

_AT_ONCE = 2
"""Classes whose lessons are drawn together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPlan:
    """What a corpus will hold."""

    exercises: tuple[Exercise, ...]
    notes: tuple[str, ...]
    """What was wrong with ratings, a line each."""
    version: str
    """The same exercises under the same settings have the same."""


def plan_corpus(factory: Factory) -> CorpusPlan:
    """Choose the pairs to learn from; draws nothing.

    Raises:
        ImgEditError: A file that the profile names cannot be read, or contradicts itself.
    """
    rated = rated_pairs(factory)
    chosen = exercises(factory, rated.labels)
    settings = factory.profile.judge_corpus
    public = [settings.public_per_grade, *published_stamps(settings)]
    said = canonical_json([settings.most_per_cell, public, *(_told(e) for e in chosen)])
    return CorpusPlan(
        exercises=chosen, notes=rated.notes, version=content_id(CORPUS, VERSION, said)
    )


def _told(exercise: Exercise) -> list[object]:
    label = exercise.label
    said = [label.adherence, label.quality, label.preservation, label.reason] if label else []
    return [exercise.pair_id, exercise.flaws, exercise.origin, *said]


def corpus_artefact(factory: Factory, plan: CorpusPlan) -> Artefact[Finding]:
    """A plan as an artefact."""
    return Artefact(
        kind=CORPUS,
        shelf=SHELF,
        name="lessons",
        version=plan.version,
        row_ids=tuple(sorted({exercise.pair_id for exercise in plan.exercises})),
        write=partial(_write, factory, plan),
        prove=no_proof,
    )


def corpus_state(factory: Factory) -> str:
    """Changes with whatever a corpus is planned from; cheaper than a plan."""
    finished = (head.id + head.finished_at for head in factory.store.heads(EditPair.TABLE))
    settings = factory.profile.judge_corpus
    marks = sorted(mark.id for mark in active(factory.store))
    stamps = [f"{path} {_changed_at(Path(path))}" for path in settings.ratings]
    stamps += published_stamps(settings)
    said = sorted(f"{pair} {label}" for pair, label in taught(factory.store).items())
    said += labels_state(factory.store)
    return digest(settings.model_dump_json(), VERSION, *stamps, *said, *marks, *sorted(finished))


def _changed_at(path: Path) -> int:
    """When a file was written last, in ns; 0 where there is none."""
    return path.stat().st_mtime_ns if path.is_file() else 0


def can_teach(factory: Factory, corpus: Path) -> bool:
    """Whether a judge can be trained of a corpus."""
    try:
        problems(corpus_lessons(factory, corpus).cards)
    except ImgEditError:
        return False
    return True


def current_corpus(factory: Factory) -> Path | None:
    """The corpus that was written last; None before the first."""
    shelf = factory.home.folder / SHELF
    fetch_latest(factory.home, shelf)
    return latest_of(shelf)


def corpus_lessons(
    factory: Factory, root: Path, origins: Sequence[Origin] = tuple(Origin)
) -> CorpusLessons:
    """The lessons of a corpus, read as they are asked for."""
    return CorpusLessons(root, factory.edit_types, origins)


def _write(factory: Factory, plan: CorpusPlan, root: Path, digests: Digests) -> None:
    del root
    writer = CorpusWriter(digests)
    by_class = [
        list(some) for _, some in groupby(_in_classes(plan.exercises), key=lambda e: e.edit_type)
    ]
    progress = Progress(asset="judge_corpus")
    factory.on_progress(progress.at(total=len(plan.exercises)))

    def draw(some: Sequence[Exercise]) -> None:
        cells = Cells(factory.profile.judge_corpus.most_per_cell)
        pairs = factory.store.by_ids(EditPair, [exercise.pair_id for exercise in some])
        for exercise in some:
            for lesson in lessons_of(factory, exercise, pairs[exercise.pair_id]):
                if cells.takes(exercise.edit_type, lesson.label, group=lesson.group):
                    writer.add(lesson, exercise.pair_id)
            factory.on_progress(progress.at(total=len(plan.exercises), advanced=1))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(draw, by_class))
    write_published(factory, writer)
    writer.close()


def _in_classes(chosen: Sequence[Exercise]) -> list[Exercise]:
    """By class; within one as they were, so that what was rated takes its cells first."""
    return sorted(chosen, key=lambda exercise: exercise.edit_type)
