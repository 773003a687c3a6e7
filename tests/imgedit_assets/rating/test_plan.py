"""Who sees what: a pure function of the seed, with overlap, repeats and every check."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

from imgedit_assets.rating.answers import Mode
from imgedit_assets.rating.plan import APART, plan
from tests.imgedit_assets.rating.conftest import made_up


def test_every_item_is_seen_by_as_many_as_wanted_and_everybody_meets_everybody() -> None:
    campaign, items = made_up(Mode.PAIRS, n=60, seats=4, overlap=2, n_checks=5)
    plans = [plan(campaign, items, seat) for seat in range(4)]
    first = [[task.item.id for task in tasks if not task.showing] for tasks in plans]
    seen = Counter(item for ids in first for item in ids)
    assert Counter(seen[item.id] for item in items if not item.expected) == {2: 60}
    assert all(seen[item.id] == 4 for item in items if item.expected)
    assert {len(ids) for ids in first} == {30 + 5}
    for one, other in combinations(first, 2):
        assert len({*one} & {*other}) > 5 + 2
    sides = Counter(task.flipped for tasks in plans for task in tasks)
    assert 0.3 < sides[True] / sides.total() < 0.7


def test_repeats_come_later_with_the_sides_turned_and_are_never_checks() -> None:
    campaign, items = made_up(Mode.PAIRS, n=40, seats=1, overlap=1)
    tasks = plan(campaign, items, 0)
    again = {task.item.id: (at, task) for at, task in enumerate(tasks) if task.showing}
    assert len(again) == 10
    for at, task in enumerate(tasks):
        if not task.showing and task.item.id in again:
            later, repeat = again[task.item.id]
            assert later - at >= APART
            assert repeat.flipped is not task.flipped
            assert not task.item.expected


def test_a_seed_decides_all_and_who_comes_late_sees_what_another_sees() -> None:
    campaign, items = made_up(n=30)
    assert plan(campaign, items, 1) == plan(campaign, items, 1)
    assert plan(campaign, items, 1) != plan(replace(campaign, seed=8), items, 1)
    late, early = (plan(campaign, items, seat) for seat in (4, 1))
    assert late != early
    own = [{task.item.id for task in tasks if not task.item.expected} for tasks in (late, early)]
    assert own[0] == own[1]
