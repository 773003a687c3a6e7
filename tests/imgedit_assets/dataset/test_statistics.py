"""The statistics as pure functions of small frames whose answers are known."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgedit_assets.dataset import statistics
from imgedit_assets.dataset.statistics import LicenceRow, sources, wording
from imgedit_assets.dataset.statistics_classes import class_rows, dialogue_rows
from imgedit_assets.dataset.statistics_funnel import prices, stage_rows
from imgedit_assets.dataset.statistics_spread import spread
from models.edit_types.spec import Family

PARTITIONS = pl.DataFrame(
    [
        ("edit_pairs", "remove", 10, 12, '{"unpaintable":2}'),
        ("edit_pairs", "resize", 4, 4, "{}"),
        ("accepted_pairs", "remove", 5, 6, '{"low_score":1}'),
        ("accepted_pairs", "remove", 3, 4, '{"low_score":1}'),
        ("accepted_pairs", "resize", 2, 4, '{"low_score":2}'),
        ("masks", "", 30, 20, '{"empty_mask":5}'),
    ],
    schema=["asset", "edit_type", "rows", "units", "rejects"],
    orient="row",
)
UNITS = pl.DataFrame(
    [
        ("edit_pairs", "remove", 10, 40.0, 0.8),
        ("edit_pairs", "resize", 4, 6.0, 0.0),
        ("accepted_pairs", "remove", 8, 0.0, 0.0),
        ("masks", "", 16, 20.0, 0.1),
        ("judge_probes", "remove", 9, 1000.0, 9.0),
    ],
    schema=["asset", "edit_type", "whole", "seconds", "cost_usd"],
    orient="row",
)


@given(st.lists(st.floats(-10, 10, allow_nan=False), max_size=50))
def test_a_histogram_holds_every_value(values: list[float]) -> None:
    made = spread(values, [0, 1, 2, 3])
    assert sum(made.histogram.counts) == made.n == len(values)
    assert made.histogram.counts[1] == sum(1 <= v < 2 for v in values)


def test_a_spread_of_nothing_is_not_a_number_and_nan_is_not_counted() -> None:
    assert np.isnan(spread([], [0, 1]).mean)
    made = spread([1.0, np.nan, 3.0], [0, 2, 4])
    assert (made.n, made.mean, made.histogram.counts) == (2, 2.0, (1, 1))


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_words_are_counted_whatever_their_case_and_their_slice(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(statistics, "ROWS_AT_ONCE", at_once)
    made = wording(pl.Series(["Remove the dog.", "remove the Dog!", "Paint the dog's tail", "…"]))
    assert made.distinct_words == len({"remove", "the", "dog", "paint", "dog's", "tail"})
    assert (made.lengths.n, made.lengths.mean) == (4, 10 / 4)
    assert (made.repeated.hits, made.repeated.n) == (1, 4)


def test_a_class_that_nothing_declares_is_listed_last_without_a_family() -> None:
    accepted = pl.DataFrame({"edit_type": ["remove", "resize"], "score": [4.0, 5.0]})
    families = {"remove": Family.LOCAL, "add": Family.LOCAL}
    remove, add, resize = class_rows(PARTITIONS, accepted, families)
    assert (remove.accepted.hits, remove.accepted.n, remove.mean_score) == (8, 10, 4.0)
    assert add.accepted.n == 0
    assert np.isnan(add.accepted.value)
    assert (resize.edit_type, resize.is_declared, resize.accepted.hits) == ("resize", False, 2)


def test_a_dialogue_is_accepted_only_whole() -> None:
    columns = ["edit_type", "instruction_id", "turns"]
    turns = [("memory", "a", 2)] * 2 + [("memory", "b", 3)] * 3 + [("remove", "c", 1)]
    scored = pl.DataFrame(turns, schema=columns, orient="row")
    (row,) = dialogue_rows(scored, scored.filter(pl.int_range(pl.len()) != 2))
    assert row.turns == {2: 1, 3: 1}
    assert (row.accepted.hits, row.accepted.n) == (1, 2)


def test_the_funnel_sums_partitions_and_keeps_the_order_of_the_graph() -> None:
    masks, pairs, accepted = stage_rows(PARTITIONS, UNITS)
    assert [s.asset for s in (masks, pairs, accepted)] == ["masks", "edit_pairs", "accepted_pairs"]
    assert (accepted.units, accepted.rows, accepted.rejects) == (14, 10, {"low_score": 4})
    assert (masks.whole.hits, masks.whole.n, masks.seconds) == (16, 20, 20.0)


def test_prices_account_for_every_second_but_the_probes() -> None:
    every, *classes = prices(PARTITIONS, UNITS)
    spent = UNITS.filter(pl.col("asset") != "judge_probes")
    assert every.seconds * every.accepted == pytest.approx(spent["seconds"].sum())
    assert every.cost_usd * every.accepted == pytest.approx(spent["cost_usd"].sum())
    assert sum(c.seconds * c.accepted for c in classes) == pytest.approx(spent["seconds"].sum())


def test_sources_count_near_duplicates_and_each_picture_s_licence_once() -> None:
    made = sources(
        pl.DataFrame({"root_version_id": ["a", "a", "b"]}),
        pl.DataFrame({"phash": ["00000000000000ff", "00000000000000fe", "ffffffffffffffff"]}),
        pl.DataFrame({"version_id": ["a", "b", "b", "c"], "licence": ["CC0-1.0", "", "", ""]}),
        max_bits=4,
    )
    assert (made.images, made.near_duplicates.hits, made.near_duplicates.n) == (2, 1, 3)
    assert made.licences == {
        "CC0-1.0": LicenceRow(images=1, pairs=2),
        "not stated": LicenceRow(images=2, pairs=1),
    }
