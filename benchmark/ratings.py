"""What people say of pairs: tables of ratings, checked against each other.

A CSV has the columns `pair`, `rater`, `adherence`, `quality`, `preservation`, each criterion from 1
to 5 (halves are allowed), and perhaps `reason`; a JSON file is a list of objects of the same keys.
`pair` is the whole id of a row of edit_pairs, scored_pairs or accepted_pairs. A row with "no" in
the column `counts` is passed over: a campaign's repeats and attention checks, which are no labels.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import fmean

from benchmark.votes import counts, read_table
from models.faults import FaultError, ImgEditError
from models.judge.judgement import Judgement
from resources.reading import parse_json, read_regular

CRITERIA = ("adherence", "quality", "preservation")
NEEDED = frozenset({"pair", "rater", *CRITERIA})

LEAST_TO_TELL = 5
"""Pairs that a rater has rated, from which saying one and the same of all of them tells nothing."""
_NAMED = 3


class RatingsError(ImgEditError):
    """A file of ratings cannot be read, or contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One person's word on one pair."""

    pair: str
    rater: str
    scores: tuple[float, float, float]
    """As `CRITERIA`."""
    reason: str
    where: str
    """The file, and the line or the place in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """What files of ratings say, taken together."""

    labels: Mapping[str, Judgement]
    """The mean of the raters, by pair as it is named there."""
    raters: Mapping[str, Mapping[str, float]]
    """The mean of the criteria by pair, by rater."""
    notes: tuple[str, ...]
    """What was left out, and why, a line each."""


def read_ratings(paths: Iterable[Path], given: Iterable[Rating] = ()) -> Ratings:
    """Read files of ratings, of any raters, and take them together with others.

    Args:
        paths: The files.
        given: Ratings that stand in no file.

    Raises:
        RatingsError: A file cannot be read, a score is none, or one rater says two things of one
            pair.
    """
    kept: dict[tuple[str, str], Rating] = {}
    again = 0
    for rating in chain(given, *(_read(path) for path in paths)):
        before = kept.setdefault((rating.pair, rating.rater), rating)
        if before is not rating:
            again += 1
            if before.scores != rating.scores:
                msg = (
                    f"{rating.where}: {rating.rater} rates {rating.pair} {_said(rating)}, and "
                    f"{_said(before)} at {before.where}: delete one of the two"
                )
                raise RatingsError(msg)
    notes = [f"{again} ratings are there twice, and count once"] if again else []
    by_rater: dict[str, list[Rating]] = defaultdict(list)
    for rating in kept.values():
        by_rater[rating.rater].append(rating)
    for rater, some in list(by_rater.items()):
        if len(some) >= LEAST_TO_TELL and len({rating.scores for rating in some}) == 1:
            del by_rater[rater]
            notes.append(
                f"{rater} says {_said(some[0])} of all {len(some)} pairs, which tells nothing: "
                "left out; have them rated with care, or delete them"
            )
    return Ratings(
        labels=_labels([rating for some in by_rater.values() for rating in some]),
        raters={
            rater: {rating.pair: fmean(rating.scores) for rating in some}
            for rater, some in by_rater.items()
        },
        notes=tuple(notes),
    )


def _labels(ratings: Sequence[Rating]) -> dict[str, Judgement]:
    by_pair: dict[str, list[Rating]] = defaultdict(list)
    for rating in ratings:
        by_pair[rating.pair].append(rating)
    labels = {}
    for pair, some in by_pair.items():
        means = [fmean(rating.scores[at] for rating in some) for at in range(len(CRITERIA))]
        reasons = " ".join(dict.fromkeys(rating.reason for rating in some if rating.reason))
        labels[pair] = Judgement(
            adherence=means[0],
            quality=means[1],
            preservation=means[2],
            reason=reasons or f"rated by {len(some)}",
        ).capped()
    return labels


def _read(path: Path) -> Iterator[Rating]:
    if path.suffix.lower() == ".json":
        for place, row in enumerate(_objects(path), 1):
            yield _rating(row, f"{path}, entry {place}")
        return
    table = read_table(path, NEEDED)
    for row in table:
        if counts(row):
            yield _rating(row, f"{path}, line {table.line_num}")


def _objects(path: Path) -> list[Mapping[str, object]]:
    try:
        found = parse_json(read_regular(path))
    except (FaultError, ValueError) as error:
        msg = f"{path}: cannot be read as ratings ({error}); save it as JSON in UTF-8"
        raise RatingsError(msg) from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        msg = f'{path}: it is no list of objects; write [{{"pair": ..., "rater": ...}}, ...]'
        raise RatingsError(msg)
    for place, row in enumerate(found, 1):
        if lacking := NEEDED - row.keys():
            msg = f"{path}, entry {place}: it lacks {', '.join(sorted(lacking))}"
            raise RatingsError(msg)
    return found


def _rating(row: Mapping[str, object], where: str) -> Rating:
    first, second, third = (_score(row[name], name, where) for name in CRITERIA)
    pair, rater = (str(row[name] or "").strip() for name in ("pair", "rater"))
    if not pair or not rater:
        msg = f"{where}: give the pair's id and the rater's name"
        raise RatingsError(msg)
    reason = " ".join(str(row.get("reason") or "").split())
    return Rating(pair=pair, rater=rater, scores=(first, second, third), reason=reason, where=where)


def _score(value: object, name: str, where: str) -> float:
    try:
        score = float(str(value).strip())
    except ValueError:
        score = 0.0
    if not 1 <= score <= 5 or score * 2 % 1:
        msg = f"{where}: {name} is {value!r}; give a grade from 1 to 5, halves are allowed"
        raise RatingsError(msg)
    return score


def _said(rating: Rating) -> str:
    return ", ".join(f"{score:g}" for score in rating.scores)
