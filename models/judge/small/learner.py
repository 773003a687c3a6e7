"""How the small judge is trained: on the lessons of the studio that ship here, and on one's own."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from models.faults import FaultError, ImgEditError
from models.geometry import Rgb
from models.judge.deserved import GOOD_FAILURE
from models.judge.judgement import Judgement
from models.judge.learner import RECIPE
from models.judge.lesson import Lesson, LessonCard, Lessons, is_held_out
from models.judge.pair import MetricJudge
from models.judge.small.card import card
from models.judge.small.held_out import Standing, figures, standings
from models.judge.small.judge import SmallJudge, measures
from models.judge.small.looks import seen
from models.judge.small.scale import Scale
from models.judge.small.table import Table, joined, pooled, table_row
from models.judge.small.trees import Trees
from models.judge.small.weights import FILE, KIND, SmallWeights
from models.judge.small.words import Reader
from models.recorded import Recorded
from models.weights import CheckpointError

Floats = NDArray[np.float32]

STUDIO = Path(__file__).parent / "studio" / "lessons.safetensors"
"""Lessons of training scenes, as numbers (`python -m models.judge.studio_lessons`)."""
LEAST = 20
"""Lessons below which nothing is learnt."""
_FOLDS = 4
_BLANK = 1.0
"""A source whose tones spread over less, of 255, shows nothing."""
_MEASURED, _NEW, _CARD = ".measured.safetensors", ".new", "README.md"
_KEPT_EVERY = 50
_AT_ONCE = 2
"""Lessons that are measured together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallLearner(Recorded):
    """Grows a forest over the measures of pairs, and calibrates what it says.

    A corpus of 398 lessons takes a minute on two cores, nearly all of it for measuring the
    pictures.
    """

    kind: ClassVar[str] = KIND
    version: ClassVar[str] = "1"

    studio: bool = True
    """Learn from the studio's own lessons too; without them a corpus must stand alone."""
    emphasis: float = 3.0
    """What one lesson of the corpus counts for, against one of the studio's own."""
    trees: int = 200
    seed: int = 0

    def learn(
        self, lessons: Lessons, folder: Path, *, tell: Callable[[str], None], device: str = ""
    ) -> Mapping[str, float]:
        """Train, calibrate and try a judge; an older checkpoint stays until the new one is sound.

        Args:
            lessons: What there is to learn, and to be tried on.
            folder: Where the checkpoint is written; what a killed run had measured is kept there.
            tell: Is told how it goes.
            device: Of no use to it: trees grow on the processor.

        Returns:
            Of held-out pairs: `spearman`, `within_one`, `mean_error` and `ece`, for `small_` and,
            on those that it judged as well, `metric_`; `lessons`, `held_out` and `seconds`.

        Raises:
            ImgEditError: Nothing can be learnt from these lessons; the text says what to do.
        """
        del device
        start = time.monotonic()
        _check_labels(lessons.cards)
        if not self.studio:
            _check_enough([c.label.score for c in lessons.cards if not is_held_out(c.group)])
        folder.mkdir(parents=True, exist_ok=True)
        own = self._measured(lessons, folder, tell)
        parts = [Table.load(STUDIO)] if self.studio else []
        counts = [1.0] * len(parts)
        if own is not None:
            parts.append(own)
            counts.append(self.emphasis)
        weight = np.repeat(np.asarray(counts, np.float32), [len(part) for part in parts])
        found = self.learn_table(joined(parts), folder, weight=weight, tell=tell)
        (folder / _MEASURED).unlink(missing_ok=True)
        return {**found, "seconds": time.monotonic() - start}

    def learn_table(
        self,
        table: Table,
        folder: Path,
        *,
        tell: Callable[[str], None],
        weight: Floats | None = None,
    ) -> Mapping[str, float]:
        """The same of lessons that are measured; `weight` is what each counts for."""
        each = np.ones(len(table), np.float32) if weight is None else weight
        held = np.array([is_held_out(group) for group in table.groups])
        learnt = table.where(~held)
        _check_enough(learnt.scores)
        tell(f"growing {self.trees} trees on {len(learnt)} lessons")
        scale = Scale.fitted(self.crossed(learnt, each[~held]), learnt.labels, each[~held])
        trees = self._grown(learnt, each[~held])
        tried = table.where(held)
        said = pooled(trees.predict(tried.x), tried.pair, tried.at) if len(tried) else None
        ranked = standings(tried, said, scale)
        own = frozenset(one.edit_type for one in ranked if one.is_better)
        if not own:
            message = (
                f"no class of {len(tried)} held-out pairs shows that {len(learnt)} lessons make a "
                "better judge than the metric judge, which stays in its place: see whether the "
                "labels are right, and give lessons about more images, or set studio = true"
            )
            raise ImgEditError(message)
        weights = SmallWeights(names=learnt.names, classes=own, trees=trees, scale=scale)
        sizes = {"lessons": float(len(learnt)), "held_out": float(len(tried))}
        found = figures(tried, said, scale) | sizes
        self._put(weights, ranked, found, folder)
        tell(f"better than the metric judge at {', '.join(sorted(own))}")
        return found

    def _grown(self, learnt: Table, weight: Floats) -> Trees:
        looks = np.bincount(learnt.pair, minlength=len(learnt))
        each = (weight / looks)[learnt.pair].astype(np.float32)
        return Trees.grown(
            learnt.x, learnt.labels[learnt.pair], each, trees=self.trees, seed=self.seed
        )

    def crossed(self, learnt: Table, weight: Floats) -> Floats:
        """What is said of each pair by trees that learnt from other sources; pairs x 3."""
        fold = np.array([_fold(group) for group in learnt.groups])
        said = np.zeros((len(learnt), 3), np.float32)
        for number in np.unique(fold):
            away = fold == number
            if away.all():
                message = (
                    f"lessons of {len(set(learnt.groups))} source images cannot be calibrated: "
                    "give lessons about more images, or set studio = true"
                )
                raise ImgEditError(message)
            trees, rest = self._grown(learnt.where(~away), weight[~away]), learnt.where(away)
            said[away] = pooled(trees.predict(rest.x), rest.pair, rest.at)
        return said

    def _measured(
        self, lessons: Lessons, folder: Path, tell: Callable[[str], None]
    ) -> Table | None:
        """The numbers of all lessons, and the metric judge's word on those that are held out."""
        cards, known = lessons.cards, _kept(folder / _MEASURED)
        reader, metric = Reader(), MetricJudge()
        reader.setup()
        blank: list[str] = []
        rows: dict[int, Table] = {}
        # Lessons of one source are read together: they have its pixels in common.
        order = sorted(range(len(cards)), key=lambda at: cards[at].group)

        def row_of(at: int) -> Table | None:
            if (row := known.get(cards[at].id)) is not None:
                return row
            lesson = lessons[at]
            if _spread(lesson.request.source) < _BLANK:
                blank.append(lesson.id)
                return None
            return lesson_row(lesson, reader, metric)

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            try:
                for at, row in zip(order, pool.map(row_of, order), strict=True):
                    if row is None:
                        continue
                    rows[at] = row
                    if len(rows) % _KEPT_EVERY == 0:
                        joined(list(rows.values())).save(folder / _MEASURED)
                        tell(f"measured {len(rows)} of {len(cards)} lessons")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if blank:
            tell(f"{len(blank)} of {len(cards)} lessons have a blank source and are left out")
        if cards and not rows:
            message = (
                f"none of {len(cards)} lessons can be measured ({len(blank)} have a blank source): "
                "see whether the corpus holds its pictures"
            )
            raise ImgEditError(message)
        return joined([rows[at] for at in sorted(rows)]) if rows else None

    def _put(
        self,
        weights: SmallWeights,
        ranked: Sequence[Standing],
        found: Mapping[str, float],
        folder: Path,
    ) -> None:
        """Write the checkpoint aside, try it, and put it in the place of an older one."""
        aside = folder / _NEW
        aside.mkdir(exist_ok=True)
        weights.save(aside, {"made": self.params(), "good_failure": GOOD_FAILURE})
        (aside / _CARD).write_text(card(ranked, found), encoding="utf-8")
        SmallJudge(folder=aside).setup()
        for name in (FILE, _CARD, RECIPE):
            (aside / name).replace(folder / name)
        aside.rmdir()


