"""The arithmetic of a plan, on work whose figures are known."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from imgedit_assets.planning.estimate import Target, affordable, estimate
from imgedit_assets.planning.measured import Measured, Overhead, Step, Written, _passed_frac
from imgedit_assets.planning.schedule import CPU, schedule
from models.faults import ImgEditError
from resources.schema import Head


def step(asset: str, role: str, *, edit_type: str = "", units: int = 100, **more: float) -> Step:
    return Step(
        asset=asset,
        edit_type=edit_type,
        role=role,
        on_gpu=role in {"painter", "judge"},
        by_shard=asset == "judge_probes",
        units=units,
        seconds=more.get("seconds", 0.0),
        seconds_error=0.0,
        usd=more.get("usd", 0.0),
        rejects=0,
    )


def head(end: float, seconds: float) -> Head:
    return Head(
        id=str(end),
        asset="masks",
        partition="studio-0000",
        row_ids=(),
        rejects="{}",
        figures="{}",
        units=0,
        recipe_id="",
        seconds=seconds,
        run_id="",
        finished_at=datetime.fromtimestamp(end, UTC).isoformat(timespec="milliseconds"),
    )


MEASURED = Measured(
    images=50,
    clips=0,
    shards=1,
    pairs={"remove": 100, "replace": 100},
    accepted={
        # Every source gives one removal; every other one a replacement.
        "remove": np.ones(50, np.int64),
        "replace": np.arange(50) % 2,
    },
    sources=tuple(map(str, range(50))),
    steps=(
        step("filtered_images", "filtered_images", units=50),
        step("edit_pairs", "painter", edit_type="remove", seconds=300.0),
        step("edit_pairs", "painter", edit_type="replace", seconds=300.0),
        step("scored_pairs", "judge", edit_type="remove", units=200, seconds=200.0, usd=4.0),
    ),
    overhead=Overhead(partition_s=2.0, unit_s={"edit_pairs": 0.5}, start_s=30.0, passed_frac=1.0),
    lanes=2,
    source_bytes=50_000_000,
    patch_bytes=25_000_000,
    release=Written(pairs=100, seconds=36.0),
)


def test_ten_times_the_pairs_take_ten_times_the_sources_and_the_work() -> None:
    found = estimate(MEASURED, Target(pairs=750, shard_size=50))
    assert found.images.value == pytest.approx(500)
    assert (found.shards, found.partitions) == (10, 10 * (1 + 2 * 2))
    assert found.usd.value == pytest.approx(40.0)
    assert found.disk_bytes.value == pytest.approx(750e6)
    # Compute on two lanes, half a second beside each of 200 pairs, partitions, and one start.
    seconds = 8000 / 2 + 10 * 200 * 0.5 + 50 * 2.0 + 30.0
    assert found.wall_hours.value == pytest.approx(seconds / 3600)
    assert found.bottleneck == "painter"


def test_a_release_takes_as_long_for_each_pair_as_the_largest_did() -> None:
    found = estimate(MEASURED, Target(pairs=10_000, shard_size=50)).release_hours
    assert found is not None
    assert found.value == pytest.approx(1.0)
    unreleased = replace(MEASURED, release=None)
    assert estimate(unreleased, Target(pairs=10_000, shard_size=50)).release_hours is None


def test_what_each_shard_takes_grows_with_the_shards_alone() -> None:
    probes = step("judge_probes", "judge_probes", edit_type="remove", units=2, seconds=10.0)
    work = replace(MEASURED, steps=(*MEASURED.steps, probes))
    for shard_size, shards in ((50, 10), (500, 1)):
        found = estimate(work, Target(pairs=750, shard_size=shard_size))
        (load,) = (load for load in found.roles if load.role == "judge_probes")
        assert load.units == 2 * shards
        assert load.hours.value == pytest.approx(10 * shards / 3600)


def test_a_home_of_imported_pairs_alone_is_planned_from() -> None:
    probes = step("judge_probes", "judge_probes", edit_type="remove", units=2, seconds=10.0)
    work = replace(MEASURED, images=0, shards=0, steps=(*MEASURED.steps, probes))
    assert estimate(work, Target(pairs=750, shard_size=50)).shards == 0


def test_what_is_made_at_once_takes_less_than_its_sum() -> None:
    # From 0 to 10, 5 to 15 and 20 to 30 s.
    ends = [(10.0, 10.0), (15.0, 10.0), (30.0, 10.0)]
    assert _passed_frac([head(end, seconds) for end, seconds in ends]) == pytest.approx(25 / 30)
    overlapping = replace(MEASURED.overhead, passed_frac=25 / 30)
    target = Target(pairs=750, shard_size=50)
    alone, beside = (
        estimate(replace(MEASURED, overhead=over), target).wall_hours.value
        for over in (MEASURED.overhead, overlapping)
    )
    assert beside == pytest.approx(alone * 25 / 30)


def test_a_wanted_mix_takes_the_sources_of_its_scarcest_type() -> None:
    found = estimate(MEASURED, Target(pairs=100, shares={"remove": 1, "replace": 1}, shard_size=50))
    assert found.images.value == pytest.approx(100)


def test_types_that_were_never_accepted_are_named_and_left_out() -> None:
    wanted = Target(pairs=100, shares={"remove": 1, "hybrid": 1}, shard_size=50)
    found = estimate(MEASURED, wanted)
    assert found.short == ("hybrid",)
    assert found.images.value == pytest.approx(100)
    with pytest.raises(ImgEditError, match="no pair of hybrid was accepted"):
        estimate(MEASURED, replace(wanted, shares={"hybrid": 1}))


def test_the_interval_is_that_of_sources_that_differ() -> None:
    """Sources that all give the same leave no doubt; those of which few give anything do."""
    same = replace(MEASURED, accepted={"remove": np.full(50, 3)})
    rare = replace(MEASURED, accepted={"remove": np.where(np.arange(50) < 5, 30, 0)})
    target = Target(pairs=1500, shard_size=50)
    steady, doubtful = (estimate(each, target).images for each in (same, rare))
    assert steady.low == steady.high == pytest.approx(500)
    assert doubtful.value == pytest.approx(500)
    assert doubtful.low < 350
    assert doubtful.high > 800


def test_seconds_and_prices_that_the_user_gives_replace_what_was_measured() -> None:
    target = Target(
        pairs=75,
        shard_size=50,
        gpus=1,
        seconds={"painter": 36.0},
        usd={"judge": 0.5},
        usd_per_gpu_hour=3.0,
    )
    found = estimate(MEASURED, target)
    loads = {load.role: load for load in found.roles}
    assert loads["painter"].hours.value == pytest.approx(2.0)
    assert found.usd.value == pytest.approx(100.0 + (2.0 + 200 / 3600) * 3.0)


def test_a_budget_is_what_its_pairs_cost() -> None:
    target = Target(pairs=1000, shard_size=50, gpus=2, usd_per_gpu_hour=2.0)
    pairs = affordable(MEASURED, target, 500.0)
    found = estimate(MEASURED, replace(target, pairs=pairs))
    assert found.usd.value == pytest.approx(500, rel=0.01)
    unbilled = replace(MEASURED, steps=MEASURED.steps[:3])
    with pytest.raises(ImgEditError, match="nothing that was measured is billed"):
        affordable(unbilled, replace(target, usd_per_gpu_hour=0.0), 500.0)


def test_devices_go_to_the_role_that_would_be_done_last() -> None:
    found = schedule({"painter": 12.0, "judge": 3.0}, 1.0, gpus=5, cores=1)
    assert found.devices == {"painter": 4, "judge": 1}
    assert (found.hours, found.bottleneck) == (3.0, "painter")
    alone = schedule({"painter": 12.0, "judge": 3.0}, 1.0, gpus=1, cores=1)
    assert (alone.devices, alone.hours) == ({}, 15.0)


def test_roles_that_cannot_fill_a_device_take_turns_on_one() -> None:
    small = {"segmenter": 0.5, "embedder": 0.25}
    found = schedule({"painter": 12.0, "judge": 3.0, **small}, 1.0, gpus=5, cores=1)
    assert found.devices == {"painter": 4}
    assert (found.hours, found.bottleneck) == (3.75, "judge")


def test_code_on_few_cores_can_be_what_all_wait_for() -> None:
    found = schedule({"painter": 12.0}, 40.0, gpus=8, cores=8)
    assert (found.hours, found.bottleneck) == (5.0, CPU)


def test_one_more_device_saves_where_it_is_waited_for_and_nowhere_else() -> None:
    work = replace(
        MEASURED, overhead=Overhead(partition_s=0.0, unit_s={}, start_s=0.0, passed_frac=1.0)
    )
    found = estimate(work, Target(pairs=750, shard_size=50, gpus=3, cores=8))
    saved = {load.role: load.saved_frac for load in found.roles if load.on_gpu}
    assert saved == {"painter": pytest.approx(1 / 3), "judge": pytest.approx(0.0)}
