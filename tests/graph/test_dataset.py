"""From accepted pairs to a release, and what happens to it when a bad sample is found."""

import json
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from imgedit_assets.artefacts.staleness import stale
from imgedit_assets.run import refresh_accepted, run_everything
from imgedit_assets.sample.quarantine import Selector, mark, partitions_touched, undo
from imgedit_assets.wanted import Outcome, Wanted
from resources.factory import Factory
from resources.home import Home
from resources.releases.verify import verify
from resources.schema import Collection, Dialogue, EditPair, ImportedPair

pytestmark = pytest.mark.slow

TYPES = ("remove", "motion_change", "content_memory", "version_backtracking")


@dataclass
class Made:
    """A small data set."""

    factory: Factory
    instance: dg.DagsterInstance
    outcome: Outcome

    @property
    def release(self) -> Path:
        return (self.factory.home.folder / "releases" / "latest").resolve()

    def released(self) -> pl.DataFrame:
        return pl.read_parquet(self.release / "data" / "*.parquet").drop("source", "target", "mask")

    def again(self) -> Outcome:
        return run_everything(self.factory, self.instance, Wanted(edit_types=TYPES))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small_profile: Path):  # noqa: ANN201
    home = tmp_path_factory.mktemp("dataset")
    factory = Factory.open(Home.of(home), profile=str(small_profile))
    with dg.instance_for_test() as instance:
        yield Made(
            factory=factory,
            instance=instance,
            outcome=run_everything(factory, instance, Wanted(edit_types=TYPES)),
        )


def test_every_turn_of_a_dialogue_is_a_pair_with_a_score(made: Made) -> None:
    assert not made.outcome.errors
    store = made.factory.store
    dialogues = {d.id: d for d in store.select(Dialogue)}
    assert {d.edit_type for d in dialogues.values()} == {"content_memory", "version_backtracking"}
    turns = [pair for pair in store.select(EditPair) if pair.turns > 1]
    for dialogue in dialogues.values():
        own = sorted((t for t in turns if t.instruction_id == dialogue.id), key=lambda t: t.turn)
        assert tuple(t.instruction for t in own) == dialogue.instructions
    scored = store.frame("scored_pairs", ["instruction_id", "score", "dialogue_score"])
    worst = pl.col("score").min().over("instruction_id")
    assert scored.filter(worst != pl.col("dialogue_score")).is_empty()


def test_an_undone_change_is_absent_pixel_for_pixel(made: Made) -> None:
    store = made.factory.store
    by_dialogue: dict[str, list[EditPair]] = {}
    for pair in store.select(EditPair):
        if pair.edit_type == "version_backtracking":
            by_dialogue.setdefault(pair.instruction_id, []).append(pair)
    went_back = 0
    for turns in by_dialogue.values():
        last = max(turns, key=lambda t: t.turn)
        went_back += last.previous_version_id != last.source_version_id
        named, target = (store.render(v) for v in (last.source_version_id, last.target_version_id))
        patched = store.chain(last.target_version_id)[-1].box
        named[patched.slices] = target[patched.slices]
        assert (named == target).all()
    assert went_back


def test_the_release_loads_and_is_sound(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    from datasets import load_dataset

    loaded = load_dataset(str(made.release), cache_dir=str(tmp_path))
    accepted = made.factory.store.frame("accepted_pairs", ["id"])
    assert sum(split.num_rows for split in loaded.values()) == accepted.height
    sample = next(iter(loaded.values()))[0]
    assert sample["source"].size == sample["target"].size == (sample["width"], sample["height"])
    recipes = json.loads(sample["recipes"])
    assert {"edit_pairs", "scored_pairs", "accepted_pairs"} <= recipes.keys()
    assert not verify(made.release).problems


def test_no_source_is_in_two_splits(made: Made) -> None:
    rows = made.released()
    assert rows.group_by("source_sha256").agg(pl.col("split").n_unique())["split"].max() == 1


def test_the_same_rows_are_not_released_twice(made: Made) -> None:
    before = made.release
    assert not made.again().errors
    assert made.release == before
    held = [c for c in made.factory.store.select(Collection) if c.kind == "release"]
    assert {c.path for c in held} == {str(before)}
    assert set(held[0].row_ids) == set(made.released()["id"])


def test_a_quarantined_source_leaves_the_next_release_and_comes_back(made: Made) -> None:
    store, before, spoilt = made.factory.store, made.released(), str(made.release)
    uri = before.filter(pl.col("edit_type") == "remove")["source_uri"][0]
    spoiled = set(before.filter(pl.col("source_uri") == uri)["id"])
    entry = mark(store, Selector(kind="source", value=uri), "blurred", "a tester")
    touched = partitions_touched(store, [entry])
    assert not refresh_accepted(made.factory, made.instance, touched).errors
    made.again()
    assert set(made.released()["id"]) == set(before["id"]) - spoiled
    assert verify(made.release).problems == []
    assert [held.path for held in stale(store)] == [spoilt]

    undo(store, entry.id, "a tester")
    refresh_accepted(made.factory, made.instance, touched)
    made.again()
    assert set(made.released()["id"]) == set(before["id"])
    assert stale(store) == ()


def test_a_release_comes_back_as_pairs(made: Made, tmp_path: Path, small_profile: Path) -> None:
    other = Factory.open(Home.of(tmp_path / "other"), profile=str(small_profile))
    with dg.instance_for_test() as instance:
        wanted = Wanted(releases=(made.release,), edit_types=TYPES, dataset=False)
        assert not run_everything(other, instance, wanted).errors
    imported = other.store.select(ImportedPair)
    released = made.released()
    assert sorted(p.instruction for p in imported) == sorted(released["instruction"])
    pairs = other.store.frame("edit_pairs", ["turn", "turns", "source_version_id", "masks"])
    assert pairs.height == released.height
    assert sorted(pairs["turns"]) == sorted(released["turns"])
    again = other.store.frame("scored_pairs", ["instruction", "score"])
    assert again.height == released.height
    scores = [
        sorted(zip(frame["instruction"], frame["score"], strict=True))
        for frame in (released, again)
    ]
    differing = [(a, b) for a, b in zip(*scores, strict=True) if abs(a[1] - b[1]) > 0.1]
    assert not differing
