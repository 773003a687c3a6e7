"""Campaigns of rows: what is asked, what is answered, what judges learn of it."""

import numpy as np
import pytest

from benchmark.agreement import wilson
from imgedit_assets.judging.corpus import corpus_state
from imgedit_assets.judging.rated import rated_pairs
from imgedit_assets.rating.answers import Mode, RatingError
from imgedit_assets.rating.campaigns import (
    answered,
    join,
    keep,
    opened,
    rater_with,
    ratings_by,
)
from imgedit_assets.rating.items import Wanted, chosen, drafted
from imgedit_assets.rating.making import Settings, make_campaign
from imgedit_assets.rating.plan import Task
from imgedit_assets.rating.standing import standing
from models.judge.origin import Origin
from resources.factory import Factory
from resources.schema import CampaignItem, EditPair
from resources.store import Store
from tests.imgedit_assets.lineages import row, write
from tests.imgedit_assets.rating.conftest import put_campaign

GRADES = Wanted(mode=Mode.SCORES, asset="accepted_pairs", limit=2)


def test_checks_are_a_copy_and_what_the_oracle_draws_and_tell_nothing(studio: Factory) -> None:
    settings = Settings(name="graded", who="ann", check_frac=1.0)
    campaign, items = make_campaign(studio, GRADES, settings)
    asked, checks = items[:2], items[2:]
    assert {i for item in asked for i in item.pair_ids} <= {
        pair.id for pair in studio.store.select(EditPair)
    }
    copy, perfect = sorted(checks, key=lambda item: item.expected)
    assert copy.expected == ("1", "2")
    assert copy.sources == copy.firsts
    assert perfect.expected == ("4", "5")
    painted = {pair.source_version_id: pair for pair in studio.store.select(EditPair)}
    drawn = studio.store.render(perfect.firsts[0])
    # The targets of these pairs are perfect themselves.
    assert any(
        np.array_equal(drawn, studio.store.render(pair.target_version_id))
        for pair in painted.values()
    )
    assert not any(item.row_ids or item.pair_ids or item.names for item in checks)
    with pytest.raises(RatingError, match="called 'graded' already"):
        make_campaign(studio, GRADES, settings)
    with pytest.raises(RatingError, match="nothing is there to rate"):
        make_campaign(
            studio, Wanted(mode=Mode.TURNS, asset="edit_pairs"), Settings(name="t", who="ann")
        )
    assert opened(studio.store, campaign).items == tuple(items)


def test_careful_raters_teach_judges_and_the_careless_do_not(studio: Factory) -> None:
    store = studio.store
    campaign, items = make_campaign(
        studio, Wanted(mode=Mode.SCORES, asset="scored_pairs"), Settings(name="taught", who="ann")
    )
    before = corpus_state(studio)
    ann, _ = join(store, campaign, "ann")
    (pair, *_), good = items[0].pair_ids, ("5", "4", "5")
    keep(store, [answered(Mode.SCORES, ann, shown(items[0]), good, note=" no  seam ")])
    assert corpus_state(studio) != before
    origin, label = rated_pairs(studio).labels[pair]
    assert (origin, label.score, label.reason) == (Origin.HUMAN, 14 / 3, "no seam")

    many = put_campaign(store, n_checks=3)
    eve, _ = join(store, many, "eve")
    now = opened(store, many)
    said = [answered(Mode.SCORES, eve, shown(item), ("5", "5", "4")) for item in now.items]
    keep(store, said)
    rated = rated_pairs(studio)
    assert rated.labels.keys() == {pair}
    assert rated.notes == ("eve fails attention checks of campaign spring: left out",)


def shown(item: object, *, showing: int = 0, flipped: bool = False) -> Task:
    return Task(item=item, showing=showing, flipped=flipped)  # type: ignore[arg-type]


