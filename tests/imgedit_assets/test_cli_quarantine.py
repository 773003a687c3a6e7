"""`imgedit quarantine` on a home with one accepted pair, through the real assets and back."""

import io
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from imgedit_assets.cli.app import app
from imgedit_assets.sample.reviews import opened
from resources.home import Home
from resources.instance import open_instance
from resources.schema import (
    AcceptedPair,
    Collection,
    Head,
    Partition,
    Quarantine,
    Reject,
    Review,
    ScoredPair,
    Version,
)
from resources.store import Store
from tests.imgedit_assets.lineages import EDIT_TYPE, SHARD, blank, chain, head, row_id, write

ROOT = "a0" * 12
GOOD = dict.fromkeys(("score", "adherence", "quality", "preservation", "dialogue_score"), 5.0)
PAIR = {
    "source_version_id": ROOT,
    "target_version_id": ROOT,
    "instruction_id": row_id("instructions", "a"),
}
SOURCE = "file:///a.png"
ACCEPTED = Partition("accepted_pairs", f"{EDIT_TYPE}|{SHARD}")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A home with one pair that the accepted pairs hold, and a release of it."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IMGEDIT_PROFILE", "embedded")
    monkeypatch.setenv("DAGSTER_HOME", "")
    store = Store(Home.of(tmp_path / "home"))
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), 90, np.uint8)).save(buffer, "PNG")
    root = blank(Version, id=ROOT, asset="source_images", codec="source", payload=buffer.getvalue())
    store.insert(Version, [root])
    rows = chain(
        "a",
        source_images={"uri": SOURCE, "version_id": ROOT},
        edit_pairs=PAIR,
        scored_pairs=PAIR | GOOD,
    )
    write(store, rows)
    # There is no further result yet, as in a home from before there were any.
    store.upsert(Head, [head(Partition("dialogues", ACCEPTED.key), ())])
    held = blank(Collection, id="r", kind="release", name="first", row_ids=(rows[-1].id,))
    store.insert(Collection, [held])
    with open_instance() as instance:
        instance.add_dynamic_partitions("shard", [SHARD])
    return store


def imgedit(*arguments: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, ["quarantine", *arguments])


def accepted(store: Store) -> tuple[str, ...]:
    """The accepted pairs."""
    head = store.head(ACCEPTED)
    assert head is not None
    return head.row_ids


@pytest.mark.slow
def test_a_pair_leaves_with_its_source_and_comes_back(store: Store) -> None:
    # Brought up to date first, so that its rows are those of the real stage.
    assert imgedit("--run", "run-masks", "--why", "try").exit_code == 0
    (first,) = store.select(Quarantine)
    assert imgedit("--undo", first.id).exit_code == 0
    before = accepted(store)
    assert len(before) == 1
    store.upsert(Collection, [blank(Collection, id="r", kind="release", row_ids=before)])

    foreseen = json.loads(imgedit("--source", SOURCE, "--dry-run", "--json").stdout)
    assert foreseen["left"] == {"total": 1, "by_edit_type": {EDIT_TYPE: 1}}
    assert accepted(store) == before

    said = json.loads(
        imgedit("--source", SOURCE, "--why", "no licence", "--who", "ann", "--json").stdout
    )
    assert said["left"] == foreseen["left"]
    assert [(c["kind"], c["rows"]) for c in said["collections"]] == [("release", 1)]
    assert accepted(store) == ()
    (reject,) = store.select(Reject)
    assert reject.reason == "quarantined"
    assert "no licence (ann" in reject.detail

    back = json.loads(imgedit("--undo", said["quarantine"]["id"], "--json").stdout)
    assert back["came"] == {"total": 1, "by_edit_type": {EDIT_TYPE: 1}}
    assert accepted(store) == before
    assert store.find(before[0]) is not None
    assert store.select(AcceptedPair)[0].score == 5.0


def test_what_is_listed_says_who_and_why(store: Store) -> None:
    assert "Nothing is in quarantine." in imgedit("--list").stdout
    store.insert(
        Quarantine,
        [blank(Quarantine, id="q1", kind="row", value="v", why="[red] logo", who="ann", at="2026")],
    )
    shown = imgedit("--list").stdout
    assert "[red] logo" in shown
    assert "ann" in shown
    (said,) = json.loads(imgedit("--list", "--json").stdout)["quarantines"]
    assert (said["id"], said["who"]) == ("q1", "ann")


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["0" * 24, "--why", "bad"], 1, "begins with"),
        (["--source", "nowhere", "--why", "bad"], 1, "no row in"),
        (["--undo", "0" * 24], 1, "begins with"),
        ([], 2, "give one of"),
        (["abcd", "--run", "r", "--why", "bad"], 2, "give one of"),
        (["abcd"], 2, "say why"),
    ],
)
def test_a_wrong_argument_is_told_and_changes_nothing(
    store: Store, arguments: list[str], code: int, expected: str
) -> None:
    before = store.select(Head)
    done = imgedit(*arguments)
    assert done.exit_code == code
    assert expected in done.stderr
    assert store.select(Quarantine) == []
    assert store.select(Head) == before


@pytest.mark.slow
def test_a_person_decides_what_waits_for_review(store: Store) -> None:
    (pair,) = store.select(ScoredPair)
    doubt = opened([pair], "good with probability 0.50")
    store.insert(Review, [doubt])
    review = partial(CliRunner().invoke, app)
    (listed,) = json.loads(review(["review", "--json"]).stdout)["reviews"]
    assert (listed["id"], listed["status"]) == (doubt.id, "open")
    assert review(["review", doubt.id]).exit_code == 2
    assert review(["review", doubt.id, "--reject", "--why", "x", "--scores", "1,2"]).exit_code == 2

    rejected = review(["review", doubt.pair_ids[0], "--reject", "--why", "blurred", "--who", "ann"])
    assert rejected.exit_code == 0, rejected.output
    assert not accepted(store)
    (reject,) = store.select(Reject, "reason = 'reviewed'")
    assert reject.detail == f"blurred (ann, {doubt.id})"
    assert "Nothing waits" in review(["review"]).stdout
    assert "blurred" in review(["review", "--all"]).stdout
    assert review(["review", doubt.id, "--reopen"]).exit_code == 0
    assert len(accepted(store)) == 1