def lesson_row(lesson: Lesson, reader: Reader, metric: MetricJudge) -> Table | None:
    """The lesson as numbers, with the metric judge's word where it is held out.

    None where nothing can be measured.
    """
    try:
        pair = seen(lesson.request)
    except FaultError:
        return None
    if not pair.looks:
        return None
    (word,) = metric.judge([lesson.request]) if is_held_out(lesson.group) else (None,)
    return table_row(
        pair,
        measures(pair, reader),
        lesson.label,
        id=lesson.id,
        group=lesson.group,
        kind=lesson.kind,
        metric=word.capped().score if isinstance(word, Judgement) else None,
    )


def _spread(image: Rgb) -> float:
    """The standard deviation of its tones, 0 to 127.5: of the channel that varies most."""
    return float(cv2.meanStdDev(image)[1].max())


def _kept(path: Path) -> Mapping[str, Table]:
    """What an earlier run had measured, by lesson."""
    try:
        table = Table.load(path)
    except CheckpointError:
        return {}
    return {name: table.taken([at]) for at, name in enumerate(table.ids)}


def _fold(group: str) -> int:
    return sha256(f"fold\0{group}".encode()).digest()[0] % _FOLDS


def _check_labels(cards: Sequence[LessonCard]) -> None:
    """See whether all labels are on the scale.

    Raises:
        ImgEditError: One is not.
    """
    for about in cards:
        criteria = (about.label.adherence, about.label.quality, about.label.preservation)
        if not all(1 <= value <= 5 for value in criteria):
            message = f"lesson {about.id} has the label {criteria}: 1 to 5 are grades; mend it"
            raise ImgEditError(message)


def _check_enough(scores: Sequence[float] | Floats) -> None:
    """See whether there is something to learn.

    Raises:
        ImgEditError: There are too few lessons, or all have the same score.
    """
    if len(scores) < LEAST:
        message = (
            f"{len(scores)} lessons may be learnt from, and {LEAST} are needed: make pairs of "
            "more images, or set studio = true"
        )
        raise ImgEditError(message)
    if float(np.ptp(scores)) < 0.5:
        message = (
            f"all {len(scores)} lessons have scores near {np.mean(scores):.1f}: nothing is "
            "learnt from equal scores; add worse pairs, or better ones"
        )
        raise ImgEditError(message)
