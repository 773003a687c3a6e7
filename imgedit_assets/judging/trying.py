"""What judges say of the lessons that are held out, beside what is true."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl

from imgedit_assets.judging.corpus_files import CRITERIA, CorpusLessons
from imgedit_assets.judging.drawing import PAINTED
from models.faults import Fault
from models.geometry import differing
from models.judge.judgement import Judgement, JudgeRequest
from models.judge.lesson import Lesson, is_held_out
from models.judge.origin import Origin

SETS = ("spoiled", "painted", "human", "public")
"""Results of known flaw and degree; what painters made of studio scenes; what people rated, here
and in published sets."""

AT_ONCE = 8
"""Pairs that a judge gets together; the first of them twice, which tells its noise."""
_THREADS = 2

TRIVIAL = ("always 3", "mean", "changed area", "copy")


class Asked(Protocol):
    """A judge."""

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a judge said."""

    rows: pl.DataFrame
    """`judge`, `lesson`, `set`, `edit_type`, `kind`, `group`; `score` and each criterion as judged,
    and as `true_score` and so on as they are; `probability` of a good pair, null from a judge that
    tells none. What the judge failed at is not there."""
    faults: int
    """Pairs that it failed at."""
    noise: float
    """The mean difference of its scores when it is asked again, in points; NaN if it was not."""


Answer = tuple[Lesson, Judgement | Fault]


def set_of(origin: Origin, kind: str) -> str:
    """The set that a held-out lesson belongs to; empty for what is no truth."""
    if origin in (Origin.HUMAN, Origin.PUBLIC):
        return str(origin)
    if origin is not Origin.ORACLE:
        return ""
    return "painted" if kind == PAINTED else "spoiled"


def tried_on(lessons: CorpusLessons) -> list[int]:
    """The lessons that judges are tried on: held out, and of known truth."""
    return [
        at
        for at, card in enumerate(lessons.cards)
        if is_held_out(card.group) and set_of(card.origin, card.kind)
    ]


def try_judges(
    trained: Mapping[str, Asked], others: Mapping[str, Asked], lessons: CorpusLessons
) -> dict[str, Tried]:
    """Ask judges about every held-out lesson, each of which is read once.

    Args:
        trained: By name; each gets some pairs together, and the first of them twice.
        others: By name; threads ask them, of one pair at a time.
        lessons: Of a corpus.
    """
    places = tried_on(lessons)
    answers: dict[str, list[Answer]] = {name: [] for name in (*trained, *others)}
    again: dict[str, list[Answer]] = {name: [] for name in trained}
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(places), AT_ONCE):
            shown = list(pool.map(lessons.__getitem__, places[start : start + AT_ONCE]))
            asked, blind = [lesson.request for lesson in shown], [_blind(one) for one in shown]
            for name, judge in trained.items():
                answers[name] += zip(blind, judge.judge(asked), strict=True)
                if start == 0:
                    again[name] += zip(blind, judge.judge(asked), strict=True)
            for name, judge in others.items():
                said = pool.map(lambda request, judge=judge: judge.judge([request])[0], asked)
                answers[name] += zip(blind, said, strict=True)
    return {name: _tried(name, some, again.get(name, [])) for name, some in answers.items()}


def _tried(name: str, answers: Sequence[Answer], again: Sequence[Answer]) -> Tried:
    rows = [_row(name, lesson, v) for lesson, v in answers if not isinstance(v, Fault)]
    repeated = dict(_scores(again))
    apart = [abs(repeated[i] - s) for i, s in _scores(answers) if i in repeated]
    return Tried(
        rows=pl.DataFrame(rows, schema=SCHEMA),
        faults=len(answers) - len(rows),
        noise=float(np.mean(apart)) if apart else np.nan,
    )


def trivial_judges(lessons: CorpusLessons) -> Mapping[str, Asked]:
    """Judges that look at next to nothing: what any other has to beat."""
    learnt = [card.label.score for card in lessons.cards if not is_held_out(card.group)]
    usual = float(np.mean(learnt)) if learnt else 3.0
    rules: dict[str, Callable[[JudgeRequest], float]] = {
        "always 3": lambda _: 3.0,
        "mean": lambda _: usual,
        "changed area": lambda request: 1 + 4 * _changed_frac(request),
        "copy": lambda request: 1.0 if _changed_frac(request) == 0 else 5.0,
    }
    return {name: _Rule(rules[name]) for name in TRIVIAL}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A score for each pair, the same for all criteria."""

    score: Callable[[JudgeRequest], float]

    def judge(self, requests: Sequence[JudgeRequest]) -> list[Judgement | Fault]:
        """One verdict for each pair."""
        values = [self.score(request) for request in requests]
        return [Judgement(adherence=v, quality=v, preservation=v, reason="") for v in values]


def _changed_frac(request: JudgeRequest) -> float:
    """The share of the masked pixels that differ; of all where sizes or masks do not tell."""
    source, target = request.source, request.target
    if source.shape != target.shape:
        return 1.0
    changed = differing(source, target)
    asked = np.logical_or.reduce(request.masks) if request.masks else np.ones_like(changed)
    return float(changed[asked].mean()) if asked.any() else float(changed.mean())


def _blind(lesson: Lesson) -> Lesson:
    """The lesson without its pictures, so that only one batch of them is in memory."""
    none = np.zeros((1, 1, 3), np.uint8)
    shown = replace(lesson.request, source=none, target=none, reference=None, masks=())
    return replace(lesson, request=shown)


def _scores(answers: Sequence[Answer]) -> list[tuple[str, float]]:
    return [(lesson.id, v.capped().score) for lesson, v in answers if not isinstance(v, Fault)]


def _row(judge: str, lesson: Lesson, verdict: Judgement) -> dict[str, object]:
    said, true = verdict.capped(), lesson.label
    return {
        "judge": judge,
        "lesson": lesson.id,
        "set": set_of(lesson.origin, lesson.kind),
        "edit_type": lesson.request.edit_type.name,
        "kind": lesson.kind,
        "group": lesson.group,
        "score": said.score,
        "true_score": true.score,
        "probability": said.good_probability,
        **{name: getattr(said, name) for name in CRITERIA},
        **{f"true_{name}": getattr(true, name) for name in CRITERIA},
    }


_TEXTS = ("judge", "lesson", "set", "edit_type", "kind", "group")
_NUMBERS = ("score", "true_score", "probability", *CRITERIA, *(f"true_{name}" for name in CRITERIA))
SCHEMA = {**dict.fromkeys(_TEXTS, pl.String), **dict.fromkeys(_NUMBERS, pl.Float64)}
