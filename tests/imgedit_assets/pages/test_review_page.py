"""The review queue: what stands in it, what a key decides, and that it can be taken back."""

import re
from functools import partial

import numpy as np
import pytest

from imgedit_assets.harness import materialise
from imgedit_assets.pages.desk import Desk
from imgedit_assets.pages.refresher import Refresher
from imgedit_assets.pages.waiting import queue
from imgedit_assets.sample.quarantine import Selector, active, mark
from imgedit_assets.sample.reviews import opened
from imgedit_assets.stages.acceptance import AcceptedPairs
from resources.factory import Factory
from resources.home import Home
from resources.schema import AcceptedPair, EditPair, Review, ScoredPair, Version
from tests.imgedit_assets.judging.studio_pairs import root_version
from tests.imgedit_assets.lineages import EDIT_TYPE, SHARD, chain, write
from tests.imgedit_assets.pages.homes import client


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Three accepted pairs with scores of 4, 4.5 and 5."""
    factory = Factory.open(Home.of(tmp_path_factory.mktemp("review")))
    factory.store.insert(Version, [root_version("p", np.zeros((8, 8, 3), np.uint8))])
    rows = []
    for n, score in ((4, 4.5), (3, 4.0), (5, 5.0)):
        scores = dict.fromkeys(("score", "adherence", "quality", "preservation"), score)
        pair = {
            **dict.fromkeys(("source_version_id", "target_version_id"), "p"),
            "instruction": f"Remove {n} <b>",
            "instruction_id": f"i{n}",
            "turns": 1,
        }
        rows += chain(
            f"{score}", edit_pairs=pair, scored_pairs={**pair, **scores, "dialogue_score": score}
        )
    write(factory.store, [row for row in rows if row.TABLE != AcceptedPair.TABLE])
    made = Desk(factory=factory, who="me", dagster="")

    def refresh(refresher: Refresher, keys: object) -> None:
        # Without a Dagster run, which takes seconds; the same stage, at once.
        materialise(AcceptedPairs(factory, shard=SHARD, edit_type=EDIT_TYPE))
        refresher.pairs.read()

    monkeypatch.setattr(Refresher, "ask", refresh)
    refresh(made.refresher, [])
    return made


def words(desk: Desk) -> set[str]:
    return {row.instruction for row in desk.store.current(AcceptedPair, **PLACE)}


PLACE = {"edit_type": EDIT_TYPE, "shard": SHARD}


def test_the_worst_come_first_and_each_decision_can_be_taken_back(desk: Desk) -> None:
    visitor = client(desk)
    send = partial(visitor.post, "/review", follow_redirects=True)
    page = visitor.get("/review?of=worst").text
    assert "Remove 3 &lt;b&gt;" in page
    first, second, _ = queue(desk, "worst")
    after = send(data={"of": "worst", "review": first, "status": "rejected"})
    assert "Remove 4 &lt;b&gt;" in after.text
    assert words(desk) == {"Remove 4 <b>", "Remove 5 <b>"}
    (review,) = desk.store.select(Review)
    assert (review.who, review.why, bool(review.at)) == ("me", "not good enough", True)

    new = {"instruction": "Remove the\r\n", "why": "unclear"}
    send(data={"of": "worst", "review": second, "status": "accepted", **new})
    assert words(desk) == {"Remove the", "Remove 5 <b>"}
    assert len(queue(desk, "worst")) == 1
    for one in (first, second):
        visitor.post("/review/undo", data={"review": one, "of": "worst"})
    assert words(desk) == {"Remove 3 <b>", "Remove 4 <b>", "Remove 5 <b>"}
    assert list(queue(desk, "worst"))[:2] == [first, second]
    assert send(data={"review": first, "status": "maybe"}).status_code == 409


def test_the_quarantined_are_let_in_alone_and_out_again(desk: Desk) -> None:
    visitor = client(desk)
    pair = next(row for row in desk.store.select(EditPair) if "3" in row.instruction)
    mark(desk.store, Selector(kind="row", value=pair.id), "a logo", "ann")
    mark(desk.store, Selector(kind="run", value="run-instructions"), "wrong model", "ann")
    desk.refresher.ask([])
    assert not words(desk)
    by_words = {row.instruction: row for row in desk.store.select(ScoredPair)}
    one, other = (opened([by_words[f"Remove {n} <b>"]], "").id for n in (3, 4))
    refused = visitor.post(
        "/review", data={"of": "quarantined", "review": other, "status": "accepted"}
    )
    assert refused.status_code == 409
    assert "all of its run run-instructions" in refused.text
    assert "a logo" in visitor.get(f"/review?of=quarantined&at={one}").text
    done = visitor.post("/review", data={"of": "quarantined", "review": one, "status": "accepted"})
    (left,) = active(desk.store)
    assert left.kind == "run"
    ended = re.search(r'name="ended" value="(\w+)"', done.text)
    assert ended is not None
    visitor.post("/review/undo", data={"review": one, "ended": ended[1]})
    assert {(m.kind, m.why) for m in active(desk.store)} == {
        ("row", "a logo"),
        ("run", "wrong model"),
    }
