"""The sensor, the schedule and the job for everything."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from PIL import Image

from imgedit_assets.automation import bench_trained, fill_missing, nightly, watch_folder
from imgedit_assets.definitions import defs
from imgedit_assets.graph import GRAPH, stage_of
from imgedit_assets.harness import materialise
from imgedit_assets.wanted import Wanted, ingest
from models.edit_types.registry import load_edit_types
from resources.factory import Factory
from resources.registration import registered_shards
from resources.schema import Partition, SourceImage


def watching(factory: Factory, folder: str) -> Factory:
    """The factory with a watched folder."""
    sources = factory.profile.sources.model_copy(update={"watch": folder})
    return Factory(
        store=factory.store, profile=factory.profile.model_copy(update={"sources": sources})
    )


def look(factory: Factory, instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    """One tick of the sensor."""
    context = dg.build_sensor_context(instance=instance, definitions=defs)
    return watch_folder(context, factory=factory)


def picture(path: Path, shade: int) -> None:
    """A gradient, which no filter of images minds."""
    ramp = Image.linear_gradient("L").resize((400, 400))
    Image.merge("RGB", (ramp, ramp.rotate(90), Image.new("L", (400, 400), shade))).save(path)


def test_nothing_starts_by_itself() -> None:
    assert nightly.default_status is dg.DefaultScheduleStatus.STOPPED
    assert watch_folder.default_status is dg.DefaultSensorStatus.STOPPED
    assert fill_missing.default_status is dg.DefaultSensorStatus.STOPPED
    assert bench_trained.default_status is dg.DefaultSensorStatus.STOPPED


def test_the_sensor_says_why_it_does_nothing(
    factory: Factory, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    for folder, why in (("", "watch"), (str(tmp_path / "gone"), "not there")):
        answer = look(watching(factory, folder), instance)
        assert isinstance(answer, dg.SkipReason)
        assert why in str(answer.skip_message)


@pytest.mark.slow
def test_new_images_are_asked_for_once_and_the_job_makes_them(
    factory: Factory, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    picture(folder / "one.png", 40)
    factory = watching(factory, str(folder))
    first = look(factory, instance)
    assert isinstance(first, dg.SensorResult)
    (request,) = first.run_requests or []
    again = look(factory, instance)
    assert isinstance(again, dg.SensorResult)
    # Dagster launches one run for each run key, however often it is asked.
    assert [r.run_key for r in again.run_requests or []] == [request.run_key]
    picture(folder / "two.png", 200)
    second = look(factory, instance)
    assert isinstance(second, dg.SensorResult)
    assert (second.run_requests or [])[0].run_key != request.run_key

    asked = request.run_config["ops"]["materialise_everything"]["config"]
    config = {**asked, "edit_types": ["style_transfer"]}
    result = defs.resolve_job_def("everything").execute_in_process(
        instance=instance,
        resources={"factory": dg.ResourceDefinition.hardcoded_resource(factory)},
        run_config={"ops": {"materialise_everything": {"config": config}}},
    )
    assert result.success
    pairs = factory.store.frame("edit_pairs", ["shard", "edit_type"])
    assert set(pairs.iter_rows()) == {(*asked["shards"], "style_transfer")}
    assert not (factory.home.releases / "latest").exists()


def test_a_file_seen_half_copied_is_asked_for_again_once_it_has_grown(
    factory: Factory, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    picture(tmp_path / "whole.png", 40)
    whole = (tmp_path / "whole.png").read_bytes()
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "copied.png").write_bytes(whole[:20])
    watched = watching(factory, str(inbox))

    def asked() -> str | None:
        answer = look(watched, instance)
        requests = answer.run_requests or [] if isinstance(answer, dg.SensorResult) else []
        return requests[0].run_key if requests else None

    half = asked()
    (shard,) = registered_shards(factory.store)
    sources = Partition.of(SourceImage, shard=shard)
    assert materialise(stage_of(factory, sources)).rejected == 1
    assert asked() is None
    (inbox / "copied.png").write_bytes(whole)
    assert asked() not in {half, None}
    assert materialise(stage_of(factory, sources)).rejects == {}
    assert asked() is None
    # What no source of the profile holds is made at night as well; a named source alone is not.
    assert shard in ingest(factory, instance, Wanted()).shards
    assert shard not in ingest(factory, instance, Wanted(photos=True, limit=1)).shards


def evaluated(
    instance: dg.DagsterInstance, cursor: Any = None
) -> "dg.EvaluateAutomationConditionsResult":
    """What the sensor would ask for; in a thread, as a browser test may have a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(
            dg.evaluate_automation_conditions, defs, instance, cursor=cursor
        ).result()


def regions_made(instance: dg.DagsterInstance, shard: str) -> None:
    """Tell Dagster that a shard is there up to its regions."""
    for asset in (a.name for a in GRAPH.values() if a.record.AXES == ("shard",)):
        instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=shard))


def requested(result: "dg.EvaluateAutomationConditionsResult", asset: str) -> set[str]:
    """The partitions of an asset that a tick asks for."""
    return {*result.get_requested_partitions(dg.AssetKey(asset))}


def test_what_is_missing_is_asked_for_once_whenever_it_came(
    instance: dg.DagsterInstance,
) -> None:
    instance.add_dynamic_partitions("shard", ["old"])
    regions_made(instance, "old")
    # Missing before it was switched on.
    first = evaluated(instance)
    old = {f"{edit_type}|old" for edit_type in load_edit_types()}
    for asset in ("instructions", "edit_pairs", "accepted_pairs"):
        assert requested(first, asset) == old
    assert requested(first, "source_images") == set()

    instance.add_dynamic_partitions("shard", ["new"])
    second = evaluated(instance, first.cursor)
    assert requested(second, "source_images") == {"new"}
    assert requested(second, "editable_regions") == {"new"}
    # Another run's partitions are waited for.
    assert requested(second, "instructions") == set()
    regions_made(instance, "new")
    third = evaluated(instance, second.cursor)
    assert requested(third, "instructions") == {f"{key}|new" for key in load_edit_types()}
    assert requested(third, "accepted_pairs") == requested(third, "instructions")
    assert evaluated(instance, third.cursor).total_requested == 0
