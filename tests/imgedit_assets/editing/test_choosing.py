"""Which pairs an editor learns from: by its data filter, never of a held-out source image."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from imgedit_assets.editing.board import missing_lines
from imgedit_assets.editing.choosing import Chosen, NothingToLearnError, choose
from imgedit_assets.editing.pairs import StoredPairs
from imgedit_assets.sample.quarantine import Selector, mark
from imgedit_assets.training import run_editors, unready_editors
from imgedit_assets.wanted import Outcome
from models.faults import ImgEditError
from models.judge.lesson import is_held_out
from resources.factory import Factory
from resources.filters import one_of
from resources.home import Home
from resources.schema import ScoredPair, Version
from tests.imgedit_assets.editing.scored_pairs import put_scored

GOOD, BAD, PLAIN = 4.5, 1.5, 3.4
SCORES = (*[GOOD] * 16, *[BAD] * 6, *[PLAIN] * 4)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[ScoredPair]]:
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "p.toml").write_text('name = "p"\n')
    factory = Factory.open(Home.of(folder / "home"), profile=str(folder / "p.toml"))
    return factory.home, put_scored(factory.store, SCORES)


def chosen(home: Home, **section: Any) -> Chosen:
    """What a variant of these settings learns from."""
    path = home.folder / "mine.toml"
    lines = (f"{name} = {value!r}" for name, value in section.items())
    path.write_text("\n".join(['name = "mine"', "[editors.one]", 'kind = "e1"', *lines]))
    return choose(Factory.open(home, profile=str(path)), "one")


def learnable(rows: list[ScoredPair], score: float) -> set[str]:
    """The pairs of a score whose source is not held out."""
    return {
        row.id
        for number, row in enumerate(rows)
        if row.score == score and not is_held_out(str(number))
    }


def test_a_filter_takes_what_it_says_and_nothing_of_held_out_sources(
    home: tuple[Home, list[ScoredPair]],
) -> None:
    at, rows = home
    good, bad, plain = (learnable(rows, score) for score in (GOOD, BAD, PLAIN))
    assert 0 < len(good) < SCORES.count(GOOD)
    assert set(chosen(at).rows["id"]) == good
    assert set(chosen(at, data="all").rows["id"]) == good | bad | plain
    assert set(chosen(at, data="all", min_score=3.0).rows["id"]) == good | plain

    drawn = [chosen(at, data="random", seed=seed).rows["id"].to_list() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == len(good)
    # What is accepted is held by its accepted row, what is not by its scored one.
    ids = set(chosen(at, data="all").row_ids)
    assert ids & {row.id for row in rows} == bad | plain
    assert len(ids) == len(good | bad | plain)


def test_bad_pairs_take_the_place_of_good_ones(home: tuple[Home, list[ScoredPair]]) -> None:
    at, rows = home
    good, bad = learnable(rows, GOOD), learnable(rows, BAD) | learnable(rows, PLAIN)
    some = chosen(at, bad_frac=0.3)
    assert some.rows.height == len(good)
    assert some.rows["is_bad"].sum() == round(0.3 * len(good))
    assert set(some.rows.filter("is_bad")["id"]) <= bad
    assert not some.notes
    assert some.facts["bad"] == some.facts["not accepted"] == round(0.3 * len(good))

    # Too few are bad: the share is kept, and the shortage is told.
    most = chosen(at, bad_frac=0.8)
    assert most.rows["is_bad"].sum() == len(bad)
    assert most.rows["is_bad"].mean() == pytest.approx(0.8, abs=0.1)
    assert most.notes == (
        f"{most.rows.height} pairs in place of {len(good)}: only {len(bad)} are bad",
    )


def test_a_filter_that_leaves_nothing_says_what_there_is(
    home: tuple[Home, list[ScoredPair]],
) -> None:
    at, rows = home
    with pytest.raises(NothingToLearnError, match="none of relight was scored"):
        chosen(at, edit_types=["relight"])
    accepted = len(learnable(rows, GOOD))
    with pytest.raises(NothingToLearnError, match=f"{accepted} are accepted"):
        chosen(at, min_score=4.9)


def test_without_the_packages_the_run_says_so_and_goes_on(
    home: tuple[Home, list[ScoredPair]],
    tmp_path: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resources.learners.NEEDED", ("torch_of_nobody",))
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\n[benchmark]\neditors = [{ name = "copy-input" }, { name = "one" }]\n'
        '[editors]\none = { kind = "e1" }\ne1_studio = { enabled = false }\n'
    )
    factory, outcome = Factory.open(home[0], profile=str(path)), Outcome()
    run_editors(factory, instance, outcome)
    (note,) = outcome.notes
    assert "one is not trained" in note
    assert "torch_of_nobody is not installed: make install-editor" in note
    assert not outcome.errors
    assert not instance.get_runs()
    assert unready_editors(factory) == {"one"}
    (line,) = missing_lines(home[0], factory.profile.benchmark)
    assert line.endswith("make install-editor")


def test_what_is_in_quarantine_is_not_learnt_from(tmp_path: Path) -> None:
    home = Home.of(tmp_path / "home")
    (tmp_path / "p.toml").write_text('name = "p"\n')
    store = Factory.open(home, profile=str(tmp_path / "p.toml")).store
    rows = put_scored(store, [GOOD] * 6)
    before = chosen(home, data="all").rows["id"].to_list()
    mark(store, Selector(kind="row", value=before[0]), why="wrong", who="ann")
    assert set(chosen(home, data="all").rows["id"]) == {*before[1:]}
    assert len(rows) >= len(before) > 1


def test_a_pair_is_shown_as_it_was_made_and_one_without_its_picture_is_named(
    tmp_path: Path,
) -> None:
    home = Home.of(tmp_path / "home")
    (tmp_path / "p.toml").write_text('name = "p"\n')
    store = Factory.open(home, profile=str(tmp_path / "p.toml")).store
    put_scored(store, [GOOD] * 6)
    pairs = StoredPairs(store, chosen(home).rows)
    pair, card = pairs[0], pairs.cards[0]
    assert pair.changed is not None
    assert (pair.changed.sum(), pair.changed[16:40, 16:40].all()) == (24 * 24, True)
    assert (pair.target[20, 20] == (200, 40, 40)).all()
    assert (pair.source[20, 20] == pair.source[0, 0]).all()
    assert (card.score, card.instruction, card.height_px) == (GOOD, "Add a red square", 64)

    lost = chosen(home).rows["target_version_id"][1]
    store.forget(Version, one_of("id", [lost]))
    with pytest.raises(ImgEditError, match=f"target of the pair {pairs.cards[1].id} .* quarantine"):
        pairs[1]
