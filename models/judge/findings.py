"""Measured facts, what each is worth from 1 to 5, and how facts make a criterion."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

Curve = tuple[tuple[float, float], ...]
"""Points (measure, score), the measure ascending; linear between them, flat beyond the ends."""

WORST, BEST = 1.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedFact:
    """One measure: its worth in [1, 5] and the words that state it, value included."""

    score: float
    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was measured of one pair, by criterion. A criterion without findings has no fault."""

    adherence: tuple[GradedFact, ...] = ()
    quality: tuple[GradedFact, ...] = ()
    preservation: tuple[GradedFact, ...] = field(default=())


def graded(value: float, curve: Curve, fact: str) -> GradedFact:
    """A finding from a measure and its curve; a measure that is not finite is worth 1.

    `fact` is a format string whose `{}` receives the value.
    """
    xs, ys = zip(*curve, strict=True)
    score = float(np.interp(value, xs, ys)) if np.isfinite(value) else WORST
    return GradedFact(score=score, fact=fact.format(value))


def pooled(parts: Iterable[Findings]) -> Findings:
    """All findings of all parts together."""
    many = tuple(parts)
    return Findings(
        adherence=tuple(f for p in many for f in p.adherence),
        quality=tuple(f for p in many for f in p.quality),
        preservation=tuple(f for p in many for f in p.preservation),
    )


def criterion(findings: Sequence[GradedFact]) -> float:
    """The worst finding, lifted a little by the mean of all.

    One failed requirement fails a criterion, so the minimum leads (weight 0.8); the mean breaks
    ties between results that share the same worst fault.
    """
    if not findings:
        return BEST
    scores = [f.score for f in findings]
    return 0.8 * min(scores) + 0.2 * sum(scores) / len(scores)


def decisive(findings: Findings) -> str:
    """The findings that decided each criterion, worst first, as one list of clauses.

    Adherence is told by two; another criterion that is met by one, and a fault by two as well.
    """
    facts: list[str] = []
    for group in (findings.adherence, findings.quality, findings.preservation):
        ranked = sorted(group, key=lambda f: f.score)
        keep = 2 if group is findings.adherence or (ranked and ranked[0].score < 4) else 1
        facts.extend(f.fact for f in ranked[:keep] if f.fact not in facts)
    return ", ".join(facts)
