"""How a campaign stands: progress, agreement, side bias, self-consistency, attention and time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import numpy as np

from benchmark.agreement import Proportion, wilson
from benchmark.ordinal import krippendorff_alpha
from imgedit_assets.rating.answers import FIRST, SECOND, VALUES, Mode, asked
from imgedit_assets.rating.campaigns import Opened
from resources.schema import CampaignItem, Rater, Rating

LEAST_CHECKS = 3
"""Fewer attention checks tell nothing of a rater."""

MOST_FAILED_FRAC = 1 / 3

CLOSE = 1.0
"""Two grades no further apart say the same, as where judges are tried (docs/judge.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How one rater does."""

    rater: Rater
    planned: int
    done: int
    """Answered or skipped."""
    skipped: int
    median_s: float
    """For a task; NaN where no time is known."""
    checks: Proportion
    """Attention checks that were answered as they should be."""
    steady: Proportion
    """Repeats that say what was said before; of grades, within one point on each criterion."""
    left: Proportion
    """Of the preferences for one side, those for the left one: a half without a bias."""
    same: Proportion
    """Answers that are those of the others who saw the item, pair by pair; grades within one."""

    @property
    def is_careful(self) -> bool:
        """False for who fails more than a third of three attention checks or more."""
        failed = self.checks.n - self.checks.hits
        return self.checks.n < LEAST_CHECKS or failed <= MOST_FAILED_FRAC * self.checks.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far raters agree on one question."""

    of: str
    alpha: float
    """Krippendorff's for interval data; of preferences 1, 0 and -1. NaN where it is not defined."""
    same: Proportion
    """Pairs of raters of one item who say the same; of grades, within one point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a campaign stands."""

    paces: tuple[Pace, ...]
    agreement: tuple[Agreement, ...]
    items: int
    """Without attention checks."""
    rated: int
    """Items that have at least one answer."""
    shared: int
    """Items that have at least two."""


def standing(now: Opened) -> Standing:
    """What the ratings so far say of raters and items."""
    said = _by_item(now)
    paces = tuple(_pace(now, rater, said) for rater in now.raters)
    items = [item for item in now.items if not item.expected]
    return Standing(
        paces=paces,
        agreement=tuple(_agreement(now, items, said)),
        items=len(items),
        rated=sum(bool(said[item.id]) for item in items),
        shared=sum(len(said[item.id]) > 1 for item in items),
    )


def _by_item(now: Opened) -> Mapping[str, Mapping[str, Rating]]:
    """The first answers of each item, by rater; none that was skipped."""
    found = defaultdict[str, dict[str, Rating]](dict)
    for rating in now.ratings:
        if rating.answers and not rating.showing:
            found[rating.item_id][rating.rater_id] = rating
    return found


def _pace(now: Opened, rater: Rater, said: Mapping[str, Mapping[str, Rating]]) -> Pace:
    own = now.by_rater[rater.id]
    items = {item.id: item for item in now.items}
    answered = [rating for rating in own if rating.answers]
    first = {rating.item_id: rating for rating in answered if not rating.showing}
    checks = [rating for rating in first.values() if items[rating.item_id].expected]
    again = [rating for rating in answered if rating.showing and rating.item_id in first]
    times = [rating.ms / 1000 for rating in own if rating.ms]
    return Pace(
        rater=rater,
        planned=len(now.tasks(rater)),
        done=len(own),
        skipped=len(own) - len(answered),
        median_s=median(times) if times else np.nan,
        checks=_share(rating.answers[0] in items[rating.item_id].expected for rating in checks),
        steady=_share(_alike(now.mode, rating, first[rating.item_id]) for rating in again),
        left=_left(answered),
        same=_share(
            _alike(now.mode, rating, other)
            for rating in first.values()
            if not items[rating.item_id].expected
            for other in said[rating.item_id].values()
            if other.rater_id != rater.id
        ),
    )


def _agreement(
    now: Opened, items: Sequence[CampaignItem], said: Mapping[str, Mapping[str, Rating]]
) -> Iterable[Agreement]:
    """On each question; turns are one question, asked once for each."""
    if now.mode is Mode.TURNS:
        places = {"turn done": [(item, at) for item in items for at in range(len(item.firsts))]}
    else:
        questions = asked(now.mode, items[0]) if items else ()
        places = {of: [(item, at) for item in items] for at, of in enumerate(questions)}
    for of, units in places.items():
        table = [
            [
                VALUES[said[item.id][rater.id].answers[at]] if rater.id in said[item.id] else np.nan
                for item, at in units
            ]
            for rater in now.raters
        ]
        pairs = [
            (one.answers[at], other.answers[at])
            for item, at in units
            for one, other in combinations(said[item.id].values(), 2)
        ]
        yield Agreement(
            of=of,
            alpha=krippendorff_alpha(table),
            same=_share(_is_same(now.mode, one, other) for one, other in pairs),
        )


def _alike(mode: Mode, one: Rating, other: Rating) -> bool:
    return all(_is_same(mode, a, b) for a, b in zip(one.answers, other.answers, strict=True))


def _is_same(mode: Mode, one: str, other: str) -> bool:
    return abs(VALUES[one] - VALUES[other]) <= CLOSE if mode is Mode.SCORES else one == other


def _left(answered: Sequence[Rating]) -> Proportion:
    sided = [rating for rating in answered if rating.answers[0] in (FIRST, SECOND)]
    return _share((rating.answers[0] == FIRST) != bool(rating.flipped) for rating in sided)


def _share(hits: Iterable[bool]) -> Proportion:
    found = list(hits)
    return wilson(sum(found), len(found))
