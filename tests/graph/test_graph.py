"""The whole graph on a few rows: from studio scenes to accepted pairs, and over again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from PIL import Image

from imgedit_assets.definitions import defs
from imgedit_assets.graph import stage_of
from imgedit_assets.run import run_everything
from imgedit_assets.sample.descent import ancestry
from imgedit_assets.wanted import Outcome, Wanted
from models.edit_types.spec import EditType
from models.geometry import Bitmap, Box
from models.masks import Rle
from models.paint.diffusion.crop import grown
from models.vocabulary import PaintKind
from resources.factory import Factory
from resources.home import Home
from resources.schema import ASSET_ROWS, Head, Quarantine, Review, SourceItemRow, Unit
from resources.store import Selection, Store

EVERYTHING = Wanted()


@dataclass
class Ran:
    """One run of everything."""

    factory: Factory
    instance: dg.DagsterInstance
    outcome: Outcome


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, small_profile: Path):  # noqa: ANN201
    """Everything, made once for the tests that only look."""
    home = tmp_path_factory.mktemp("home")
    factory = Factory.open(Home.of(home), profile=str(small_profile))
    with dg.instance_for_test() as instance:
        yield Ran(
            factory=factory,
            instance=instance,
            outcome=run_everything(factory, instance, EVERYTHING),
        )


def ids(factory: Factory) -> dict[str, set[str]]:
    """Current row ids by asset."""
    return {asset: set(factory.store.frame(asset, ["id"])["id"]) for asset in ASSET_ROWS}


def done_units(factory: Factory) -> set[str]:
    """Ids of all units done."""
    return set(factory.store.table_frame(Unit, ["id"])["id"])


def test_definitions_load() -> None:
    dg.Definitions.validate_loadable(defs)


def test_every_edit_type_has_pairs_and_every_pair_a_score(ran: Ran) -> None:
    assert not ran.outcome.errors
    pairs = ran.factory.store.frame("edit_pairs", ["edit_type", "id"])
    assert set(pairs["edit_type"]) == set(ran.factory.edit_types)
    scored = ran.factory.store.frame("scored_pairs", ["parent_ids", "score"])
    assert set(scored["parent_ids"].list.first()) == set(pairs["id"])
    assert scored["score"].is_between(1, 5).all()


def test_a_local_pair_takes_a_quarter_of_two_pngs_at_most(ran: Ran) -> None:
    columns = ["source_version_id", "target_version_id", "patch_bytes"]
    pairs = ran.factory.store.frame("edit_pairs", ["edit_type", *columns])
    some = pairs.filter(pl.col("edit_type").is_in(["add", "alter", "remove", "replace"]))
    pngs = BytesIO()
    for version in (*some["source_version_id"], *some["target_version_id"]):
        Image.fromarray(ran.factory.store.render(version)).save(pngs, "PNG")
    assert some.height >= 4
    assert some["patch_bytes"].sum() <= pngs.tell() / 4


def test_adherence_caps_the_other_criteria(ran: Ran) -> None:
    scored = ran.factory.store.frame("scored_pairs")
    assert (scored["quality"] <= scored["adherence"]).all()
    assert (scored["preservation"] <= scored["adherence"]).all()


def test_parents_exist(ran: Ran) -> None:
    known = {i for some in ids(ran.factory).values() for i in some}
    for asset in ASSET_ROWS:
        parents = ran.factory.store.frame(asset, ["parent_ids"])["parent_ids"].explode()
        assert set(parents.drop_nulls()) <= known, asset


def reach(edit_type: EditType, mask: Bitmap) -> Bitmap:
    """Where a local edit may show, however large its patch: the mask as far as its type grows it.

    An object that goes, or comes, does so with its shadow, around its lowest tenth and below; one
    that comes may have sides 12 % longer than those of the box in which it stands.
    """
    height, width = mask.shape
    (step,) = edit_type.steps
    # Masks end up to two pixels inside their object.
    reached = grown(mask, round(step.grow_px * min(height, width) / 1024) + 2)
    if step.paint is PaintKind.RECOLOUR:
        return reached
    box = Box.around(mask)
    around_px = round(0.4 * max(box.width, box.height))
    shadow = box.grown(around_px, width=width, height=height)
    reached[box.y1 - box.height // 8 : shadow.y1, shadow.x0 : shadow.x1] = True
    if step.paint is PaintKind.INSERT:
        wide_px, tall_px = (1 + round(0.06 * box.width), 1 + round(0.12 * box.height))
        above, left = max(0, box.y0 - tall_px), max(0, box.x0 - wide_px)
        reached[above : box.y1, left : box.x1 + wide_px] = True
    return reached


@pytest.mark.parametrize("name", ["remove", "replace", "alter"])
def test_pixels_outside_the_grown_mask_are_the_source_s(ran: Ran, name: str) -> None:
    store = ran.factory.store
    pairs = store.frame("edit_pairs").filter(pl.col("edit_type") == name)
    says_more_than_the_box = False
    for pair in pairs.iter_rows(named=True):
        source = store.render(pair["source_version_id"])
        target = store.render(pair["target_version_id"])
        mask = Rle(counts=pair["masks"][0], width=pair["width"], height=pair["height"]).decode()
        reached = reach(ran.factory.edit_types[name], mask)
        patch = store.chain(pair["target_version_id"])[-1]
        assert not reached.all()
        says_more_than_the_box |= not reached[patch.box.slices].all()
        changed = (source != target).any(axis=2)
        assert not (changed & ~reached).any()
        assert changed[mask].mean() > 0.2
    # What is put in, and its shadow, may fill all of its patch.
    assert says_more_than_the_box or name == "replace"


def test_a_second_run_computes_nothing(ran: Ran) -> None:
    before, units = ids(ran.factory), done_units(ran.factory)
    runs, events = ran.instance.get_runs_count(), ran.instance.event_log_storage
    last = events.get_maximum_record_id()
    seen = []
    again = replace(ran.factory, on_progress=seen.append)
    outcome = run_everything(again, ran.instance, EVERYTHING)
    assert not outcome.errors
    assert sum(p.total for p in seen) == 0
    assert ids(ran.factory) == before
    assert done_units(ran.factory) == units
    # Nor does it leave a trace in Dagster's history.
    assert (ran.instance.get_runs_count(), events.get_maximum_record_id()) == (runs, last)


def test_a_second_run_makes_what_was_lost_and_what_follows_it(ran: Ran) -> None:
    store, before = ran.factory.store, ids(ran.factory)
    key = next(h.partition for h in store.heads("scored_pairs") if h.row_ids)
    store.forget(Unit, f"asset = 'scored_pairs' AND partition = '{key}'")
    last = ran.instance.get_runs(limit=1)[0].run_id
    assert not run_everything(ran.factory, ran.instance, EVERYTHING).errors
    assert ids(ran.factory) == before
    new = ran.instance.get_runs(filters=dg.RunsFilter(), cursor=None, limit=2)
    made = {
        (event.asset_key.to_user_string(), event.partition)
        for run in new
        if run.run_id != last
        for record in ran.instance.all_logs(run.run_id, dg.DagsterEventType.ASSET_MATERIALIZATION)
        if (event := record.dagster_event) and event.asset_key
    }
    assert {("scored_pairs", key), ("accepted_pairs", key)} <= made
    assert {partition for _, partition in made if partition} == {key}


def test_work_rests_on_nothing_that_a_partitions_origin_does_not_tell(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = Store._read, set[str]()

    def noted(self: Store, some: Sequence[Selection]) -> Any:
        asked.update(selection.record.TABLE for selection in some)
        return read(self, some)

    monkeypatch.setattr(Store, "_read", noted)
    for head in ran.factory.store.heads():
        stage = stage_of(ran.factory, head.place)
        told = {Head.TABLE, *(row.TABLE for row in ancestry(stage.record))}
        if stage.items:
            told |= {SourceItemRow.TABLE, Unit.TABLE}
        if stage.hears:
            told |= {Quarantine.TABLE, Review.TABLE}
        asked.clear()
        stage.work()
        assert asked <= told, head.id


def test_the_ui_is_told_of_every_partition(ran: Ran) -> None:
    key = dg.AssetKey("accepted_pairs")
    materialised = ran.instance.get_materialized_partitions(key)
    assert len(materialised) == len(ran.factory.edit_types) * len(ran.outcome.shards)
    event = ran.instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    shown = event.asset_materialization.metadata
    assert {"units", "rejects by reason", "dagster/partition_row_count"} <= set(shown)
    # Each number is a plot: nothing is plotted of work that there was none of.
    assert ("seconds" in shown) == (shown["units computed"].value > 0)
