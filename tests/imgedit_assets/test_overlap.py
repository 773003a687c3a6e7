"""Two partitions at once: in order, told in one thread, and ended together."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Barrier, current_thread

import pytest

from imgedit_assets import overlap
from imgedit_assets.harness import StoppedError
from imgedit_assets.overlap import materialise_each
from resources.factory import Factory, Progress
from resources.home import Home
from resources.schema import Partition

PLACES = [Partition("edit_pairs", f"{name}|s") for name in ("alter", "remove", "replace")]
Make = Callable[[Partition], object]


@pytest.fixture
def each(factory: Factory, monkeypatch: pytest.MonkeyPatch) -> Callable[[Make], list[object]]:
    """Goes through all places, with something in the place of a partition's making."""

    def go(make: Make, by: Factory = factory) -> list[object]:
        monkeypatch.setattr(overlap, "stage_of", lambda _, place, run_id: place)
        monkeypatch.setattr(overlap, "materialise", make)
        return list(materialise_each(by, PLACES, run_id="r"))

    return go


def test_the_next_begins_before_one_is_finished_and_all_come_in_order(
    each: Callable[[Make], list[object]],
) -> None:
    first, second = threading.Event(), threading.Event()

    def make(place: Partition) -> Partition:
        if place == PLACES[0]:
            first.set()
            assert second.wait(20)
        if place == PLACES[1]:
            assert first.wait(20)
            second.set()
        return place

    assert each(make) == PLACES


def test_progress_is_told_where_the_reports_are_read(
    factory: Factory, each: Callable[[Make], list[object]]
) -> None:
    told: list[tuple[str, threading.Thread]] = []
    factory.on_progress = lambda progress: told.append((progress.partition, current_thread()))
    listen = factory.on_progress

    def make(place: Partition) -> Partition:
        factory.on_progress(Progress(asset=place.asset, partition=place.key))
        return place

    each(make)
    assert sorted(key for key, _ in told) == [place.key for place in PLACES]
    assert {thread for _, thread in told} == {current_thread()}
    assert factory.on_progress is listen


def test_one_that_stops_ends_the_others(
    factory: Factory, each: Callable[[Make], list[object]]
) -> None:
    both, ended = Barrier(2), []

    def make(place: Partition) -> Partition:
        if place == PLACES[2]:
            return place  # it may begin before anybody hears of the first one's end
        both.wait(20)
        if place == PLACES[0]:
            raise StoppedError("the disk is full")
        assert factory.stopping.wait(20)
        ended.append(place)
        raise StoppedError("another partition was stopped")

    with pytest.raises(StoppedError, match="the disk is full"):
        each(make)
    assert ended == [PLACES[1]]
    assert not factory.stopping.is_set()


def test_whoever_reads_no_further_ends_the_others(
    factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = [], []

    def make(place: Partition) -> Partition:
        began.append(place)
        if place != PLACES[0]:
            assert factory.stopping.wait(20)
            ended.append(place)
        return place

    monkeypatch.setattr(overlap, "stage_of", lambda _, place, run_id: place)
    monkeypatch.setattr(overlap, "materialise", make)
    reports = materialise_each(factory, [*PLACES, PLACES[1]], run_id="r")
    next(reports)
    reports.close()
    # In either order: both are told at once.
    assert Counter(ended) == Counter(began) - Counter(PLACES[:1])
    assert len(began) < 4, "the last never began"
    assert not factory.stopping.is_set()


def test_where_models_compete_for_a_device_there_is_one_at_a_time(
    tmp_path: Path, each: Callable[..., list[object]]
) -> None:
    debug = Factory.open(Home.of(tmp_path / "debug"), profile="debug")
    assert each(lambda _: current_thread(), debug) == [current_thread()] * len(PLACES)
    embedded = Factory.open(Home.of(tmp_path / "debug"), profile="embedded")
    engine = embedded.profile.engine.model_copy(update={"kind": "ray"})
    ray = replace(embedded, profile=embedded.profile.model_copy(update={"engine": engine}))
    assert (embedded.computes_here, ray.computes_here) == (True, False)
