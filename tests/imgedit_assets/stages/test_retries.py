"""Further results: made where the first is no clear success, and the best of all is accepted."""

from pathlib import Path

import polars as pl

from imgedit_assets.artefacts.publishing import publish
from imgedit_assets.dataset.statistics_frames import read_frames
from imgedit_assets.dataset.statistics_retries import retry_rows
from imgedit_assets.harness import PartitionReport, materialise
from imgedit_assets.judging.preferences import SPLITS, plan_preferences, preference_artefact
from imgedit_assets.stages.acceptance import AcceptedPairs
from imgedit_assets.stages.pairs import EditPairs
from imgedit_assets.stages.retries import RetriedPairs
from imgedit_assets.stages.scores import ScoredPairs
from models.dialogues.dialogue import Turn, turns_to_json
from models.masks import Rle
from models.studio.scene import render, visible_masks
from resources.factory import Factory
from resources.home import Home
from resources.operations import operations_to_json
from resources.schema import AcceptedPair, Reject, RetriedPair, ScoredPair, Version
from resources.sources.studio import studio_scene
from tests.imgedit_assets.judging.studio_pairs import root_version
from tests.imgedit_assets.lineages import SHARD, row, write
from tests.imgedit_assets.stages.test_pairs import SCENE, turn

PROFILE = """
name = "retrying"
[retries]
most = {most}
[roles.painter]
backend = "tests.imgedit_assets.stages.careless:CarelessPainter"
"""
OWL = turn(0, "replace", "thing", "owl")
STAGES = (EditPairs, ScoredPairs, RetriedPairs, AcceptedPairs)


def made(folder: Path, turns: tuple[Turn, ...], *, most: int = 2) -> Factory:
    """A home in which turns about one object of a scene were painted, judged and gated."""
    profile = folder / "retrying.toml"
    profile.write_text(PROFILE.format(most=most))
    factory = Factory.open(Home.of(folder / "home"), profile=str(profile))
    scene = studio_scene(SCENE)
    (mask, *_) = (m for m in visible_masks(scene) if 0.01 < m.mean() < 0.05)
    height, width = mask.shape
    factory.store.insert(Version, [root_version("root", render(scene))])
    source = row("source_images", "s", version_id="root", uri=SCENE, sha256="s")
    image = row("filtered_images", "i", [source.id], version_id="root", uri=SCENE)
    several = len(turns) > 1
    asked = row(
        "dialogues" if several else "instructions",
        "asked",
        [image.id],
        edit_type=edit_type_of(turns),
        image_id=image.id,
        version_id="root",
        width=width,
        height=height,
        masks=(Rle.encode(mask).counts,),
        **(
            {"turns": turns_to_json(turns)}
            if several
            else {
                "instruction": turns[0].instruction,
                "operations": operations_to_json(turns[0].operations),
            }
        ),
    )
    write(factory.store, [source, image, asked])
    again(factory, turns)
    return factory


def edit_type_of(turns: tuple[Turn, ...]) -> str:
    return "content_understanding" if len(turns) > 1 else "replace"


def again(factory: Factory, turns: tuple[Turn, ...]) -> list[PartitionReport]:
    keys = {"shard": SHARD, "edit_type": edit_type_of(turns)}
    return [materialise(stage(factory, **keys)) for stage in STAGES]


def test_what_is_no_success_is_painted_again_and_then_repaired_and_the_best_is_accepted(
    tmp_path: Path,
) -> None:
    factory = made(tmp_path, (OWL,))
    store = factory.store
    (first,) = store.select(ScoredPair)
    by_chance, repaired = sorted(store.select(RetriedPair), key=lambda pair: pair.number)
    assert (by_chance.way, repaired.way) == ("seed", "mask")
    assert max(first.score, by_chance.score) < 3 < 4 < repaired.score
    assert by_chance.seed != repaired.seed
    (accepted,) = store.select(AcceptedPair)
    assert accepted.parent_ids == (repaired.id,)
    # The picture is the repaired one's, and is stored.
    assert accepted.target_version_id == repaired.target_version_id
    assert (store.render(accepted.target_version_id) != store.render("root")).any()
    outdone = store.select(Reject, "reason = 'outdone'")
    assert sorted(reject.detail.split(":")[0] for reject in outdone) == sorted(
        [first.id, by_chance.id]
    )
    assert all(repaired.id in reject.detail for reject in outdone)
    # Nothing is painted or decided again.
    assert [report.computed for report in again(factory, (OWL,))] == [0, 0, 0, 0]

    frames = read_frames(store)
    rows = retry_rows(frames.scored, frames.painted, frames.further, factory.profile.accept)
    of_all = {row.results: row for row in rows if not row.edit_type}
    assert [of_all[arm].accepted.hits for arm in ("first", "best of n", "repaired")] == [0, 0, 1]
    assert of_all["repaired"].precision.hits == 1
    assert of_all["repaired"].seconds > 0

    plan = plan_preferences(factory, None)
    assert {(one.chosen, one.rejected) for one in plan.found} == {
        (repaired.id, first.id),
        (repaired.id, by_chance.id),
    }
    folder = publish(factory, preference_artefact(factory, plan), run_id="r").folder
    lines = pl.concat(
        pl.read_parquet(folder / "diffusion" / f"{split}.parquet") for split in SPLITS
    )
    assert lines["origin"].unique().to_list() == ["judge"]
    assert lines["kind"].str.starts_with("low ").all()
    assert (lines["jpg_0"] != lines["jpg_1"]).all()


def test_a_success_is_left_alone_and_so_is_everything_where_nothing_is_asked_for(
    tmp_path: Path,
) -> None:
    fine = made(tmp_path, (turn(0, "replace", "thing", "cat"),))
    assert fine.store.select(AcceptedPair)
    assert not fine.store.select(RetriedPair)
    (tmp_path / "off").mkdir()
    off = made(tmp_path / "off", (OWL,), most=0)
    assert not off.store.select(RetriedPair)
    assert not off.store.select(AcceptedPair)


def test_a_dialogue_is_ended_before_the_turn_that_failed(tmp_path: Path) -> None:
    turns = (
        turn(0, "alter", "thing", "red"),
        turn(1, "alter", "thing", "blue"),
        turn(2, "alter", "thing", "green"),
    )
    store = made(tmp_path, turns, most=1).store
    assert {pair.way for pair in store.select(RetriedPair)} == {"turns"}
    accepted = sorted(store.select(AcceptedPair), key=lambda pair: pair.turn)
    assert [(pair.turn, pair.turns) for pair in accepted] == [(1, 2), (2, 2)]
    firsts = {pair.turn: pair for pair in store.select(ScoredPair)}
    for pair in accepted:
        assert pair.target_version_id == firsts[pair.turn].target_version_id
        (parent,) = store.by_ids(RetriedPair, pair.parent_ids).values()
        # So a quarantine of what was painted reaches what was kept of it.
        assert firsts[pair.turn].id in parent.parent_ids