def test_an_answer_is_kept_once_and_a_token_is_not_kept_at_all(store: Store) -> None:
    campaign = put_campaign(store)
    rater, token = join(store, campaign, " ann  lee ")
    assert rater_with(store, token) == rater
    assert rater_with(store, token[:-1]) is None
    assert rater_with(store, "") is None
    assert token not in str(store.table_frame(type(rater), ["token_sha256"]))
    again, other = join(store, campaign, "ann lee")
    assert (again.id, again.seat) == (rater.id, 0)
    assert rater_with(store, token) is None
    assert rater_with(store, other) is not None

    (item, *_) = opened(store, campaign).items
    for grades in (("1", "2", "3"), ("4", "4", "4")):
        keep(store, [answered(Mode.SCORES, rater, shown(item), grades, ms=1500)])
    (kept,) = opened(store, campaign).ratings
    assert ratings_by(store, rater) == {(item.id, 0): kept}
    assert kept.answers == ("4", "4", "4")
    for wrong in (("4", "4"), ("4", "4", "6"), ("yes", "4", "4")):
        with pytest.raises(RatingError, match="answer adherence, quality, preservation"):
            answered(Mode.SCORES, rater, shown(item), wrong)


def test_the_standing_tells_agreement_bias_steadiness_and_attention(store: Store) -> None:
    campaign = put_campaign(store, Mode.PAIRS, n=4, seats=2, overlap=2)
    ann, bob = (join(store, campaign, name)[0] for name in ("ann", "bob"))
    items = opened(store, campaign).items
    truth = ("first", "second", "first", "tie")
    # Bob always takes the left one, and both see the checks' equal pictures.
    for at, item in enumerate(items):
        flipped = bool(at % 2)
        right = truth[at] if at < 4 else "tie"
        left = "second" if flipped else "first"
        keep(
            store,
            [
                answered(Mode.PAIRS, ann, shown(item, flipped=flipped), (right,), ms=2000),
                answered(Mode.PAIRS, bob, shown(item, flipped=flipped), (left,), ms=500),
            ],
        )
    for rater, answer in ((ann, "first"), (bob, "second")):
        again = shown(items[0], showing=1, flipped=True)
        keep(store, [answered(Mode.PAIRS, rater, again, (answer,))])
    at = standing(opened(store, campaign))
    assert (at.items, at.rated, at.shared) == (4, 4, 4)
    one, two = at.paces
    assert (one.checks.hits, two.checks.hits, one.checks.n) == (3, 0, 3)
    assert (one.is_careful, two.is_careful) == (True, False)
    assert (one.steady.value, two.steady.value) == (1.0, 0.0)
    assert (two.left.hits, two.left.n) == (8, 8)
    assert one.left == wilson(3, 4)
    assert (one.median_s, two.median_s) == (2.0, 0.5)
    (better,) = at.agreement
    assert better.same == wilson(3, 4)
    assert one.same == better.same
    assert 0 < better.alpha < 1


def test_results_of_one_case_are_compared_and_only_whole_dialogues_are_checked(
    store: Store,
) -> None:
    outputs = [
        row("benchmark_outputs", f"{editor}{case}", (), editor=editor, case_id=case, **columns)
        for editor in ("e1", "oracle")
        for case, columns in (("a", {"target_version_id": editor}), ("b", {}))
    ]
    turns = [
        row("edit_pairs", f"{name}{turn}", (), turn=turn, turns=2, instruction_id=name, **words)
        for name, some in (("whole", (2, 1)), ("torn", (1,)))
        for turn in some
        for words in [{"instruction": f"turn {turn}"}]
    ]
    single = {"turns": 1, "instruction_id": "again"}
    first = row("edit_pairs", "first", (), painter="fill", **single)
    scored = row("scored_pairs", "first", (first.id,), **single)
    again = row("retried_pairs", "again", (), painter="fill", way="seed", number=2, **single)
    write(store, [*outputs, *turns, first, scored, again])

    def items(mode: Mode, asset: str) -> list[CampaignItem]:
        return drafted(store, "c", chosen(store, Wanted(mode=mode, asset=asset)))

    (duel,) = items(Mode.PAIRS, "benchmark_outputs")
    assert (duel.case, duel.names, duel.pair_ids) == ("a", ("e1", "oracle"), ())
    assert (*duel.firsts, *duel.seconds) == ("e1", "oracle")
    (retry,) = items(Mode.PAIRS, "scored_pairs")
    assert retry.names == ("fill", "fill, seed 2")
    assert retry.pair_ids == (first.id,)
    (dialogue,) = items(Mode.TURNS, "edit_pairs")
    assert dialogue.instructions == ("turn 1", "turn 2")
    assert len(items(Mode.SCORES, "benchmark_outputs")) == 2
    with pytest.raises(RatingError, match="'masks' cannot be rated; these can: edit_pairs"):
        items(Mode.SCORES, "masks")
