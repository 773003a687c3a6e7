"""Acceptance by a proven threshold: the sure are in, the bad are out, the others wait."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from imgedit_assets.harness import materialise
from imgedit_assets.sample.reviews import Decision, ReviewError, decide, taught
from imgedit_assets.stages.acceptance import AcceptedPairs
from imgedit_assets.stages.proven import SHELF, prove_acceptance, proven_acceptance
from models.faults import ImgEditError
from models.judge.judgement import Judgement
from resources.factory import Factory
from resources.home import Home
from resources.profile import Accept
from resources.schema import AcceptedPair, Reject, Review, ScoredPair, Version
from tests.imgedit_assets.judging.studio_pairs import root_version
from tests.imgedit_assets.lineages import EDIT_TYPE, SHARD, chain, write

PROFILE = """
name = "bound"
[accept]
max_bad_frac = {bound}
[roles.judge]
backend = "trained"
variant = "small"
"""
GOOD: dict[str, Any] = {
    **dict.fromkeys(("score", "adherence", "quality", "preservation", "dialogue_score"), 5.0),
    **dict.fromkeys(("source_version_id", "target_version_id"), "picture"),
    "turns": 1,
}


def opened(folder: Path, bound: float) -> Factory:
    profile = folder / "bound.toml"
    profile.write_text(PROFILE.format(bound=bound))
    factory = Factory.open(Home.of(folder / "home"), profile=str(profile))
    picture = root_version("picture", np.zeros((8, 8, 3), np.uint8))
    factory.store.insert(Version, [picture])
    return factory


def tried(n: int) -> pl.DataFrame:
    """A judge whose probabilities tell, of as many good pairs as bad ones."""
    likely = np.concatenate([np.linspace(0.0, 0.45, n), np.linspace(0.55, 1.0, n)])
    true = np.where(likely > 0.5, 5.0, 1.0)
    return pl.DataFrame({"probability": likely, "true_score": true})


def test_a_pair_is_accepted_undecided_or_rejected_by_what_is_proven(tmp_path: Path) -> None:
    factory = opened(tmp_path, 0.05)
    rows = [
        row
        for name, likely in (("sure", 0.99), ("unsure", 0.5), ("bad", 0.01), ("mute", None))
        for row in chain(
            name,
            scored_pairs={
                **GOOD,
                "good_probability": likely,
                "reason": name,
                "instruction_id": name,
            },
        )
        if row.TABLE != AcceptedPair.TABLE
    ]
    write(factory.store, rows)
    stage = AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE)
    with pytest.raises(ImgEditError, match="materialise judge_agreement of small"):
        materialise(stage)

    folder = factory.home.folder / SHELF / "small"
    prove_acceptance(tried(100), factory.profile.accept, folder)
    materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE))
    assert [row.reason for row in factory.store.select(AcceptedPair)] == ["sure"]
    said = {r.detail.rpartition(": ")[2]: r.reason for r in factory.store.select(Reject)}
    assert said == {"unsure": "undecided", "mute": "undecided", "bad": "low_score"}
    decided_by_people(factory)

    # Another judge's threshold decides again, and scores nothing.
    proven = json.loads((folder / "acceptance.json").read_text())
    (folder / "acceptance.json").write_text(json.dumps({**proven, "accept_from": 0.4}))
    report = materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE))
    assert (report.computed, report.rows) == (4, 2)


def decided_by_people(factory: Factory) -> None:
    """What is undecided waits for people, and what they decide holds."""
    store = factory.store
    pairs = {row.reason: row.parent_ids[0] for row in store.select(ScoredPair)}
    waiting = {review.pair_ids[0]: review for review in store.select(Review)}
    assert waiting.keys() == {pairs["unsure"], pairs["mute"]}
    assert all(review.status == "open" for review in waiting.values())
    with pytest.raises(ReviewError, match="say why"):
        decide(store, pairs["mute"], Decision(status="rejected", who="ann", why=" "))
    with pytest.raises(ReviewError, match="no review begins"):
        decide(store, "ffff", Decision(status="rejected", who="ann", why="no"))
    fine = Decision(status="accepted", who="ann", why="fine", scores=(5, 4, 5))
    made = decide(store, waiting[pairs["unsure"]].id[:8], fine)
    decide(store, pairs["mute"], Decision(status="rejected", who="ann", why="a hand is gone"))

    materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE))
    assert {row.reason for row in store.select(AcceptedPair)} == {"sure", "unsure"}
    said = {r.reason: r.detail for r in store.select(Reject)}
    assert said.keys() == {"low_score", "reviewed"}
    assert said["reviewed"].startswith("a hand is gone (ann, ")
    assert taught(store) == {
        pairs["unsure"]: Judgement(adherence=5, quality=4, preservation=5, reason="fine")
    }
    # The words may be set right: the pair is accepted with them, and is no lesson of its own ones.
    with pytest.raises(ReviewError, match="a line for each of its turns"):
        decide(store, made.id, replace(fine, fixed="one\ntwo"))
    decide(store, made.id, replace(fine, fixed="Remove  the bus."))
    materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE))
    words = {row.reason: row.instruction for row in store.select(AcceptedPair)}
    assert words == {"sure": "", "unsure": "Remove the bus."}
    assert not taught(store)
    # A decision outlives the doubt, and may be taken back.
    assert len(store.select(Review)) == 2
    decide(store, made.id, Decision(status="open", who="ann", why=""))
    materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE))
    assert {row.reason for row in store.select(AcceptedPair)} == {"sure"}
    assert not taught(store)


def test_what_cannot_be_proven_is_said_and_without_a_bound_nothing_is_asked(
    tmp_path: Path,
) -> None:
    home, accept = Home.of(tmp_path / "home"), Accept(max_bad_frac=0.05)
    prove_acceptance(tried(5), accept, home.folder / SHELF / "small")
    with pytest.raises(ImgEditError, match=r"10 pairs .* needs 20.*set max_bad_frac to 0"):
        proven_acceptance(home, "small")
    factory = opened(tmp_path, 0)
    rows = chain("a", scored_pairs={**GOOD, "good_probability": None})
    write(factory.store, rows[:-1])
    assert materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE)).rows == 1
