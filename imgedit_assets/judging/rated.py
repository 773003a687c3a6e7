"""The pairs of a home that people rated: their ratings, by edit pair."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.ordinal import krippendorff_alpha
from benchmark.ratings import RatingsError, read_ratings
from imgedit_assets.rating.labels import campaign_labels
from imgedit_assets.sample.reviews import taught
from models.judge.judgement import Judgement
from models.judge.origin import Origin
from resources.factory import Factory
from resources.schema import AcceptedPair, EditPair, ScoredPair
from resources.store import Store

_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What people said of pairs that are there."""

    labels: Mapping[str, tuple[Origin, Judgement]]
    """By edit pair."""
    notes: tuple[str, ...]
    """What was left out, and how far raters agree, a line each."""


def rated_pairs(factory: Factory) -> Rated:
    """The ratings of campaigns and of the profile's files, and the scores of decided reviews.

    Raises:
        RatingsError: A file cannot be read or contradicts itself, or no pair of it is here.
    """
    decided = {
        pair: (Origin.HUMAN, label)
        for pair, label in taught(factory.store).items()
        # Lessons are drawn of first results, which is where the corpus looks for its pairs.
        if factory.store.by_ids(EditPair, [pair])
    }
    paths = [Path(path) for path in factory.profile.judge_corpus.ratings]
    given, careless = campaign_labels(factory.store)
    if not paths and not given:
        return Rated(labels=decided, notes=tuple(careless))
    found = read_ratings(paths, given)
    pairs = _edit_pairs(factory.store, found.labels)
    unknown = [pair for pair in found.labels if pair not in pairs]
    if unknown and not pairs and paths:
        msg = (
            f"{', '.join(map(str, paths))}: none of the {len(unknown)} rated pairs is in "
            f"{factory.store.uri}: copy whole ids from `imgedit lineage`, or choose the home that "
            "they were rated in"
        )
        raise RatingsError(msg)
    notes = [*careless, *found.notes]
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if unknown[_NAMED:] else ""
        named = ", ".join(unknown[:_NAMED])
        notes.append(f"rated pairs that are not here, left out: {named}{more}")
    if len(found.raters) > 1:
        table = [[said.get(pair, float("nan")) for pair in pairs] for said in found.raters.values()]
        alpha = krippendorff_alpha(table)
        notes.append(f"{len(found.raters)} raters agree by Krippendorff's alpha {alpha:.2f}")
    return Rated(
        # Who rated a pair saw it beside others; a decision in the queue stands by itself.
        labels=decided | {pairs[pair]: (Origin.HUMAN, found.labels[pair]) for pair in pairs},
        notes=tuple(notes),
    )


def _edit_pairs(store: Store, ids: Collection[str]) -> dict[str, str]:
    """The edit pair that each id names, or that the row of it was made from."""
    accepted = store.by_ids(AcceptedPair, [*ids])
    scored = {row.id: row.parent_ids[0] for row in accepted.values()}
    rows = store.by_ids(ScoredPair, [*ids, *scored.values()])
    made_from = {row.id: row.parent_ids[0] for row in rows.values()}
    known = store.by_ids(EditPair, [*ids, *made_from.values()])
    found = {given: made_from.get(scored.get(given, given), given) for given in ids}
    return {given: pair for given, pair in found.items() if pair in known}
